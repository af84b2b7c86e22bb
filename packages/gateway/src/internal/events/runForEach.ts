/** Runs a handler for each event of a shard or a fleet: opens the reader, runs the handler, and ends the run. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Shard from "../../Shard.js"
import type * as ShardError from "../../ShardError.js"
import { makeOptions } from "./log/index.js"
import type { CursorOptions } from "./log/index.js"
import type { NextEvent } from "./nextEvent.js"
import type { Reader } from "./reader.js"
import { isTracked, type ReaderSource } from "./readerSource.js"
import * as Runner from "./runner.js"

const toConcurrency = ({ concurrency = 1 }: Shard.RunOptions): number =>
  concurrency === "unbounded" ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(concurrency) || 1)

const withSpan = <E, R>(handler: Runner.EventHandler<E, R>): Runner.EventHandler<E, R> => (event, shard) =>
  Effect.withSpan(Effect.suspend(() => handler(event, shard)), "vesper.handle", {
    attributes: { "event.type": event.t, "shard.id": shard.id }
  })

const toCursorOptions = ({ events }: Shard.RunForEachOptions): CursorOptions => {
  const wanted = events && new Set<string>(events)
  const name = wanted === undefined ? "the handler of `runForEach`" : `the handlers of ${Array.from(wanted).join(", ")}`
  return makeOptions(name, { wanted, acknowledges: true })
}

/** A reader that was opened for a run of handlers. `owner` identifies the handlers. */
export interface Opened<O> {
  readonly owner: O
  readonly options: Shard.RunForEachOptions
  readonly reader: Reader
}

/**
 * Opens a reader for each run at the same time, so that all of them receive the same events. A run continues with the unhandled
 * events of the last run with its key; the other runs continue with the events that the fiber has not read with `nextEvent`.
 */
export const open = <O>(
  { readers }: ReaderSource,
  nextEvent: NextEvent,
  runs: ReadonlyArray<readonly [owner: O, options: Shard.RunForEachOptions]>
): Effect.Effect<ReadonlyArray<Opened<O>>> =>
  Effect.withFiberRuntime((fiber) => {
    const opened = runs.map(([owner, options]) => {
      const cursorOptions = toCursorOptions(options)
      const ended = readers.adopt(options.key, owner, cursorOptions.wanted)
      return { owner, options, cursorOptions, adopted: ended && readers.open(cursorOptions, ended) }
    })
    const unadopted = opened.filter(({ adopted }) => adopted === undefined)
    if (unadopted.length === 0) {
      nextEvent.dropUnread(fiber)
    }
    const fresh = unadopted.length === 0
      ? []
      : readers.openAll(unadopted.map(({ cursorOptions }) => cursorOptions), nextEvent.handOver(fiber))
    return Effect.succeed(opened.flatMap(({ adopted, options, owner }) => {
      const reader = adopted ?? fresh.shift()
      return reader === undefined ? [] : [{ owner, options, reader }]
    }))
  })

export const read = <E, R>(
  source: ReaderSource,
  reader: Reader,
  handler: Runner.EventHandler<E, R>,
  options: Shard.RunForEachOptions
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> => {
  const { config, parse, readers } = source
  return Runner.run(reader, parse, options.spans === true ? withSpan(handler) : handler, {
    concurrency: toConcurrency(options),
    isOrdered: options.order !== "none",
    isTracked: isTracked(source),
    drainTimeout: config.drainTimeout
  }, readers.runs)
}

/** Ends a run. Its unhandled events wait for the next run with its key. */
export const end = ({ readers }: ReaderSource, { options, owner, reader }: Opened<unknown>): void =>
  readers.endRun(reader, options.key, owner)

/** Opens a reader and runs the handler for each of its events, until reading ends or the handler fails. */
export const run = <E, R>(
  source: ReaderSource,
  nextEvent: NextEvent,
  handler: Runner.EventHandler<E, R>,
  options: Shard.RunForEachOptions = {}
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> =>
  Effect.acquireUseRelease(
    open(source, nextEvent, [[handler, options]]),
    ([opened]) =>
      opened === undefined
        ? Effect.void
        : Effect.zipRight(source.start, read(source, opened.reader, handler, options)),
    (opened) => Effect.sync(() => opened.forEach((each) => end(source, each)))
  )
