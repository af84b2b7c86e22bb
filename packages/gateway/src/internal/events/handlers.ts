/** Reading with handlers, of a shard or of a fleet. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Shard from "../../Shard.js"
import type * as ShardConfig from "../../ShardConfig.js"
import type * as ShardError from "../../ShardError.js"
import type { After } from "../time/index.js"
import type { Options as CursorOptions, Parse } from "./log/index.js"
import { NextEvent } from "./nextEvent.js"
import type { Reader } from "./reader.js"
import type { Readers } from "./readers.js"
import * as Runner from "./runner.js"

/** What is read: the events of a shard or a fleet. */
export interface Source {
  readonly readers: Readers
  readonly config: Pick<ShardConfig.ShardConfig, "acknowledge" | "drainTimeout">
  readonly parse: Parse.Parse
  readonly after: After.After
  /** Starts the shard if it is not running. */
  readonly start: Effect.Effect<void>
}

const suspending = { strategy: "suspend", droppable: undefined, capacity: undefined, acknowledges: true } as const

const isTracked = ({ config }: Source): boolean => config.acknowledge === "onHandled"

export const makeNextEvent = (source: Source): NextEvent => {
  const options: CursorOptions = { ...suspending, name: "`nextEvent`", wanted: undefined, wantsNotices: true }
  return new NextEvent(source.readers, options, isTracked(source), source.after)
}

const concurrencyOf = ({ concurrency = 1 }: Shard.RunOptions): number =>
  concurrency === "unbounded" ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(concurrency) || 1)

const traced = <E, R>(handler: Runner.Handler<E, R>): Runner.Handler<E, R> => (event, shard) =>
  Effect.withSpan(Effect.suspend(() => handler(event, shard)), "vesper.handle", {
    attributes: { "event.type": event.t, "shard.id": shard.id }
  })

const cursorOptions = ({ events }: Shard.RunForEachOptions): CursorOptions => {
  const wanted = events && new Set<string>(events)
  const name = wanted === undefined ? "the handler of `runForEach`" : `the handlers of ${Array.from(wanted).join(", ")}`
  return { ...suspending, name, wanted, wantsNotices: false }
}

/** A reader that was opened for a run of handlers. `owner` identifies the handlers. */
export interface Opened<O> {
  readonly owner: O
  readonly options: Shard.RunForEachOptions
  readonly reader: Reader
}

/**
 * Opens a reader for each run at the same time, so that all of them receive the same events. A run continues the remainder of
 * the last one with its key; the others take over the events that the fiber has not read with `nextEvent`.
 */
export const open = <O>(
  { readers }: Source,
  nextEvent: NextEvent,
  runs: ReadonlyArray<readonly [owner: O, options: Shard.RunForEachOptions]>
): Effect.Effect<ReadonlyArray<Opened<O>>> =>
  Effect.withFiberRuntime((fiber) => {
    const opened = runs.map(([owner, options]) => {
      const wanting = cursorOptions(options)
      const left = readers.adopt(options.key, owner, wanting.wanted)
      return { owner, options, wanting, adopted: left && readers.open(wanting, left) }
    })
    const others = opened.filter(({ adopted }) => adopted === undefined).map(({ wanting }) => wanting)
    if (others.length === 0) {
      nextEvent.leaveUnread(fiber)
    }
    const fresh = others.length === 0 ? [] : readers.openAll(others, nextEvent.leave(fiber))
    return Effect.succeed(opened.flatMap(({ adopted, options, owner }) => {
      const reader = adopted ?? fresh.shift()
      return reader === undefined ? [] : [{ owner, options, reader }]
    }))
  })

/** Runs a handler for each event that the reader reads. */
export const read = <E, R>(
  source: Source,
  reader: Reader,
  handler: Runner.Handler<E, R>,
  options: Shard.RunForEachOptions
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> => {
  const { config, parse, readers } = source
  return Runner.run(reader, parse, options.spans === true ? traced(handler) : handler, {
    concurrency: concurrencyOf(options),
    isOrdered: options.order !== "none",
    isTracked: isTracked(source),
    drainTimeout: config.drainTimeout
  }, readers.runs)
}

/** Ends a run. Its unhandled events wait for the next run with its key. */
export const leave = ({ readers }: Source, { options, owner, reader }: Opened<unknown>): void =>
  readers.leave(reader, options.key, owner)

/** Runs a handler for each event. It takes up what the last run with the same key has left behind. */
export const run = <E, R>(
  source: Source,
  nextEvent: NextEvent,
  handler: Runner.Handler<E, R>,
  options: Shard.RunForEachOptions = {}
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> =>
  Effect.acquireUseRelease(
    open(source, nextEvent, [[handler, options]]),
    ([opened]) =>
      opened === undefined
        ? Effect.void
        : Effect.zipRight(source.start, read(source, opened.reader, handler, options)),
    (opened) => Effect.sync(() => opened.forEach((each) => leave(source, each)))
  )
