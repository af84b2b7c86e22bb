/**
 * Runs a simulated gateway in front of the user's eyes: a live view on a terminal, plain lines elsewhere, or JSON.
 *
 * @since 0.1.0
 */
import * as Terminal from "@effect/platform/Terminal"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as LogEntry from "@vesper/testing/LogEntry"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CliError, OutputClosed } from "./CliError.js"
import * as Controls from "./Controls.js"
import * as ExitCode from "./ExitCode.js"
import * as Live from "./internal/live.js"
import { isLoopback } from "./internal/loopback.js"
import { write, writeLine } from "./internal/output.js"
import * as SimulatorMetrics from "./internal/simulatorMetrics.js"
import * as ScenarioFile from "./ScenarioFile.js"
import * as SimulatorBoard from "./SimulatorBoard.js"
import * as SimulatorSnapshot from "./SimulatorSnapshot.js"
import * as SimulatorView from "./SimulatorView.js"
import type * as Watch from "./Watch.js"

type Log = Pick<SimulatorBoard.SimulatorBoard, "recent" | "tail">

interface Watching extends Live.Keyed<Log> {
  readonly mode: Watch.Mode
  readonly isVerbose: boolean
  // What has been seen so far; replaced with each entry.
  board: SimulatorBoard.SimulatorBoard
  // What was counted in the metrics so far.
  counted: SimulatorBoard.SimulatorBoard
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
    watching.board = SimulatorBoard.add(watching.board, Chunk.toReadonlyArray(entries))
    const lines = linesOf(watching, entries)
    return lines.length === 0 ? Effect.void : write(`${lines.join("\n")}\n`)
  })

/** Where everything stands now. Rates are measured as long as somebody looks. */
const look = (watching: Watching, simulator: GatewaySimulator.GatewaySimulator) =>
  Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    const before = watching.counted
    watching.board = SimulatorBoard.sample(watching.board, at)
    watching.counted = watching.board
    yield* SimulatorMetrics.update(before, watching.board)
    return { at, board: watching.board, sessions: yield* simulator.sessions }
  })

/** On loopback, even if bots elsewhere may connect: what the page shows is nobody else's business. */
const pageHost = "127.0.0.1"

const servePage = (
  watching: Watching,
  simulator: GatewaySimulator.GatewaySimulator,
  options: { readonly port: number; readonly title: string }
) =>
  Effect.gen(function*() {
    // A server, with all that it imports, for those who want one.
    const StatusServer = yield* Effect.promise(() => import("./StatusServer.js"))
    const { url } = yield* StatusServer.makeSimulator({
      host: pageHost,
      port: options.port,
      snapshot: Effect.map(look(watching, simulator), (moment) =>
        SimulatorSnapshot.make({ ...moment, title: options.title }))
    })
    if (watching.mode !== "live") {
      yield* say(watching.mode, `the status page is at ${url}`)
    }
    // Nobody may look for a while; rates are of the last second all the same.
    return yield* Effect.forever(Effect.zipRight(look(watching, simulator), Effect.sleep("1 second")))
  })

const draw = (watching: Watching, simulator: GatewaySimulator.GatewaySimulator, title: string) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const { at: now, board, sessions } = yield* look(watching, simulator)
    return SimulatorView.screen({
      title,
      board: { ...board, ...watching.paused },
      sessions,
      controls: watching.controls,
      now,
      columns: yield* terminal.columns,
      rows: yield* terminal.rows,
      hasColours: yield* Live.hasColours
    })
  })

/** What is said on one line, to whoever reads lines. */
const say = (mode: Watch.Mode, text: string) => mode === "json" ? Console.error(text) : writeLine(text)

/** Addresses that stand for all of a machine, and that nobody can connect to from elsewhere. */
const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::"

const greet = ({ host, mode, publicUrl, title }: Options, url: string, port: number) =>
  mode === "live" ? Effect.void : Effect.gen(function*() {
    const place = publicUrl === undefined ? url : `${host}:${port}; bots are told ${url}`
    yield* say(mode, `${title}: listening on ${place}, GET ${httpUrl(url)}api/v10/gateway/bot`)
    if (!isLoopback(host)) {
      const hint = isWildcard(host) && publicUrl === undefined
        ? `, but are told to at ${url}: give the URL that they can reach with --public-url`
        : ""
      yield* Console.error(`vesper: ${host} is no loopback address: other machines can connect${hint}`)
    }
  })

const httpUrl = (url: string): string => url.replace(/^ws/, "http")

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The command, such as `vesper simulate`. */
  readonly title: string
  readonly host: string
  readonly port: number
  /** What bots are told, if it is not where it listens. */
  readonly publicUrl: string | undefined
  /** Where the status page is served, if it is. */
  readonly http: Option.Option<number>
  /** What is sent; when it is done, so is the simulation. */
  readonly traffic: (simulator: GatewaySimulator.GatewaySimulator) => Effect.Effect<void, CliError>
  readonly steps: ReadonlyArray<ScenarioFile.Step>
  /** Whether a violation makes an exit code. */
  readonly strict: boolean
  /** Whether plain lines tell of events and heartbeats too. */
  readonly verbose: boolean
  readonly mode: Watch.Mode
  readonly duration: Option.Option<Duration.Duration>
}

/** Serves and shows until a key, the time or the user ends it. */
const serve = (given: Options, watching: Watching, simulator: GatewaySimulator.GatewaySimulator) =>
  Effect.scoped(Effect.gen(function*() {
    const { mode, title } = given
    // Reads from before anybody can connect: the server takes turns of the event loop to listen.
    const reading = yield* Effect.forkScoped(readLog(watching, simulator))
    const { port, url } = yield* GatewayServer.make(given)
    yield* greet(given, url, port)
    yield* Effect.forkScoped(ScenarioFile.run(simulator, given.steps))
    const shown = `${title}: ${url}`
    const keys = Live.controlled(watching, (): Log => ({ recent: watching.board.recent, tail: watching.board.tail }))
    const view = mode === "live" ? Live.show(draw(watching, simulator, shown), keys) : Effect.never
    const page = Option.match(given.http, {
      onNone: () => Effect.never,
      onSome: (port) => servePage(watching, simulator, { port, title: shown })
    })
    const timeUp = Option.match(given.duration, { onNone: () => Effect.never, onSome: Effect.sleep })
    yield* Effect.raceFirst(
      Effect.raceFirst(Fiber.join(reading), given.traffic(simulator)),
      Effect.raceFirst(Effect.raceFirst(view, page), timeUp)
    )
  }))

/**
 * Serves and shows a simulated gateway, and says in the end what it came to.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (
  given: Options
): Effect.Effect<
  void,
  CliError | OutputClosed | GatewayServer.ListenError,
  GatewaySimulator.GatewaySimulator | Terminal.Terminal
> =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const board = SimulatorBoard.make(yield* Clock.currentTimeMillis)
    const watching: Watching = {
      mode: given.mode,
      isVerbose: given.verbose,
      board,
      counted: board,
      controls: Controls.initial,
      paused: undefined
    }
    const finish = Effect.gen(function*() {
      yield* say(given.mode, SimulatorView.summary(watching.board))
      if (given.strict && watching.board.violated > 0) {
        yield* Console.error("vesper: a client did what Discord would punish; see the violations above")
        yield* ExitCode.note(ExitCode.found)
      }
    })
    yield* Effect.onExit(serve(given, watching, simulator), (exit) =>
      Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? Effect.ignore(finish) : Effect.void)
  })
