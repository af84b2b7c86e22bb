/** Streams of events. Each has its own cursor, takes all waiting events in one chunk, and acknowledges nothing. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as ShardError from "../../ShardError.js"
import * as Subscription from "../../Subscription.js"
import { Check } from "../config/index.js"
import { isFailure, makeOptions } from "./log/index.js"
import type { Cursor, CursorOptions, Parse } from "./log/index.js"
import type { ReaderSource } from "./readerSource.js"
import type { NextEvent } from "./nextEvent.js"
import type { Reader } from "./reader.js"
import type { Readers } from "./readerRegistry.js"

/** Maximum number of events in a chunk. */
const maxChunk = 128

/** Opens a reader until the scope closes. It continues after the events that the fiber has read with `nextEvent`. */
const open = (
  readers: Readers,
  nextEvent: NextEvent,
  options: CursorOptions
): Effect.Effect<Reader, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.withFiberRuntime<Reader>((fiber) => Effect.sync(() => readers.open(options, nextEvent.handOver(fiber)))),
    (reader) => Effect.sync(() => readers.endStream(reader))
  )

const take = <A>(
  reader: Reader,
  parse: Parse.Parse,
  select: (event: Dispatch.Dispatch, cursor: Cursor) => A
): ReadonlyArray<A> => {
  const events: Array<A> = []
  while (events.length < maxChunk) {
    const item = reader.next()
    const { current } = reader
    if (item === undefined || current === undefined) {
      break
    }
    if (item._tag === "Dispatch") {
      const event = current.log.read(item, parse)
      if (!isFailure(event)) {
        events.push(select(event, current))
      }
    }
  }
  return events
}

/**
 * Streams the events of the reader over all reconnects. Ends when the program closes the shard, and fails when the gateway does. Written
 * as a channel, which runs no Effect between two chunks while events wait.
 */
export const fromReader = <A>(
  reader: Reader,
  parse: Parse.Parse,
  select: (event: Dispatch.Dispatch, cursor: Cursor) => A
): Stream.Stream<A, ShardError.FatallyClosedError> => {
  type Read = Channel.Channel<Chunk.Chunk<A>, unknown, ShardError.FatallyClosedError, unknown, void, unknown>
  const awaitAvailable = Channel.fromEffect(
    Effect.async<void>((resume) => {
      const cancel = reader.onAvailable(() => resume(Effect.void))
      return Effect.sync(cancel)
    })
  )
  const read: Read = Channel.suspend(() => {
    const events = take(reader, parse, select)
    if (events.length > 0) {
      return Channel.flatMap(Channel.write(Chunk.unsafeFromArray(events)), () => read)
    }
    const failure = reader.failure()
    if (failure?._tag === "FatallyClosedError") {
      return Channel.fail(failure)
    }
    return failure !== undefined || reader.hasOverflowed() ? Channel.void : Channel.flatMap(awaitAvailable, () => read)
  })
  return Stream.fromChannel(read)
}

const startedAt = Effect.map(
  Clock.currentTimeMillis,
  (now) => `the stream started at ${new Date(now).toISOString()}`
)

/** Streams the wanted events from now on. Each run of the stream has its own cursor. Reading starts the shard. */
export const make = <A>(
  { parse, readers, start }: ReaderSource,
  nextEvent: NextEvent,
  select: (event: Dispatch.Dispatch, cursor: Cursor) => A,
  wanted?: CursorOptions["wanted"]
): Stream.Stream<A, ShardError.FatallyClosedError> =>
  Stream.suspend(() =>
    startedAt.pipe(
      Effect.flatMap((name) => open(readers, nextEvent, makeOptions(name, { wanted }))),
      Effect.zipLeft(start),
      Effect.map((reader) => fromReader(reader, parse, select)),
      Stream.unwrapScoped
    )
  )

const toSet = (events: Iterable<string> | undefined) => events && new Set(events)

/** Opens a reader of a shard's events from now on, with its own strategy, until the scope closes. */
export const subscribe =
  ({ parse, readers, start }: ReaderSource, nextEvent: NextEvent) =>
  <S extends Subscription.Strategy = "suspend">(
    subscribeOptions: Subscription.SubscribeOptions<S> = {}
  ): Effect.Effect<
    Subscription.Subscription<"fail" extends S ? Subscription.SubscriptionOverflowError : never>,
    ConfigError.ConfigError,
    Scope.Scope
  > =>
    Effect.gen(function*() {
      yield* Check.fields({ capacity: Check.integer(1) }, subscribeOptions)
      const { capacity, droppable, events, strategy = "suspend" } = subscribeOptions
      const name = `a subscription${events === undefined ? "" : ` to ${Array.from(events).join(", ")}`}`
      const options = makeOptions(name, { wanted: toSet(events), strategy, droppable: toSet(droppable), capacity })
      const reader = yield* open(readers, nextEvent, options)
      const cursors = () => Array.from(reader.cursors.values())
      const overflowed = Stream.suspend(() =>
        reader.hasOverflowed()
          ? Stream.fail(
            new Subscription.SubscriptionOverflowError({
              capacity: Math.min(...cursors().map(({ capacity }) => capacity))
            })
          )
          : Stream.empty
      )
      const reading = Stream.unwrap(Effect.as(start, fromReader(reader, parse, (event) => event)))
      return {
        // Only a subscription with the strategy `fail` can overflow.
        events: Stream.concat(reading, overflowed) as Stream.Stream<
          Dispatch.Dispatch,
          | ShardError.FatallyClosedError
          | ("fail" extends S ? Subscription.SubscriptionOverflowError : never)
        >,
        dropped: Effect.sync(() => cursors().reduce((sum, { dropped }) => sum + dropped, 0))
      }
    })
