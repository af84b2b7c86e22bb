/**
 * Runs shards in front of the user's eyes: a live view on a terminal, plain lines elsewhere, or JSON.
 *
 * @since 0.1.0
 */
import * as Terminal from "@effect/platform/Terminal"
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
import * as Live from "./internal/live.js"
import { writeLine } from "./internal/output.js"
import { clean } from "./internal/text.js"
import * as Snapshot from "./Snapshot.js"
import * as StatusServer from "./StatusServer.js"
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
 * What is done with each event before it is shown, by the shard's place in the list and the time in milliseconds since
 * 1970. The next event waits for it.
 *
 * @since 0.1.0
 * @category models
 */
export type Record = (event: Dispatch.Dispatch, shard: number, at: number) => Effect.Effect<void, CliError>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R> {
  readonly title: string
  readonly mode: Mode
  /** Whether the shards read all events of their sessions: then those that stay away can be counted. */
  readonly isGapless: boolean
  /** When to end; none means on Ctrl-C. */
  readonly duration: Option.Option<Duration.Duration>
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>, E, R>
  /** Where the status page is served, if it is. */
  readonly http: Option.Option<number>
  /** How many identifies are left, if there is somebody to ask; asked again and again. */
  readonly budget: Effect.Effect<Option.Option<View.Budget>>
  readonly record: Record
  /** What goes on beside the shards as long as they are watched. */
  readonly beside: Effect.Effect<never, E, R>
  /** Lets what is still on the way come in; how many events stayed away. Asked with the last numbers that came in. */
  readonly settle: (sequences: Effect.Effect<ReadonlyArray<number>>) => Effect.Effect<number, never, R>
}

/** How often the budget is looked at; who answers may well answer with what it knew. */
const budgetInterval = "2 seconds"

interface Watching {
  readonly options: Pick<Options<never, never>, "budget" | "mode" | "record" | "title">
  readonly shards: ReadonlyArray<Shard.Shard>
  // What has come in so far; replaced with each event.
  board: Board.Board
  // What the keys have made of the view.
  controls: Controls.Controls
  budget: Option.Option<View.Budget>
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

const showEvent = (mode: Mode, event: Dispatch.Dispatch, entry: Board.Entry) => {
  switch (mode) {
    case "live":
      return Effect.void
    case "plain":
      return writeLine(View.plain(entry))
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

/** Reads all shards. The next event is taken when this one was shown: a slow output slows the shard down. */
const readAll = (watching: Watching) =>
  Effect.forEach(
    watching.shards,
    (shard, index) =>
      Stream.runForEach(shard.events, (event) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const entry = Board.eventEntry(event, index, now)
          watching.board = Board.addEvent(watching.board, entry, event)
          const { mode, record } = watching.options
          return Effect.zipRight(record(event, index, now), showEvent(mode, event, entry))
        })),
    { concurrency: "unbounded", discard: true }
  )

const standing = (shard: Shard.Shard): Effect.Effect<View.Standing> =>
  Effect.map(
    Effect.all([shard.status, shard.latency, shard.buffered]),
    ([status, latency, buffered]) => ({ id: shard.id, status, latency, buffered })
  )

/** Where everything stands now. Rates are measured as long as somebody looks. */
const look = (watching: Watching) =>
  Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    const shards = yield* Effect.forEach(watching.shards, standing)
    const latencies = shards.map(({ latency }) => latency)
    watching.board = Board.beat(Board.sample(watching.board, at), latencies)
    return { at, title: watching.options.title, shards, board: watching.board, budget: watching.budget }
  })

const draw = (watching: Watching) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    return View.screen({
      ...(yield* look(watching)),
      controls: watching.controls,
      columns: yield* terminal.columns,
      rows: yield* terminal.rows,
      hasColours: yield* Live.hasColours
    })
  })

/** On loopback: what the page shows is nobody else's business. */
const pageHost = "127.0.0.1"

const servePage = (watching: Watching, port: number) =>
  Effect.gen(function*() {
    const { mode } = watching.options
    const { url } = yield* StatusServer.make({
      host: pageHost,
      port,
      snapshot: Effect.map(look(watching), Snapshot.make)
    })
    yield* showNotice(watching, {
      at: yield* Clock.currentTimeMillis,
      kind: "notice",
      shard: undefined,
      title: "INFO",
      text: `the status page is at ${url}`
    })
    // Nobody may look for a while; rates are of the last second all the same.
    yield* mode === "live" ? Effect.never : Effect.forever(Effect.zipRight(look(watching), Effect.sleep("1 second")))
  })

/** Asks beside the drawing: an API may take its time. */
const followBudget = (watching: Watching): Effect.Effect<never> =>
  watching.options.budget.pipe(
    Effect.tap((budget) => {
      watching.budget = budget
    }),
    Effect.zipRight(Effect.sleep(budgetInterval)),
    Effect.forever
  )

const onKey = (watching: Watching): Live.OnKey => (key) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const controls = Controls.press(watching.controls, key, now)
    watching.controls = Option.getOrElse(controls, () => watching.controls)
    return Option.isNone(controls)
  })

/** Closes all shards in a way that lets the next process resume them. How many sessions there are to resume. */
const closeAll = (shards: ReadonlyArray<Shard.Shard>): Effect.Effect<number> =>
  Effect.map(
    Effect.forEach(shards, (shard) => shard.close(CloseFrame.RESUME), { concurrency: "unbounded" }),
    (sessions) => Array.getSomes(sessions).length
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
    // Shards log to the loggers of where they were made: here to this one alone, whatever logs around it.
    const shards = yield* Effect.locally(options.shards, FiberRef.currentLoggers, HashSet.make(logger))
    const watching: Watching = {
      options,
      shards,
      board: Board.make(shards.length, yield* Clock.currentTimeMillis, options),
      controls: Controls.initial,
      budget: Option.none()
    }
    const showNotices = Effect.forever(
      Effect.flatMap(Effect.orDie(notices.take), (entry) => showNotice(watching, entry))
    )
    const reading = yield* Effect.forkScoped(Effect.raceFirst(readAll(watching), showNotices))

    const page = Option.match(options.http, { onNone: () => Effect.never, onSome: (port) => servePage(watching, port) })
    const view = options.mode === "live"
      ? Live.show(draw(watching), onKey(watching))
      : Effect.never
    const needsBudget = options.mode === "live" || Option.isSome(options.http)
    const budget = needsBudget ? followBudget(watching) : Effect.never
    const timeUp = Option.match(options.duration, { onNone: () => Effect.never, onSome: Effect.sleep })
    const watched = Effect.raceFirst(
      Effect.raceFirst(Fiber.join(reading), Effect.raceFirst(options.beside, page)),
      Effect.raceFirst(Effect.raceFirst(view, budget), timeUp)
    )

    const finish = Effect.gen(function*() {
      const sequences = Effect.sync(() => watching.board.shards.map(({ sequence }) => sequence))
      const missing = yield* options.settle(sequences)
      const kept = yield* closeAll(shards)
      yield* showSummary(options.mode, View.summary(watching.board, { missing, kept }))
    })
    yield* Effect.onExit(watched, (exit) =>
      Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? Effect.ignore(finish) : Effect.void)
  }))

const showSummary = (mode: Mode, text: string) => mode === "json" ? Console.error(text) : writeLine(text)
