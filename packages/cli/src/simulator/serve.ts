/** Serves a simulated gateway and shows it: a live view on a terminal, plain lines elsewhere, or JSON. */
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ServerOptions } from "../commands/index.js"
import { type CliError, ExitCode, noteExitCode } from "../exit/index.js"
import { isLoopback, listenFailed } from "../loopback/index.js"
import * as Scenario from "../scenario/index.js"
import { chooseMode, type Mode, type Moment, plainLine, show, write, writeNotice } from "../tui/index.js"
import * as Board from "./board.js"
import { toJson, toLine } from "./entryText.js"
import * as Metrics from "./metrics.js"
import * as SimulatorView from "./view.js"

export interface Simulation {
  /** The command, such as `vesper simulate`. */
  readonly title: string
  /** Sends events. The simulation ends with it. */
  readonly traffic: (simulator: GatewaySimulator.GatewaySimulator) => Effect.Effect<void, CliError>
  readonly steps: ReadonlyArray<Scenario.Step>
  readonly simulator: Omit<GatewaySimulator.Options, "maxConcurrency" | "strictInvalidSession" | "token">
}

interface SimulationState {
  board: Board.GatewayBoard
}

const readLog = (
  state: SimulationState,
  { mode, verbose }: { readonly mode: Mode; readonly verbose: boolean },
  simulator: GatewaySimulator.GatewaySimulator
) =>
  Stream.runForEachChunk(simulator.logChanges, (chunk) => {
    const entries = Chunk.toReadonlyArray(chunk)
    const before = state.board
    state.board = Board.add(before, entries)
    const lines = mode === "live"
      ? []
      : mode === "json"
      ? entries.map(toJson)
      : entries.filter((entry) => verbose || Board.isNotable(entry)).map((entry) => plainLine(toLine(entry)))
    return Effect.zipRight(
      Metrics.update(before, state.board),
      lines.length === 0 ? Effect.void : write(`${lines.join("\n")}\n`)
    )
  })

const take = (
  state: SimulationState,
  simulator: GatewaySimulator.GatewaySimulator,
  title: string
): Effect.Effect<Moment> =>
  Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    state.board = Board.sample(state.board, at)
    const status = SimulatorView.snapshot({ title, at, board: state.board, sessions: yield* simulator.sessions })
    return SimulatorView.toMoment(status, Board.searched(state.board))
  })

/** Addresses that mean all addresses of a machine. Bots elsewhere cannot connect to them. */
const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::"

/** Writes the address of the gateway, and a warning if other machines can connect. */
const announce = ({ host, publicUrl }: ServerOptions, mode: Mode, title: string, server: GatewayServer.GatewayServer) =>
  Effect.gen(function*() {
    const { port, url } = server
    const place = Option.isNone(publicUrl) ? url : `${host}:${port}; the URL for bots is ${url}`
    yield* writeNotice(
      mode,
      `${title}: listening on ${place}, GET ${url.replace(/^ws/, "http")}api/v10/gateway/bot`
    )
    if (!isLoopback(host)) {
      const hint = isWildcard(host) && Option.isNone(publicUrl)
        ? `, but the URL that they receive is ${url}: give one that they can reach with --public-url`
        : ""
      yield* Console.error(`vesper: ${host} is not a loopback address: other machines can connect${hint}`)
    }
  })

/** Serves a simulated gateway, shows it, and writes a summary at the end. */
export const serve = (given: ServerOptions, options: Simulation) =>
  Effect.gen(function*() {
    const mode = yield* chooseMode(given.json)
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const state: SimulationState = { board: Board.make(yield* Clock.currentTimeMillis) }
    yield* Metrics.update(state.board, state.board)
    const run = Effect.gen(function*() {
      // The log is read before the server listens, which takes some turns of the event loop.
      const reading = yield* Effect.forkScoped(readLog(state, { mode, verbose: given.verbose }, simulator))
      const { host, port, publicUrl } = given
      const server = yield* GatewayServer.make({ host, port, publicUrl: Option.getOrUndefined(publicUrl) })
      if (mode !== "live") {
        yield* announce(given, mode, options.title, server)
      }
      yield* Effect.forkScoped(Scenario.run(simulator, options.steps))
      const view = show({
        ...given,
        mode,
        moment: take(state, simulator, `${options.title}: ${server.url}`),
        notify: (text) => mode === "live" ? Effect.void : writeNotice(mode, text)
      })
      yield* Effect.raceFirst(Effect.raceFirst(Fiber.join(reading), options.traffic(simulator)), view)
    })
    const finish = Effect.gen(function*() {
      yield* writeNotice(mode, SimulatorView.summary(state.board.counts))
      if (given.strict && state.board.counts.violated > 0) {
        yield* Console.error("vesper: a client violated Discord's rules; see the violations above")
        yield* noteExitCode(ExitCode.found)
      }
    })
    yield* Effect.onExit(
      Effect.scoped(run),
      (exit) => Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? Effect.ignore(finish) : Effect.void
    )
  }).pipe(
    Effect.provide(GatewaySimulator.layer({
      ...options.simulator,
      token: Option.getOrUndefined(given.token),
      maxConcurrency: given.maxConcurrency,
      strictInvalidSession: given.strictInvalidSession
    })),
    Effect.catchTag("ListenError", (error) => listenFailed("simulated gateway", error))
  )
