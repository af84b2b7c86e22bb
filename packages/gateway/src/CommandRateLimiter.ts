/**
 * Keeps one connection within Discord's limit of 120 messages in any 60 seconds.
 *
 * The limiter is a sliding log: each message counts for 60 seconds and a margin. Room is reserved for heartbeats, so they wait
 * only if the gateway requests more than 110 of them in a window.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as HeartbeatPolicy from "./internal/heartbeat/policy.js"

/**
 * Messages of any kind that Discord accepts from one connection in a window.
 *
 * @since 0.1.0
 * @category constants
 */
export const limit = 120

/**
 * The duration of the window of `limit`.
 *
 * @since 0.1.0
 * @category constants
 */
export const window: Duration.Duration = Duration.seconds(60)

/**
 * The time that a message counts beyond the window. Discord counts arrivals, and network jitter can bring those of two
 * windows closer together.
 *
 * @since 0.1.0
 * @category constants
 */
export const margin: Duration.Duration = Duration.seconds(1)

/**
 * Minimum number of commands in a window. With heartbeat intervals below about 550 ms, heartbeats and commands together exceed
 * the limit, and heartbeats are sent as often as the limit permits.
 *
 * @since 0.1.0
 * @category constants
 */
export const minimum = 10

/**
 * Presence updates that Discord accepts from one connection in `presenceWindow`, in addition to `limit`.
 *
 * @since 0.1.0
 * @category constants
 */
export const presenceLimit = 5

/**
 * The duration of the window of `presenceLimit`.
 *
 * @since 0.1.0
 * @category constants
 */
export const presenceWindow: Duration.Duration = Duration.seconds(20)

/**
 * A snapshot of the limiter of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export class CommandRateLimiter extends Data.Class<{
  /** Commands that can be sent now. */
  readonly available: number
  /** Commands in a window, without heartbeats. */
  readonly max: number
  /** The time until a command can be sent; zero if one can be sent now. */
  readonly nextAvailable: Duration.Duration
  /** The time until the oldest command no longer counts; none if no command counts. */
  readonly nextRefill: Option.Option<Duration.Duration>
}> {}

/**
 * Returns the number of commands in a window, without the heartbeats of an interval.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { CommandRateLimiter } from "@vesper/gateway"
 *
 * assert.strictEqual(CommandRateLimiter.capacity("41250 millis"), 117)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const capacity = (heartbeatInterval: Duration.DurationInput): number => {
  const interval = Duration.toMillis(heartbeatInterval)
  if (interval === 0) {
    return minimum
  }
  const windowMillis = Duration.toMillis(window)
  // One more than fit, because a window may begin just before a heartbeat. With short intervals, the margin and the slack of
  // a heartbeat permit more.
  const heartbeats = 1 + Math.max(
    1,
    Math.ceil(windowMillis / interval),
    Math.floor((windowMillis + Duration.toMillis(margin)) / (interval - HeartbeatPolicy.slack(interval)))
  )
  return Math.max(minimum, limit - heartbeats)
}
