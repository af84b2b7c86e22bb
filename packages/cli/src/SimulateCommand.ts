/**
 * `vesper simulate`: a simulated gateway for any bot in any language, with trouble on request.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Terminal from "@effect/platform/Terminal"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import { parseDuration } from "./internal/duration.js"
import * as Live from "./internal/live.js"
import * as Common from "./internal/options.js"
import { write, writeLine } from "./internal/output.js"
import * as ScenarioFile from "./ScenarioFile.js"
import * as SimulatorBoard from "./SimulatorBoard.js"
import * as SimulatorView from "./SimulatorView.js"
import type * as Watch from "./Watch.js"

const port = Common.parsed(Options.integer("port"), Common.inRange(0, 65_535)).pipe(
  Options.withDefault(8080),
  Options.withDescription("Where to listen; 0 takes any port that is free.")
)

const host = Options.text("host").pipe(
  Options.withDefault("127.0.0.1"),
  Options.withDescription("The address to listen on. Other machines can reach it unless it is a loopback address.")
)

const guilds = Common.parsed(Options.integer("guilds"), Common.inRange(0, 100_000)).pipe(
  Options.withDefault(8),
  Options.withDescription("How many made-up guilds the bot is in.")
)

const rate = Common.parsed(Options.float("rate"), Common.inRange(0, 100_000)).pipe(
  Options.withDefault(10),
  Options.withDescription("Made-up events a second over all guilds; 0 is silence.")
)

const maxConcurrency = Common.parsed(Options.integer("max-concurrency"), Common.inRange(1, 10_000)).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards may identify at a time, as GET /gateway/bot says.")
)

const token = Options.redacted("token").pipe(
  Options.optional,
  Options.withDescription("The one token that is accepted. Without it, any that is not empty.")
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

const strict = Options.boolean("strict").pipe(
  Options.withDescription("Ends with exit code 2 if a client did what Discord would punish; for tests.")
)

const verbose = Options.boolean("verbose").pipe(
  Options.withDescription("Plain lines for each event and each heartbeat as well.")
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

interface Watching {
  readonly mode: Watch.Mode
  readonly isVerbose: boolean
  // What has been seen so far; replaced with each entry.
  board: SimulatorBoard.SimulatorBoard
}

const linesOf = (watching: Watching, entries: Chunk.Chunk<LogEntry.LogEntry>): ReadonlyArray<string> => {
  switch (watching.mode) {
    case "live":
      return []
    case "json":
      return Chunk.toReadonlyArray(Chunk.map(entries, SimulatorView.json))
    case "plain":
      return Chunk.toReadonlyArray(entries)
        .filter((entry) => watching.isVerbose || SimulatorBoard.isNotable(entry))
        .map(SimulatorView.plain)
  }
}

const readLog = (watching: Watching, simulator: GatewaySimulator.GatewaySimulator) =>
  Stream.runForEachChunk(simulator.logChanges, (entries) => {
    watching.board = Chunk.reduce(entries, watching.board, SimulatorBoard.add)
    const lines = linesOf(watching, entries)
    return lines.length === 0 ? Effect.void : write(`${lines.join("\n")}\n`)
  })

const draw = (watching: Watching, simulator: GatewaySimulator.GatewaySimulator, title: string) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const now = yield* Clock.currentTimeMillis
    watching.board = SimulatorBoard.sample(watching.board, now)
    return SimulatorView.screen({
      title,
      board: watching.board,
      sessions: yield* simulator.sessions,
      now,
      columns: yield* terminal.columns,
      rows: yield* terminal.rows,
      hasColours: yield* Live.hasColours
    })
  })

/** What is said on one line, to whoever reads lines. */
const say = (mode: Watch.Mode, text: string) => mode === "json" ? Console.error(text) : writeLine(text)

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.")

const greet = (mode: Watch.Mode, options: { readonly host: string; readonly url: string }) =>
  mode === "live" ? Effect.void : Effect.gen(function*() {
    yield* say(mode, `vesper simulate: listening on ${options.url}, GET ${httpUrl(options.url)}api/v10/gateway/bot`)
    if (!isLoopback(options.host)) {
      yield* Console.error(`vesper: ${options.host} is no loopback address: other machines can connect`)
    }
  })

const httpUrl = (url: string): string => url.replace(/^ws/, "http")

interface Given {
  readonly host: string
  readonly port: number
  readonly rate: number
  readonly steps: ReadonlyArray<ScenarioFile.Step>
  readonly isStrict: boolean
  readonly isVerbose: boolean
  readonly mode: Watch.Mode
  readonly duration: Option.Option<Duration.Duration>
}

/** Serves and shows until a key, the time or the user ends it. */
const serve = (given: Given, watching: Watching, simulator: GatewaySimulator.GatewaySimulator) =>
  Effect.scoped(Effect.gen(function*() {
    const { mode, rate } = given
    // Reads from before anybody can connect: the server takes turns of the event loop to listen.
    const reading = yield* Effect.forkScoped(readLog(watching, simulator))
    const { url } = yield* GatewayServer.make({ host: given.host, port: given.port })
    yield* greet(mode, { host: given.host, url })
    yield* Effect.forkScoped(ScenarioFile.run(simulator, given.steps))
    const traffic = rate > 0 ? simulator.traffic({ eventsPerSecond: rate }) : Effect.never
    const view = mode === "live" ? Live.show(draw(watching, simulator, `vesper simulate: ${url}`)) : Effect.never
    const timeUp = Option.match(given.duration, { onNone: () => Effect.never, onSome: Effect.sleep })
    yield* Effect.raceFirst(
      Effect.raceFirst(Fiber.join(reading), traffic),
      Effect.raceFirst(view, timeUp)
    )
  }))

const simulate = (given: Given) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const watching: Watching = {
      mode: given.mode,
      isVerbose: given.isVerbose,
      board: SimulatorBoard.make(yield* Clock.currentTimeMillis)
    }
    const finish = Effect.gen(function*() {
      yield* say(given.mode, SimulatorView.summary(watching.board))
      if (given.isStrict && watching.board.violated > 0) {
        yield* Console.error("vesper: a client did what Discord would punish; see the violations above")
        yield* ExitCode.note(ExitCode.found)
      }
    })
    yield* Effect.onExit(serve(given, watching, simulator), (exit) =>
      Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? Effect.ignore(finish) : Effect.void)
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
    host,
    json: Common.json,
    maxConcurrency,
    port,
    rate,
    scenario,
    strict,
    token,
    verbose
  },
  (options) =>
    Effect.gen(function*() {
      const fromFile = yield* Option.match(options.scenario, {
        onNone: () => Effect.succeed([]),
        onSome: readScenario
      })
      yield* simulate({
        host: options.host,
        port: options.port,
        rate: options.rate,
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
