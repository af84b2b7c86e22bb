/**
 * What can go wrong with a fleet, besides its shards.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A fleet was not resharded; its shards are those that it had, and have served all the time.
 *
 * - `InProgress`: another resharding is under way.
 * - `InvalidTotal`: there is no such number of shards.
 * - `Partial`: the fleet holds a part of the bot's shards, and the new shards of its guilds would have guilds of others.
 * - `Budget`: fewer identifies are left today than it would take.
 * - `ShardClosed`: the gateway closed one of the new shards for good.
 * - `TimedOut`: it took longer than `timeout`.
 * - `Interrupted`: whoever asked for it was interrupted.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReshardError extends Schema.TaggedError<ReshardError>("@vesper/gateway/ReshardError")("ReshardError", {
  reason: Schema.Literal("InProgress", "InvalidTotal", "Partial", "Budget", "ShardClosed", "TimedOut", "Interrupted"),
  detail: Schema.String
}) {
  override get message(): string {
    return `the fleet was not resharded, its old shards serve on (${this.reason}): ${this.detail}`
  }
}
