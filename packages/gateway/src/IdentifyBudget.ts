/**
 * The identifies that Discord allows a bot in 24 hours. A bot that spends one more has its token reset; so a queue that
 * knows the budget stops before its end and waits for the next window.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/**
 * Where the budget of a bot stands.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyBudget {
  /** Identifies in a window. */
  readonly total: number
  /** Identifies left in this window, the reserve and those that `IdentifyQueue.reserve` holds among them. */
  readonly remaining: number
  /** Identifies that the queue does not spend. */
  readonly reserve: number
  /** When all are there again, in milliseconds since 1970; the next identify starts a window if there is none. */
  readonly resetsAt: number | undefined
}

/**
 * What a queue is told of a budget: `session_start_limit` of GET /gateway/bot has its figures.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Identifies in a window of 24 hours. Default: 1,000. */
  readonly total?: number | undefined
  /** How many are left. Default: all. */
  readonly remaining?: number | undefined
  /** How long until all are there again. Default: no window has begun, 24 hours from the first identify on. */
  readonly resetAfter?: Duration.DurationInput | undefined
  /**
   * How many to leave for a human, who wants to start the bot once more after a bad day: give 0 then. At most one less
   * than the total. Default: 5 percent of the total.
   */
  readonly reserve?: number | undefined
}

/**
 * How long a window lasts.
 *
 * @since 0.1.0
 * @category constants
 */
export const window: Duration.Duration = Duration.hours(24)

/**
 * The reserve of a total for which none was chosen: 5 percent, rounded up.
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
 * How many identifies the queue may still grant in this window.
 *
 * @since 0.1.0
 * @category combinators
 */
export const spendable = (self: IdentifyBudget): number => Math.max(0, self.remaining - self.reserve)

/**
 * Nothing but the reserve is left today, besides what others have reserved; or less than was to be reserved. A shard gets
 * this error only from a queue with `whenExhausted: "fail"`; elsewhere it waits.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdentifyBudgetExhausted
  extends Schema.TaggedError<IdentifyBudgetExhausted>("@vesper/gateway/IdentifyBudgetExhausted")(
    "IdentifyBudgetExhausted",
    {
      total: Schema.Number,
      remaining: Schema.Number,
      reserve: Schema.Number,
      /** When identifies are to be had again, in milliseconds since 1970. */
      until: Schema.Number
    }
  )
{
  override get message(): string {
    return `${this.remaining} of ${this.total} identifies are left today and ${this.reserve} are kept for a human: no shard identifies before ${
      new Date(this.until).toISOString()
    }; find out what makes shards identify so often, and lower the reserve if this start cannot wait`
  }
}
