/**
 * What can go wrong between the runners of a cluster.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The shard of a command was on no runner that could be reached in time: it is moving, or a runner has just died.
 *
 * @since 0.1.0
 * @category errors
 */
export class ShardUnavailableError
  extends Schema.TaggedError<ShardUnavailableError>("@vesper/cluster/ShardUnavailableError")("ShardUnavailableError", {
    shard: Schema.Number,
    total: Schema.Number
  })
{
  override get message(): string {
    return `shard ${this.shard} of ${this.total} is on no runner at the moment; try again, and look at the cluster's status if it stays away`
  }
}

/**
 * The database that the runners share did not answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class ClusterDatabaseError
  extends Schema.TaggedError<ClusterDatabaseError>("@vesper/cluster/ClusterDatabaseError")("ClusterDatabaseError", {
    operation: Schema.String,
    cause: Schema.Defect
  })
{
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the cluster's database did not ${this.operation} (${why}); see whether it is up and can be reached from here`
  }
}

/**
 * The number of shards cannot be changed now: a change of it has begun.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReshardUnderWayError
  extends Schema.TaggedError<ReshardUnderWayError>("@vesper/cluster/ReshardUnderWayError")("ReshardUnderWayError", {
    from: Schema.Number,
    to: Schema.Number
  })
{
  override get message(): string {
    return `the bot is being resharded from ${this.from} to ${this.to} shards; wait until the cluster's status shows that it is done`
  }
}
