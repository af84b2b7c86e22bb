/**
 * Grants permission to identify. Discord allows one IDENTIFY for each bucket (`shard id % max concurrency`) every
 * 5 seconds, and a number of them a day, shared by all shards of a bot.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/IdentifyQueue")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * One queue is to be shared by all shards of a bot: every first identify and every later one passes it, a resume never
 * does.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyQueue {
  readonly [TypeId]: TypeId
  /**
   * Waits for the shard's turn, then runs `identify`, which writes the payload. The turn is used up unless `identify`
   * fails, as when the socket has died meanwhile: then the next in line has it at once. Interrupting the wait gives
   * the place back.
   */
  readonly withPermit: (
    shard: ShardId.ShardId
  ) => <A, E, R>(identify: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const IdentifyQueue = Context.GenericTag<IdentifyQueue>("@vesper/gateway/IdentifyQueue")

/**
 * The time that Discord wants between two identifies of a bucket.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.seconds(5)

/**
 * A queue from its one function, for a limit that is kept elsewhere.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (withPermit: IdentifyQueue["withPermit"]): IdentifyQueue => ({ [TypeId]: TypeId, withPermit })

/**
 * A queue for the shards of one process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeInMemory = (options: {
  /** Identifies that Discord allows at a time; `session_start_limit.max_concurrency` of GET /gateway/bot. */
  readonly maxConcurrency: number
  /**
   * The time between two identifies of a bucket, counted from the moment the first was written. Discord counts 5
   * seconds at its own end: a longer interval leaves room for an uneven network. Default: 5 seconds.
   */
  readonly interval?: Duration.DurationInput | undefined
}): Effect.Effect<IdentifyQueue> =>
  Effect.sync(() => {
    const interval = Duration.toMillis(options.interval ?? defaultInterval)
    const maxConcurrency = Math.max(1, Math.floor(options.maxConcurrency))
    // A semaphore lets in its waiters in the order in which they came.
    const buckets = Array.from({ length: maxConcurrency }, () => ({
      turn: Effect.unsafeMakeSemaphore(1),
      freeAt: Number.NEGATIVE_INFINITY
    }))
    return make((shard) => {
      const bucket = buckets[ShardId.bucket(shard, maxConcurrency)]
      if (bucket === undefined) {
        throw new Error("a remainder is smaller than its divisor")
      }
      const awaitSpacing = Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => now < bucket.freeAt ? Effect.sleep(bucket.freeAt - now) : Effect.void
      )
      const startSpacing = Effect.map(Clock.currentTimeMillis, (now) => {
        bucket.freeAt = now + interval
      })
      return (identify) =>
        bucket.turn.withPermits(1)(
          Effect.zipRight(
            awaitSpacing,
            // Interrupted while it was writing, the identify may still arrive: only a failure proves that it was not sent.
            Effect.onExit(identify, (exit) =>
              Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? startSpacing : Effect.void)
          )
        )
    })
  })

/**
 * A queue for the shards of one process.
 *
 * @example
 * ```ts
 * import { IdentifyQueue } from "@vesper/gateway"
 * import { ShardId } from "@vesper/model"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* IdentifyQueue.IdentifyQueue
 *   yield* queue.withPermit(ShardId.single)(Effect.log("identifying"))
 * })
 *
 * Effect.runPromise(Effect.provide(program, IdentifyQueue.layerInMemory({ maxConcurrency: 1 })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerInMemory = (options: {
  /** Identifies that Discord allows at a time; `session_start_limit.max_concurrency` of GET /gateway/bot. */
  readonly maxConcurrency: number
  /** The time between two identifies of a bucket. Default: 5 seconds. */
  readonly interval?: Duration.DurationInput | undefined
}): Layer.Layer<IdentifyQueue> => Layer.effect(IdentifyQueue, makeInMemory(options))

/**
 * No limit: for tests, and for a proxy that keeps the limit itself.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerUnlimited: Layer.Layer<IdentifyQueue> = Layer.succeed(
  IdentifyQueue,
  make(() => (identify) => identify)
)
