/**
 * All events of a shard for one of several readers, in a buffer of its own.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as ShardError from "./ShardError.js"

/**
 * What happens when a subscriber's buffer is full.
 *
 * - `suspend`: the socket is paused until the subscriber has caught up. Nothing is lost, and everybody else waits too.
 * - `dropOldest`: what waits longest is lost.
 * - `dropNewest`: what comes is lost.
 * - `fail`: the subscription ends with a `SubscriptionOverflowError` once its buffer is read to the end.
 *
 * @since 0.1.0
 * @category models
 */
export type Strategy = "suspend" | "dropOldest" | "dropNewest" | "fail"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<S extends Strategy = Strategy> {
  /** Events that may wait for the subscriber. Default: 1024. */
  readonly capacity?: number | undefined
  /** Default: `suspend`. */
  readonly strategy?: S | undefined
  /** The events that this subscriber wants, of those that the shard does. Default: all. */
  readonly events?: Iterable<EventType.EventType> | undefined
  /** The events that a dropping strategy may lose; for others it suspends. Default: all. */
  readonly droppable?: Iterable<EventType.EventType> | undefined
}

/**
 * A subscriber with the strategy `fail` was too slow.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionOverflowError
  extends Schema.TaggedError<SubscriptionOverflowError>("@vesper/gateway/SubscriptionOverflowError")(
    "SubscriptionOverflowError",
    { capacity: Schema.Number }
  )
{
  override get message(): string {
    return `a subscriber was too slow: more than ${this.capacity} events waited for it; ` +
      "give it a larger capacity or another strategy, or let it do less for each event"
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Subscription<E = never> {
  /**
   * The events since the subscription began. Reading them starts the shard. Several readers of one subscription share
   * its events out; it ends and fails as `Shard.events` does.
   */
  readonly events: Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError | E>
  /** How many events this subscriber has lost. */
  readonly dropped: Effect.Effect<number>
}
