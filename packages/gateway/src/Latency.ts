/**
 * How long the gateway takes to acknowledge heartbeats, since the hello of the current connection.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/**
 * How many of the latest round trips are kept.
 *
 * @since 0.1.0
 * @category constants
 */
export const recentSize = 5

/**
 * An unchanging picture of the measurements so far.
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
  /** When the last heartbeat was sent, in milliseconds since the epoch. */
  readonly sent: Option.Option<number>
  /** When that heartbeat was acknowledged; none while the answer is awaited. */
  readonly received: Option.Option<number>
}> {
  /** The mean of all round trips; none before the first acknowledgement. */
  get average(): Option.Option<Duration.Duration> {
    return this.periods === 0 ? Option.none() : Option.some(Duration.millis(this.totalMillis / this.periods))
  }
}

/**
 * Nothing measured yet.
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
 * A heartbeat was sent at `now`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const beatSent = (self: Latency, now: number): Latency =>
  new Latency({ ...self, beats: self.beats + 1, sent: Option.some(now), received: Option.none() })

/**
 * A heartbeat was acknowledged at `now`. An acknowledgement that nobody asked for changes nothing.
 *
 * @since 0.1.0
 * @category combinators
 */
export const beatAcknowledged = (self: Latency, now: number): Latency => {
  if (Option.isNone(self.sent) || Option.isSome(self.received)) {
    return self
  }
  const millis = Math.max(0, now - self.sent.value)
  return new Latency({
    ...self,
    periods: self.periods + 1,
    totalMillis: self.totalMillis + millis,
    recent: Chunk.unsafeFromArray(
      [Duration.millis(millis), ...Chunk.toReadonlyArray(self.recent).slice(0, recentSize - 1)]
    ),
    received: Option.some(now)
  })
}

/**
 * Whether the last heartbeat is still unanswered.
 *
 * @since 0.1.0
 * @category getters
 */
export const isAwaiting = (self: Latency): boolean => Option.isSome(self.sent) && Option.isNone(self.received)
