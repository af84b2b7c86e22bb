/** Events as streams. Each has a cursor of its own, takes what waits in one chunk, and acknowledges nothing. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as ShardError from "../../ShardError.js"
import * as Subscription from "../../Subscription.js"
import type { Cursor, Options as CursorOptions } from "./log/cursor.js"
import type { Source } from "./handlers.js"
import type { NextEvent } from "./nextEvent.js"
import { isFailure, type Parse } from "./log/parse.js"
import type { Reader } from "./reader.js"
import type { Readers } from "./readers.js"

/** Most events of one chunk. */
const maxChunk = 128

const streaming = { acknowledges: false, wantsNotices: false } as const

/** Opens a reader for as long as the scope, in place of single events that the fiber has read so far. */
const open = (
  readers: Readers,
  nextEvent: NextEvent,
  options: CursorOptions
): Effect.Effect<Reader, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.withFiberRuntime<Reader>((fiber) => Effect.sync(() => readers.open(options, nextEvent.leave(fiber)))),
    (reader) => Effect.sync(() => readers.leaveStream(reader))
  )

const take = <A>(
  reader: Reader,
  parse: Parse,
  give: (event: Dispatch.Dispatch, cursor: Cursor) => A
): ReadonlyArray<A> => {
  const events: Array<A> = []
  while (events.length < maxChunk) {
    const item = reader.next()
    const { current } = reader
    if (item === undefined || current === undefined) {
      break
    }
    if (item._tag === "Dispatch") {
      const event = parse(item)
      if (isFailure(event)) {
        current.log.reportUnreadable(item, event)
      } else {
        events.push(give(event, current))
      }
    }
  }
  return events
}

/**
 * Reads on over everything that the shard recovers from. Ends when the program closes it, and fails when the gateway does. A channel of
 * its own, which runs no Effect between two chunks while events wait.
 */
const fromReader = <A>(
  reader: Reader,
  parse: Parse,
  give: (event: Dispatch.Dispatch, cursor: Cursor) => A
): Stream.Stream<A, ShardError.FatallyClosedError> => {
  type Read = Channel.Channel<Chunk.Chunk<A>, unknown, ShardError.FatallyClosedError, unknown, void, unknown>
  const awaitAvailable = Channel.fromEffect(
    Effect.async<void>((resume) => {
      const cancel = reader.onAvailable(() => resume(Effect.void))
      return Effect.sync(cancel)
    })
  )
  const read: Read = Channel.suspend(() => {
    const events = take(reader, parse, give)
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

/** All events from now on. Each run of the stream has a cursor of its own; reading starts the shard. */
export const make = <A>(
  { parse, readers, start }: Source,
  nextEvent: NextEvent,
  give: (event: Dispatch.Dispatch, cursor: Cursor) => A
): Stream.Stream<A, ShardError.FatallyClosedError> =>
  Stream.suspend(() =>
    startedAt.pipe(
      Effect.flatMap((name) =>
        open(readers, nextEvent, {
          ...streaming,
          name,
          wanted: undefined,
          strategy: "suspend",
          droppable: undefined,
          capacity: undefined
        })
      ),
      Effect.zipLeft(start),
      Effect.map((reader) => fromReader(reader, parse, give)),
      Stream.unwrapScoped
    )
  )

const setOf = (events: Iterable<string> | undefined) => events && new Set(events)

const checkCapacity = ({ capacity }: Subscription.Options): Either.Either<void, ConfigError.ConfigError> =>
  capacity === undefined || (Number.isInteger(capacity) && capacity >= 1)
    ? Either.void
    : Either.left(
      ConfigError.InvalidData(["capacity"], `a subscription's capacity is a whole number from 1, not ${capacity}`)
    )

/** A reader of a shard's events from now on, with a strategy of its own, until the scope closes. */
export const subscribe =
  ({ parse, readers, start }: Source, nextEvent: NextEvent) =>
  <S extends Subscription.Strategy = "suspend">(
    options: Subscription.Options<S> = {}
  ): Effect.Effect<
    Subscription.Subscription<"fail" extends S ? Subscription.SubscriptionOverflowError : never>,
    ConfigError.ConfigError,
    Scope.Scope
  > =>
    Effect.gen(function*() {
      yield* checkCapacity(options)
      const { capacity, droppable, events, strategy = "suspend" } = options
      const reader = yield* open(readers, nextEvent, {
        ...streaming,
        name: `a subscription${events === undefined ? "" : ` to ${Array.from(events).join(", ")}`}`,
        wanted: setOf(events),
        strategy,
        droppable: setOf(droppable),
        capacity
      })
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
        // Only a subscription with the strategy `fail` ever overflows.
        events: Stream.concat(reading, overflowed) as Stream.Stream<
          Dispatch.Dispatch,
          | ShardError.FatallyClosedError
          | ("fail" extends S ? Subscription.SubscriptionOverflowError : never)
        >,
        dropped: Effect.sync(() => cursors().reduce((sum, { dropped }) => sum + dropped, 0))
      }
    })
