/**
 * The identifies that Discord allows a bot in 24 hours. Discord resets the token of a bot that exceeds them, so a queue keeps a
 * reserve and waits for the next window.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

/**
 * The current budget of a bot.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyBudget {
  /** Identifies in a window. */
  readonly total: number
  /** Identifies left in this window, including the reserve and reservations of `IdentifyQueue.reserve`. */
  readonly remaining: number
  /** Identifies that the queue does not grant. */
  readonly reserve: number
  /** The end of the window, in milliseconds since 1970. Undefined before the first identify of a window. */
  readonly resetsAt: number | undefined
}

/**
 * The initial budget of a queue. `session_start_limit` of GET /gateway/bot has the figures.
 *
 * @since 0.1.0
 * @category models
 */
export interface BudgetOptions {
  /** Identifies in a window of 24 hours. Default: 1,000. */
  readonly total?: number | undefined
  /** Identifies left in the window. Default: all. */
  readonly remaining?: number | undefined
  /** The time to the end of the window. Default: no window has begun; one of 24 hours begins with the first identify. */
  readonly resetAfter?: Duration.DurationInput | undefined
  /**
   * Identifies that are reserved for a restart by hand; set it to 0 for that restart. At most one less than the total.
   * Default: 5 percent of the total.
   */
  readonly reserve?: number | undefined
}

/**
 * The duration of a window.
 *
 * @since 0.1.0
 * @category constants
 */
export const window: Duration.Duration = Duration.hours(24)

/**
 * Returns the default reserve of a total: 5 percent, rounded up.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { IdentifyBudget } from "@vesper/gateway"
 *
 * assert.strictEqual(IdentifyBudget.defaultReserve(1_000), 50)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const defaultReserve = (total: number): number => Math.ceil(total / 20)

/**
 * Returns the identifies that the queue may still grant in this window.
 *
 * @since 0.1.0
 * @category combinators
 */
export const spendable = (self: IdentifyBudget): number => Math.max(0, self.remaining - self.reserve)

/**
 * Only the reserve and the reservations of other shards are left today, or fewer identifies than `IdentifyQueue.reserve`
 * requested. A shard fails with this error only with `whenExhausted: "fail"`; by default it waits.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdentifyBudgetExhausted extends Data.TaggedError("IdentifyBudgetExhausted")<{
  readonly total: number
  readonly remaining: number
  readonly reserve: number
  /** The time at which identifies are available again, in milliseconds since 1970. */
  readonly until: number
  /** The duration from the error until then, measured by monotonic time. */
  readonly after?: Duration.Duration | undefined
}> {
  override get message(): string {
    return `${this.remaining} of ${this.total} identifies are left today and ${this.reserve} are reserved for a restart by hand: no shard identifies before ${
      new Date(this.until).toISOString()
    }; find the cause of the many identifies, and lower the reserve if this start cannot wait`
  }
}
