/**
 * Keeps one connection within Discord's limit of 120 messages in any 60 seconds.
 *
 * A sliding log: each message takes a place for 60 seconds and a margin. Room is reserved for the heartbeats that will be
 * due, so they wait only if the gateway asks for more than 110 of them in a window.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as HeartbeatPolicy from "./internal/heartbeat/policy.js"

/**
 * Messages of any kind that Discord takes from one connection in a window.
 *
 * @since 0.1.0
 * @category constants
 */
export const limit = 120

/**
 * @since 0.1.0
 * @category constants
 */
export const window: Duration.Duration = Duration.seconds(60)

/**
 * How much longer than the window a place is taken. Discord counts where messages arrive: the ones of a slow moment and
 * those of a fast one a minute later are closer together there than they were sent.
 *
 * @since 0.1.0
 * @category constants
 */
export const margin: Duration.Duration = Duration.seconds(1)

/**
 * Commands that a window has room for at least, however short the heartbeat interval. Below about 550 ms heartbeats and
 * commands exceed the limit together; heartbeats are then sent as often as the limit permits.
 *
 * @since 0.1.0
 * @category constants
 */
export const minimum = 10

/**
 * Presence updates that Discord takes from a bot's connection in a window of their own, beside the other limit.
 *
 * @since 0.1.0
 * @category constants
 */
export const presenceLimit = 5

/**
 * @since 0.1.0
 * @category constants
 */
export const presenceWindow: Duration.Duration = Duration.seconds(20)

/**
 * An unchanging picture of a connection's limiter.
 *
 * @since 0.1.0
 * @category models
 */
export class CommandRateLimiter extends Data.Class<{
  /** Commands that could be sent at once. */
  readonly available: number
  /** Commands that a window has room for, heartbeats left out. */
  readonly max: number
  /** How long until one can be sent; zero if one can now. */
  readonly nextAvailable: Duration.Duration
  /** How long until the place that was taken first is free again; none while all are free. */
  readonly nextRefill: Option.Option<Duration.Duration>
}> {}

/**
 * Returns how many commands a window has room for beside the heartbeats of an interval.
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
 * @category combinators
 */
export const capacity = (heartbeatInterval: Duration.DurationInput): number => {
  const interval = Duration.toMillis(heartbeatInterval)
  if (interval === 0) {
    return minimum
  }
  const windowMillis = Duration.toMillis(window)
  // One more than fit, because a window may begin just before a heartbeat. Of short intervals, the margin and the slack of
  // a heartbeat make room for more.
  const heartbeats = 1 + Math.max(
    1,
    Math.ceil(windowMillis / interval),
    Math.floor((windowMillis + Duration.toMillis(margin)) / (interval - HeartbeatPolicy.slack(interval)))
  )
  return Math.max(minimum, limit - heartbeats)
}
