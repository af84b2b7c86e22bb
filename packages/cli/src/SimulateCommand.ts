/**
 * `vesper simulate`: a simulated gateway for any bot in any language, with trouble on request.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import * as Files from "./internal/files.js"
import * as Common from "./internal/options.js"
import { speak } from "./internal/speak.js"
import * as Server from "./internal/serverOptions.js"
import * as ScenarioFile from "./ScenarioFile.js"

const guilds = Common.integer("guilds", 0, 100_000).pipe(
  Options.withDefault(8),
  Options.withDescription("How many made-up guilds the bot is in. Default: 8.")
)

const rate = Common.decimal("rate", 0, 100_000).pipe(
  Options.withDefault(10),
  Options.withDescription("Made-up events a second over all guilds; 0 is silence. Default: 10.")
)

const heartbeatInterval = Common.time("heartbeat-interval").pipe(
  Options.optional,
  Options.withDescription("How often clients are told to beat. Without it 41.25s, as Discord does.")
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

const says = Options.text("say").pipe(
  Options.withPseudoName("text"),
  Options.withDescription(
    "Somebody says this in a channel, every 3 seconds; can be given many times, and is said in turn then. Without it, " +
      "nobody says anything but made-up things."
  ),
  Options.repeated
)

const scenario = Options.text("scenario").pipe(
  Options.withPseudoName("file"),
  Options.optional,
  Options.withDescription(
    "A file of JSON with what goes wrong and which events are sent: {\"steps\": [{\"at\": \"10s\", \"fault\": " +
      "\"drop\", \"shard\": 0}, {\"every\": \"5s\", \"send\": {\"t\": \"MESSAGE_CREATE\", \"d\": {\"content\": \"hi\"}}}]}. " +
      "Without it, what --fault and --rate say."
  )
)

const readScenario = (path: string) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(
      fileSystem.readFileString(path),
      (error) =>
        new CliError({ message: `${path} cannot be read: ${Files.reasonOf(error)}`, exitCode: ExitCode.misused })
    )
    return yield* Either.mapLeft(
      ScenarioFile.parse(text),
      (problem) => new CliError({ message: `${path}: ${problem}`, exitCode: ExitCode.misused })
    )
  })

/**
 * @since 0.1.0
 * @category commands
 */
export const simulateCommand = Command.make(
  "simulate",
  { ...Server.options, faults, guilds, heartbeatInterval, rate, says, scenario },
  ({ faults, guilds, heartbeatInterval, rate, says, scenario, ...options }) =>
    Effect.gen(function*() {
      const fromFile = yield* Option.match(scenario, { onNone: () => Effect.succeed([]), onSome: readScenario })
      const world = World.make({ guilds })
      yield* Server.serve(options, {
        title: "vesper simulate",
        traffic: (simulator) =>
          Effect.raceFirst(
            rate > 0 ? simulator.traffic({ eventsPerSecond: rate }) : Effect.never,
            speak(simulator, world, says)
          ),
        steps: [...faults, ...fromFile],
        simulator: {
          heartbeatInterval: Option.getOrUndefined(heartbeatInterval),
          world
        }
      })
    })
).pipe(
  Command.withDescription(
    "Runs a simulated Discord gateway that bots in any language can connect to, as strict as Discord's own: " +
      "it answers GET /gateway/bot, sends made-up events, lets things go wrong on request, and tells what Discord " +
      "would have punished."
  )
)
