/**
 * Errors of a fleet.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * A failed resharding. The fleet keeps its old shards, which serve without a gap.
 *
 * - `InProgress`: another resharding is under way.
 * - `InvalidTotal`: the total is not a whole number of at least 1.
 * - `Partial`: the fleet holds a part of the bot's shards, and the new shards would have guilds of other fleets.
 * - `Budget`: fewer IDENTIFYs are left today than the resharding needs.
 * - `ShardClosed`: the gateway closed one of the new shards permanently.
 * - `TimedOut`: the resharding took longer than `timeout`.
 * - `Interrupted`: the caller was interrupted.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReshardError extends Data.TaggedError("ReshardError")<{
  readonly reason:
    | "InProgress"
    | "InvalidTotal"
    | "Partial"
    | "Budget"
    | "ShardClosed"
    | "TimedOut"
    | "Interrupted"
  readonly detail: string
}> {
  override get message(): string {
    return `the fleet was not resharded and keeps its shards (${this.reason}): ${this.detail}`
  }
}
