/** The arithmetic and the error of the daily identify budget. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { IdentifyBudget } from "../../IdentifyQueue.js"

export const window: Duration.Duration = Duration.hours(24)

export const defaultReserve = (total: number): number => Math.ceil(total / 20)

export const spendable = (self: IdentifyBudget): number => Math.max(0, self.remaining - self.reserve)

export class IdentifyBudgetExhausted extends Data.TaggedError("IdentifyBudgetExhausted")<{
  readonly total: number
  readonly remaining: number
  readonly reserve: number
  /** The time at which IDENTIFYs are available again, in milliseconds since 1970. */
  readonly until: number
  /** Time from the error until the budget resets, measured by monotonic time. */
  readonly after?: Duration.Duration | undefined
}> {
  override get message(): string {
    return `${this.remaining} of ${this.total} IDENTIFYs are left today and ${this.reserve} are reserved for a manual restart: no shard identifies before ${
      new Date(this.until).toISOString()
    }; find out why the shards re-identify; to start now, set reserve: 0`
  }
}
