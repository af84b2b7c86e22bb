/**
 * What is known of a cluster: its runners, and where its shards are.
 *
 * @since 0.1.0
 */
import type * as ShardStatus from "@vesper/gateway/ShardStatus"
import type * as ShardId from "@vesper/model/ShardId"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

/**
 * A process that carries shards.
 *
 * @since 0.1.0
 * @category models
 */
export interface Runner {
  /** Of this life of the process. */
  readonly id: string
  /** Its address, or what it was called; the same after a restart. */
  readonly name: string
  /** Whether it was asked to go. */
  readonly isDraining: boolean
  /** The ids of the shards that it owns, new ones of a resharding aside. */
  readonly shards: ReadonlyArray<number>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ShardPlace {
  readonly id: ShardId.ShardId
  /** The id of the runner that owns it; none while it moves. */
  readonly runner: Option.Option<string>
  /** Where it stood when its runner told of it last; none while it moves. */
  readonly status: Option.Option<ShardStatus.ShardStatus["_tag"]>
  /** The last round trip of a heartbeat. */
  readonly ping: Option.Option<Duration.Duration>
}

/**
 * A change of the number of shards that is under way. It is made in parts, each on one runner: the old shards of a part
 * serve until all of its guilds are handed over to the new ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface Resharding {
  /** How many shards the bot is to have. */
  readonly total: number
  readonly parts: number
  /** Parts whose new shards have taken over. */
  readonly done: number
  /** Each new shard, in the order of their ids; those that do not run yet have no runner. */
  readonly shards: ReadonlyArray<ShardPlace>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ClusterStatus {
  /** How many shards the bot has; while it is resharded, the old number. */
  readonly total: number
  /** The runners that were seen within their lease, by name. */
  readonly runners: ReadonlyArray<Runner>
  /** Each shard, in the order of their ids. */
  readonly shards: ReadonlyArray<ShardPlace>
  /** The bot's identifies of a day, by the queue in the same database; none before a runner has used one. */
  readonly identifies: Option.Option<{ readonly remaining: number; readonly total: number }>
  /** The change of their number, while there is one. */
  readonly resharding: Option.Option<Resharding>
}
