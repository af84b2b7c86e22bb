/**
 * Round-trip times of heartbeats since the HELLO of the current connection.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/**
 * The number of the latest round trips that are kept.
 *
 * @since 0.1.0
 * @category constants
 */
export const recentSize = 5

/**
 * An immutable snapshot of the measurements.
 *
 * @since 0.1.0
 * @category models
 */
export class Latency extends Data.Class<{
  /** Heartbeats sent. */
  readonly beats: number
  /** Heartbeats acknowledged. */
  readonly periods: number
  /** The sum of all round trips, in milliseconds. */
  readonly totalMillis: number
  /** The last round trips, newest first, five at most. */
  readonly recent: Chunk.Chunk<Duration.Duration>
  /**
   * The time at which the last heartbeat was sent, in milliseconds of monotonic time: `Clock.currentTimeNanos` in
   * milliseconds. It differs from wall time once the system clock is set.
   */
  readonly sent: Option.Option<number>
  /** The time at which that heartbeat was acknowledged, on the same clock; none until then. */
  readonly received: Option.Option<number>
}> {
  /** The mean of all round trips; none before the first acknowledgement. */
  get average(): Option.Option<Duration.Duration> {
    return this.periods === 0 ? Option.none() : Option.some(Duration.millis(this.totalMillis / this.periods))
  }
}

/**
 * The latency of a connection without a heartbeat.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Latency = new Latency({
  beats: 0,
  periods: 0,
  totalMillis: 0,
  recent: Chunk.empty(),
  sent: Option.none(),
  received: Option.none()
})

/**
 * True if the last heartbeat is not yet acknowledged.
 *
 * @since 0.1.0
 * @category getters
 */
export const isAwaiting = (self: Latency): boolean => Option.isSome(self.sent) && Option.isNone(self.received)
