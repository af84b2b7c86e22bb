/**
 * A subscription to the events of a shard, with its own buffer and overflow strategy.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as ShardError from "./ShardError.js"

/**
 * The behaviour of a subscription whose buffer is full.
 *
 * - `suspend`: pauses the socket until half of the buffer is read. No event is lost, and all readers of the shard wait.
 * - `dropOldest`: drops the oldest event of the buffer.
 * - `dropNewest`: drops the received event.
 * - `fail`: fails with a `SubscriptionOverflowError` once the buffer is read to its end.
 *
 * @since 0.1.0
 * @category models
 */
export type Strategy = "suspend" | "dropOldest" | "dropNewest" | "fail"

/**
 * Options of `Shard.subscribe`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscribeOptions<S extends Strategy = Strategy> {
  /** Maximum number of waiting events, at most the shard's `eventBufferSize`, which is the default. */
  readonly capacity?: number | undefined
  /** The behaviour when the buffer is full. Default: `suspend`. */
  readonly strategy?: S | undefined
  /** The events to receive, among the shard's `events`. Default: all. */
  readonly events?: Iterable<EventType.EventName> | undefined
  /** The events that a dropping strategy may drop. For other events it suspends. Default: all. */
  readonly droppable?: Iterable<EventType.EventName> | undefined
}

/**
 * The buffer of a subscription with the strategy `fail` has overflowed.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionOverflowError extends Data.TaggedError("SubscriptionOverflowError")<{
  /** Maximum number of waiting events. */
  readonly capacity: number
}> {
  override get message(): string {
    return `a subscription has overflowed: more than ${this.capacity} events waited; ` +
      "use a larger capacity or another strategy, or do less work for each event"
  }
}

/**
 * A subscription, open until its scope closes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subscription<E = never> {
  /**
   * Emits the events since the subscription was opened. Reading them starts the shard. Each event is emitted once, to one of the
   * stream's runs. Ends and fails as `Shard.events` does.
   */
  readonly events: Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError | E>
  /** The number of dropped events. */
  readonly dropped: Effect.Effect<number>
}
