/**
 * `vesper simulate`: a simulated gateway for any bot in any language, with trouble on request.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import { parseDuration } from "./internal/duration.js"
import * as Common from "./internal/options.js"
import * as Server from "./internal/serverOptions.js"
import * as ScenarioFile from "./ScenarioFile.js"
import * as SimulatorWatch from "./SimulatorWatch.js"

const guilds = Common.parsed(Options.integer("guilds"), Common.inRange(0, 100_000)).pipe(
  Options.withDefault(8),
  Options.withDescription("How many made-up guilds the bot is in.")
)

const rate = Common.parsed(Options.float("rate"), Common.inRange(0, 100_000)).pipe(
  Options.withDefault(10),
  Options.withDescription("Made-up events a second over all guilds; 0 is silence.")
)

const heartbeatInterval = Common.parsed(Options.text("heartbeat-interval"), parseDuration).pipe(
  Options.optional,
  Options.withDescription("What clients are told. Without it 41.25s, as Discord's.")
)

const faults = Options.text("fault").pipe(
  Options.withPseudoName("name:when,setting=value"),
  Options.withDescription(
    "Something that goes wrong; can be given many times. drop:30s once after 30 s, drop:every=30s again and again, " +
      "close:1m,code=4009,shard=0 with settings, refuse-connections:times=3,status=503 for the next connections. " +
      `Names: ${ScenarioFile.faultNames.join(", ")}.`
  ),
  Options.repeated,
  (option) => Common.parsed(option, (flags) => Either.all(flags.map(ScenarioFile.parseFlag)))
)

const scenario = Options.text("scenario").pipe(
  Options.withPseudoName("file"),
  Options.optional,
  Options.withDescription(
    "A file of JSON with what goes wrong and which events are sent: {\"steps\": [{\"at\": \"10s\", \"fault\": " +
      "\"drop\", \"shard\": 0}, {\"every\": \"5s\", \"send\": {\"t\": \"MESSAGE_CREATE\", \"d\": {\"content\": \"hi\"}}}]}."
  )
)

const readScenario = (path: string) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(
      fileSystem.readFileString(path),
      (error) => new CliError({ message: `${path} cannot be read: ${error.message}` })
    )
    return yield* Either.mapLeft(ScenarioFile.parse(text), (problem) =>
      new CliError({ message: `${path}: ${problem}`, exitCode: ExitCode.misused }))
  })

/**
 * @since 0.1.0
 * @category commands
 */
export const simulateCommand = Command.make(
  "simulate",
  {
    duration: Common.duration,
    faults,
    guilds,
    heartbeatInterval,
    host: Server.host,
    json: Common.json,
    maxConcurrency: Server.maxConcurrency,
    port: Server.port,
    rate,
    scenario,
    strict: Server.strict,
    token: Server.token,
    verbose: Server.verbose
  },
  (options) =>
    Effect.gen(function*() {
      const fromFile = yield* Option.match(options.scenario, {
        onNone: () => Effect.succeed([]),
        onSome: readScenario
      })
      yield* SimulatorWatch.run({
        title: "vesper simulate",
        host: options.host,
        port: options.port,
        traffic: (simulator) => options.rate > 0 ? simulator.traffic({ eventsPerSecond: options.rate }) : Effect.never,
        steps: [...options.faults, ...fromFile],
        isStrict: options.strict,
        isVerbose: options.verbose,
        mode: yield* Common.modeOf(options.json),
        duration: options.duration
      }).pipe(
        Effect.provide(GatewaySimulator.layer({
          token: Option.getOrUndefined(options.token),
          heartbeatInterval: Option.getOrUndefined(options.heartbeatInterval),
          maxConcurrency: options.maxConcurrency,
          world: World.make({ guilds: options.guilds })
        })),
        Effect.catchTag("ListenError", (error) => new CliError({ message: error.message }))
      )
    })
).pipe(
  Command.withDescription(
    "Runs a simulated Discord gateway that bots in any language can connect to, as strict as Discord's own: " +
      "it answers GET /gateway/bot, sends made-up events, lets things go wrong on request, and tells what Discord " +
      "would have punished."
  )
)
