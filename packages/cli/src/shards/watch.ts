/** Runs shards and shows them: a live view on a terminal, plain lines elsewhere, or JSON. */
import * as Terminal from "@effect/platform/Terminal"
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import type * as Fleet from "@vesper/gateway/Fleet"
import type * as Shard from "@vesper/gateway/Shard"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Array from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CliError, OutputClosed } from "../exit/index.js"
import type { Line, View } from "../tui/index.js"
import { chooseMode, clean, counted, plainLine, show, writeLine, writeNotice } from "../tui/index.js"
import * as Board from "./board.js"
import * as Snapshot from "./snapshot.js"
import { describeStage } from "./statusText.js"
import * as ShardView from "./view.js"

/** Handles an event before it is shown, with the time in milliseconds since 1970. The next event waits for it. */
export type Record = (event: Dispatch.Dispatch, shard: number, at: number) => Effect.Effect<void, CliError>

/** Shards that are running. They may change: by a resharding, or because they move between runners. */
export interface Running {
  /** The title of the view from now on, if the start has completed it. */
  readonly title?: string
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  /** Runs as long as there are events; fails if the gateway closes shards permanently. */
  readonly reading: Effect.Effect<void, ShardError.FatallyClosedError | CliError | OutputClosed>
  /** Runs as long as the shards are watched. Events that are under way at its end are still read. */
  readonly background: Effect.Effect<never>
  /** A change of the number of shards that is in progress, in words. */
  readonly resharding: Effect.Effect<Option.Option<string>>
  /** The cluster that the shards are a part of. Polled. */
  readonly cluster: Effect.Effect<Option.Option<ClusterStatus.ClusterStatus>>
  /** The IDENTIFYs that are left. Polled. */
  readonly budget: Effect.Effect<Option.Option<Snapshot.Budget>>
  /** Closes all shards so that the next process can resume them, and returns the number of their sessions. */
  readonly close: Effect.Effect<number>
}

/** Starts shards. They run the handler for each event, and wait for it. */
export type Start<E, R> = (
  handle: (event: Fleet.FleetEvent) => Effect.Effect<void, CliError | OutputClosed>
) => Effect.Effect<Running, E, R>

/** Starts the shards of a fleet, with an effect in the background. */
export const startFleet = <E, R>(
  make: Effect.Effect<Fleet.Fleet, E, R>,
  background: (fleet: Fleet.Fleet) => Effect.Effect<never>,
  budget: Running["budget"] = Effect.succeedNone
): Start<E, R> =>
(handle) =>
  Effect.map(make, (fleet) => ({
    shards: fleet.shards,
    reading: Stream.runForEach(fleet.events, handle),
    background: background(fleet),
    resharding: Effect.map(fleet.status, ({ resharding }) => Option.map(resharding, describeStage)),
    cluster: Effect.succeedNone,
    budget,
    close: Effect.map(fleet.close(CloseFrame.RESUME), (sessions) => sessions.length)
  }))

export interface Watched<E, R> extends Pick<View, "duration" | "http"> {
  readonly title: string
  /** Writes JSON, also on a terminal. */
  readonly json: boolean
  /** True if the shards read all events of their sessions, so that lost events can be counted. */
  readonly isGapless: boolean
  /** Adds events to the plain lines. Default: notices alone. */
  readonly showsEvents?: boolean
  readonly start: Start<E, R>
  readonly record?: Record
  /** The last line of the output, after how many sessions were kept. */
  readonly summary: (summary: string, kept: string) => Effect.Effect<string, never, R>
  /** Waits for events that are under way, and returns how many are missing after the given sequence numbers. */
  readonly settle?: (sequences: Effect.Effect<ReadonlyArray<number>>) => Effect.Effect<number, never, R>
}

/** The interval of the polls of budget and cluster. */
const pollInterval = "2 seconds"

interface WatchState {
  board: Board.ShardBoard
  running: Running | undefined
  budget: Option.Option<Snapshot.Budget>
  cluster: Option.Option<ClusterStatus.ClusterStatus>
}

const describeResharding = ({ done, parts, total }: ClusterStatus.Resharding): string =>
  `resharding to ${total}: ${done} of ${counted(parts, "part")} done`

/** Adds the log to the view. Another logger would write across the screen. */
const makeLogger = (add: (line: Line) => void): Logger.Logger<unknown, void> =>
  Logger.make(({ annotations, cause, date, logLevel, message }) => {
    const id = Option.getOrUndefined(HashMap.get(annotations, "shard.id"))
    const shard = typeof id === "number" ? id : undefined
    const texts = Array.ensure(message).map(String)
    add({
      at: date.getTime(),
      shard,
      origin: shard === undefined ? "" : `#${shard}`,
      title: logLevel.label,
      text: clean((Cause.isEmpty(cause) ? texts : [...texts, Cause.pretty(cause)]).join(" ")),
      tone: LogLevel.greaterThanEqual(logLevel, LogLevel.Error) ? "bad" : "busy"
    })
  })

const take = (state: WatchState, title: string) =>
  Effect.gen(function*() {
    const { running } = state
    const at = yield* Clock.currentTimeMillis
    const shards = running === undefined ? [] : yield* Effect.flatMap(
      running.shards,
      Effect.forEach((shard) =>
        Effect.map(
          Effect.all([shard.status, shard.latency, shard.buffered]),
          ([status, latency, buffered]): Snapshot.ShardState => ({ id: shard.id, status, latency, buffered })
        )
      )
    )
    const board = Board.sample(Board.reshape(state.board, shards.map(({ id }) => id)), at)
    state.board = Board.addRoundTrips(board, shards.map(({ latency }) => latency))
    return Snapshot.make({
      at,
      title: running?.title ?? title,
      shards,
      board: state.board,
      // The database knows the budget that all runners of a cluster share.
      budget: Option.orElse(state.budget, () => Option.flatMap(state.cluster, ({ identifies }) => identifies)),
      cluster: state.cluster,
      resharding: Option.orElse(
        running === undefined ? Option.none() : yield* running.resharding,
        () => Option.map(Option.flatMap(state.cluster, ({ resharding }) => resharding), describeResharding)
      )
    })
  })

/** Polls the budget and the cluster. */
const poll = (state: WatchState, { budget, cluster }: Running) =>
  Effect.all({ budget, cluster }).pipe(
    Effect.map((answers) => Object.assign(state, answers)),
    Effect.zipRight(Effect.sleep(pollInterval)),
    Effect.forever
  )

/**
 * Runs shards until the time is up, or until it is interrupted. Then it closes them so that their sessions can be resumed,
 * and writes a summary. Fails if the gateway closes a shard permanently.
 */
export const watch = <E, R>(options: Watched<E, R>): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | CliError | OutputClosed,
  Exclude<R, Scope.Scope> | Terminal.Terminal
> =>
  Effect.scoped(Effect.gen(function*() {
    const { record, title } = options
    const mode = yield* chooseMode(options.json)
    const terminal = yield* Terminal.Terminal
    const scope = yield* Effect.scope
    const state: WatchState = {
      board: Board.make([], yield* Clock.currentTimeMillis, options),
      running: undefined,
      budget: Option.none(),
      cluster: Option.none()
    }
    const addNotice = (line: Line) =>
      Effect.suspend(() => {
        state.board = Board.addNotice(state.board, line)
        return mode === "live" ? Effect.void : writeNotice(mode, plainLine(line))
      })
    const showEvent = (event: Dispatch.Dispatch, shard: number, line: Line) =>
      mode === "json"
        ? writeLine(ShardView.json(event, shard))
        : mode === "plain" && options.showsEvents === true
        ? writeLine(plainLine(line))
        : Effect.void
    // The next event is read when this one was shown: a slow output slows the shards down.
    const handle = ({ event, shard }: Fleet.FleetEvent) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const line = Board.eventLine(event, shard, now)
        state.board = Board.addEvent(state.board, line, event, shard)
        const shown = Effect.provideService(showEvent(event, shard.id, line), Terminal.Terminal, terminal)
        return record === undefined ? shown : Effect.zipRight(record(event, shard.id, now), shown)
      })

    const notices = yield* Mailbox.make<Line>()
    const logger = makeLogger((line) => notices.unsafeOffer(line))
    // Shards log to the loggers of the fiber that starts them.
    const logged = Effect.locally(FiberRef.currentLoggers, HashSet.make(logger))
    const showNotices = Effect.forever(Effect.flatMap(Effect.orDie(notices.take), addNotice))
    const showShards = (running: Running) =>
      Effect.map(running.shards, (shards) => {
        state.board = Board.reshape(state.board, shards.map(({ id }) => id))
      })
    const run = Effect.gen(function*() {
      const running = yield* Scope.extend(logged(options.start(handle)), scope)
      state.running = running
      yield* showShards(running)
      const reading = yield* Effect.forkIn(logged(running.reading), scope)
      const polling = mode === "live" || Option.isSome(options.http)
        ? poll(state, running)
        : Effect.never
      yield* Effect.raceFirst(Fiber.join(reading), Effect.raceFirst(logged(running.background), polling))
    })
    const view = show({
      ...options,
      mode,
      moment: Effect.map(take(state, title), (status) => ShardView.toMoment(status, state.board.log)),
      notify: (text) =>
        Effect.flatMap(
          Clock.currentTimeMillis,
          (at) => addNotice({ at, origin: "", title: "INFO", text, tone: "busy" })
        )
    })

    const finish = Effect.gen(function*() {
      const { running } = state
      const missing = yield* options.settle?.(
        Effect.sync(() => state.board.ids.map((id) => Board.get(state.board, id).sequence))
      ) ?? Effect.succeed(0)
      // Shards that moved since the last look count for the total.
      yield* running === undefined ? Effect.void : showShards(running)
      const kept = running === undefined ? 0 : yield* running.close
      const sessions = `${kept} of ${counted(state.board.ids.length, "session")}`
      yield* writeNotice(mode, yield* options.summary(ShardView.summary(state.board, missing), sessions))
    })
    const noticing = yield* Effect.forkIn(showNotices, scope)
    yield* Effect.onExit(
      Effect.raceFirst(Effect.raceFirst(run, view), Fiber.join(noticing)),
      (exit) => Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? Effect.ignore(finish) : Effect.void
    )
  }))
