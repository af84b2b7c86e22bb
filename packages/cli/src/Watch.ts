/**
 * Runs shards in front of the user's eyes: a live view on a terminal, plain lines elsewhere, or JSON.
 *
 * @since 0.1.0
 */
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
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Board from "./Board.js"
import type { CliError, OutputClosed } from "./CliError.js"
import * as Controls from "./Controls.js"
import { describeResharding } from "./internal/clusterView.js"
import * as Live from "./internal/live.js"
import { writeLine } from "./internal/output.js"
import { clean } from "./internal/text.js"
import * as Snapshot from "./Snapshot.js"
import * as View from "./View.js"

/**
 * - `live`: a screen that is drawn again and again.
 * - `plain`: a line for each event and each notice.
 * - `json`: a line of JSON for each event; notices go to the error output.
 *
 * @since 0.1.0
 * @category models
 */
export type Mode = "live" | "plain" | "json"

/**
 * What is done with each event before it is shown, by the shard's id and the time in milliseconds since 1970. The next
 * event waits for it.
 *
 * @since 0.1.0
 * @category models
 */
export type Record = (event: Dispatch.Dispatch, shard: number, at: number) => Effect.Effect<void, CliError>

/**
 * Shards that are up, and how they are read. They may change all the time: by a resharding, or because they move.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watched {
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  /** Runs as long as there is something to read; fails if the gateway closes shards for good. */
  readonly reading: Effect.Effect<void, ShardError.FatallyClosedError | CliError | OutputClosed>
  /** What goes on beside them, as long as they are watched; what is still on the way then is read after that. */
  readonly beside: Effect.Effect<never>
  /** A change of the number of shards that is under way, in words. */
  readonly resharding: Effect.Effect<Option.Option<string>>
  /** The cluster that the shards are a part of, if they are; asked again and again. */
  readonly cluster: Effect.Effect<Option.Option<ClusterStatus.ClusterStatus>>
  /** Closes all in a way that lets the next process resume them. How many sessions there are to resume. */
  readonly close: Effect.Effect<number>
}

/**
 * Starts shards; they run what they are given for each event, and wait for it.
 *
 * @since 0.1.0
 * @category models
 */
export type Source<E, R> = (
  handle: (event: Fleet.FleetEvent) => Effect.Effect<void, CliError | OutputClosed>
) => Effect.Effect<Watched, E, R>

/**
 * The shards of a fleet, and what goes on beside them as long as they are watched.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fleet = <E, R, R2 = never>(
  make: Effect.Effect<Fleet.Fleet, E, R>,
  beside: (fleet: Fleet.Fleet) => Effect.Effect<never, never, R2> = () => Effect.never
): Source<E, R | R2> =>
(handle) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<R2>()
    const fleet = yield* make
    return {
      shards: fleet.shards,
      reading: Stream.runForEach(fleet.events, handle),
      beside: Effect.provide(beside(fleet), context),
      resharding: Effect.map(fleet.status, ({ resharding }) => Option.map(resharding, View.describeStage)),
      cluster: Effect.succeedNone,
      close: Effect.map(fleet.close(CloseFrame.RESUME), (sessions) => sessions.length)
    }
  })

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R> {
  readonly title: string
  readonly mode: Mode
  /** Whether the shards read all events of their sessions: then those that stay away can be counted. */
  readonly isGapless: boolean
  /** Whether plain lines are for events too, and not for notices alone. */
  readonly tellsEvents: boolean
  /** When to end; none means on Ctrl-C. */
  readonly duration: Option.Option<Duration.Duration>
  readonly source: Source<E, R>
  /** Where the status page is served, if it is. */
  readonly http: Option.Option<number>
  /** How many identifies are left, if there is somebody to ask; asked again and again. */
  readonly budget: Effect.Effect<Option.Option<View.Budget>>
  readonly record: Record
  /** Lets what is still on the way come in; how many events stayed away. Asked with the last numbers that came in. */
  readonly settle: (sequences: Effect.Effect<ReadonlyArray<number>>) => Effect.Effect<number, never, R>
}

/** How often budget and cluster are looked at; who answers may well answer with what it knew. */
const askInterval = "2 seconds"

interface Watching extends Live.Keyed<Board.Board["tail"]> {
  readonly options: Pick<Options<never, never>, "budget" | "mode" | "record" | "tellsEvents" | "title">
  // What has come in so far; replaced with each event.
  board: Board.Board
  budget: Option.Option<View.Budget>
  cluster: Option.Option<ClusterStatus.ClusterStatus>
}

/** The log becomes part of the view: it must not write across the screen. */
const makeLogger = (
  tell: (entry: Board.Entry) => void
): Logger.Logger<unknown, void> =>
  Logger.make(({ annotations, cause, date, logLevel, message }) => {
    const shard = Option.getOrUndefined(HashMap.get(annotations, "shard.id"))
    const texts = Array.ensure(message).map(String)
    const all = Cause.isEmpty(cause) ? texts : [...texts, Cause.pretty(cause)]
    tell({
      at: date.getTime(),
      kind: "notice",
      shard: typeof shard === "number" ? shard : undefined,
      title: logLevel.label,
      text: clean(all.join(" "))
    })
  })

const showEvent = (
  { mode, tellsEvents }: Watching["options"],
  event: Dispatch.Dispatch,
  entry: Board.Entry
) => {
  switch (mode) {
    case "live":
      return Effect.void
    case "plain":
      return tellsEvents ? writeLine(View.plain(entry)) : Effect.void
    case "json":
      return writeLine(View.json(event, entry.shard))
  }
}

const showNotice = (watching: Watching, entry: Board.Entry) => {
  switch (watching.options.mode) {
    case "live":
      return Effect.sync(() => {
        watching.board = Board.addNotice(watching.board, entry)
      })
    case "plain":
      return writeLine(View.plain(entry))
    case "json":
      return Console.error(View.plain(entry))
  }
}

/** The next event is taken when this one was shown: a slow output slows the shards down. */
const handle = (watching: Watching) => ({ event, shard }: Fleet.FleetEvent) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const entry = Board.eventEntry(event, shard, now)
    watching.board = Board.addEvent(watching.board, entry, event, shard)
    return Effect.zipRight(
      watching.options.record(event, shard.id, now),
      showEvent(watching.options, event, entry)
    )
  })

const standing = (shard: Shard.Shard): Effect.Effect<View.Standing> =>
  Effect.map(
    Effect.all([shard.status, shard.latency, shard.buffered]),
    ([status, latency, buffered]) => ({ id: shard.id, status, latency, buffered })
  )

/** Where everything stands now. Rates are measured as long as somebody looks. */
const look = (watching: Watching, watched: Watched) =>
  Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    const shards = yield* Effect.flatMap(watched.shards, Effect.forEach(standing))
    const latencies = shards.map(({ latency }) => latency)
    const board = Board.reshape(watching.board, shards.map(({ id }) => id))
    watching.board = Board.beat(Board.sample(board, at), latencies)
    return {
      at,
      title: watching.options.title,
      shards,
      board: watching.board,
      // What all runners of a cluster share, its database knows.
      budget: Option.orElse(
        watching.budget,
        () => Option.flatMap(watching.cluster, ({ identifies }) => identifies)
      ),
      cluster: watching.cluster,
      resharding: Option.orElse(
        yield* watched.resharding,
        () => Option.map(Option.flatMap(watching.cluster, ({ resharding }) => resharding), describeResharding)
      )
    }
  })

const draw = (watching: Watching, watched: Watched) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const moment = yield* look(watching, watched)
    return View.screen({
      ...moment,
      board: { ...moment.board, tail: watching.paused ?? moment.board.tail },
      controls: watching.controls,
      columns: yield* terminal.columns,
      rows: yield* terminal.rows,
      hasColours: yield* Live.hasColours
    })
  })

/** On loopback: what the page shows is nobody else's business. */
const pageHost = "127.0.0.1"

const servePage = (watching: Watching, watched: Watched, port: number) =>
  Effect.gen(function*() {
    const { mode } = watching.options
    // A server, with all that it imports, for those who want one.
    const StatusServer = yield* Effect.promise(() => import("./StatusServer.js"))
    const { url } = yield* StatusServer.make({
      host: pageHost,
      port,
      snapshot: Effect.map(look(watching, watched), Snapshot.make)
    })
    yield* showNotice(watching, {
      at: yield* Clock.currentTimeMillis,
      kind: "notice",
      shard: undefined,
      title: "INFO",
      text: `the status page is at ${url}`
    })
    // Nobody may look for a while; rates are of the last second all the same.
    return yield* mode === "live"
      ? Effect.never
      : Effect.forever(Effect.zipRight(look(watching, watched), Effect.sleep("1 second")))
  })

/** Asks again and again beside the drawing: an API or a database may take its time. */
const follow = <A>(ask: Effect.Effect<A>, take: (answer: A) => void): Effect.Effect<never> =>
  Effect.forever(Effect.zipRight(Effect.map(ask, take), Effect.sleep(askInterval)))

const followAll = (watching: Watching, watched: Watched): Effect.Effect<never> =>
  Effect.raceFirst(
    follow(watching.options.budget, (budget) => {
      watching.budget = budget
    }),
    follow(watched.cluster, (cluster) => {
      watching.cluster = cluster
    })
  )

/**
 * Watches until the time is up, or until it is interrupted; then closes the shards so that their sessions can be
 * resumed, and says what it came to. Fails if the gateway closes a shard for good.
 *
 * @since 0.1.0
 * @category running
 */
export const run = <E, R>(
  options: Options<E, R>
): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | CliError | OutputClosed,
  Exclude<R, Scope.Scope> | Terminal.Terminal
> =>
  Effect.scoped(Effect.gen(function*() {
    const notices = yield* Mailbox.make<Board.Entry>()
    const logger = makeLogger((entry) => notices.unsafeOffer(entry))
    const watching: Watching = {
      options,
      board: Board.make([], yield* Clock.currentTimeMillis, options),
      controls: Controls.initial,
      paused: undefined,
      budget: Option.none(),
      cluster: Option.none()
    }
    const terminal = yield* Terminal.Terminal
    const source = options.source((event) =>
      Effect.provideService(handle(watching)(event), Terminal.Terminal, terminal)
    )
    // Shards log to the loggers of where they were made: here to this one alone, whatever logs around it.
    const toNotices = Effect.locally(FiberRef.currentLoggers, HashSet.make(logger))
    const watched = yield* toNotices(source)
    const ids = Effect.map(watched.shards, (shards) => shards.map(({ id }) => id))
    watching.board = Board.reshape(watching.board, yield* ids)
    const showNotices = Effect.forever(
      Effect.flatMap(Effect.orDie(notices.take), (entry) => showNotice(watching, entry))
    )
    const reading = yield* Effect.forkScoped(Effect.raceFirst(toNotices(watched.reading), showNotices))

    const page = Option.match(options.http, {
      onNone: () => Effect.never,
      onSome: (port) => servePage(watching, watched, port)
    })
    const view = options.mode === "live"
      ? Live.show(draw(watching, watched), Live.controlled(watching, () => watching.board.tail))
      : Effect.never
    const isLookedAt = options.mode === "live" || Option.isSome(options.http)
    const following = isLookedAt ? followAll(watching, watched) : Effect.never
    const timeUp = Option.match(options.duration, { onNone: () => Effect.never, onSome: Effect.sleep })
    const ended = Effect.raceFirst(
      Effect.raceFirst(Fiber.join(reading), Effect.raceFirst(toNotices(watched.beside), page)),
      Effect.raceFirst(Effect.raceFirst(view, following), timeUp)
    )

    const finish = Effect.gen(function*() {
      const sequences = Effect.sync(() => watching.board.shards.map(({ sequence }) => sequence))
      const missing = yield* options.settle(sequences)
      // Who came and went since the last look counts too.
      watching.board = Board.reshape(watching.board, yield* ids)
      const kept = yield* watched.close
      yield* showSummary(options.mode, View.summary(watching.board, { missing, kept }))
    })
    yield* Effect.onExit(
      ended,
      (exit) => Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? Effect.ignore(finish) : Effect.void
    )
  }))

const showSummary = (mode: Mode, text: string) => mode === "json" ? Console.error(text) : writeLine(text)
