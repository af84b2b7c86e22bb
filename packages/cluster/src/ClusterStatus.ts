/** The runners of a cluster, and the places of its shards. @since 0.1.0 */
import type * as ShardStatus from "@vesper/gateway/ShardStatus"
import type * as ShardId from "@vesper/model/ShardId"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

/** A process that runs shards. @since 0.1.0 @category models */
export interface Runner {
  /** Unique to this life of the process. */
  readonly id: string
  /** The same after a restart. */
  readonly name: string
  /** True once it was asked to end. */
  readonly isDraining: boolean
  /** The ids of its shards, without new ones of a resharding. */
  readonly shards: ReadonlyArray<number>
}

/** The owner and the state of a shard. @since 0.1.0 @category models */
export interface ShardPlace {
  readonly id: ShardId.ShardId
  /** The id of the runner that owns it; none while the shard moves, as are the fields below. */
  readonly runner: Option.Option<string>
  readonly status: Option.Option<ShardStatus.ShardStatus["_tag"]>
  /** The last round trip of a heartbeat. */
  readonly ping: Option.Option<Duration.Duration>
}

/** A change of the number of shards. The old ones of a part serve until it is done. @since 0.1.0 @category models */
export interface Resharding {
  /** The new number of shards. */
  readonly total: number
  readonly parts: number
  /** Parts whose new shards have taken over. */
  readonly done: number
  /** The new shards, in the order of their ids. */
  readonly shards: ReadonlyArray<ShardPlace>
}

/** The state of a cluster, as its database has it. @since 0.1.0 @category models */
export interface ClusterStatus {
  /** The number of shards; during a resharding the old one. */
  readonly total: number
  /** The runners that were seen within their lease, by name. */
  readonly runners: ReadonlyArray<Runner>
  /** The shards, in the order of their ids. */
  readonly shards: ReadonlyArray<ShardPlace>
  /** The day's IDENTIFYs of the queue in the same database; none before a runner has used one. */
  readonly identifies: Option.Option<{ readonly remaining: number; readonly total: number }>
  readonly resharding: Option.Option<Resharding>
}
