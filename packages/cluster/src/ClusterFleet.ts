/**
 * The shards of a bot on many machines. Runners share them out; when one dies or goes, its shards move to others and
 * resume there. Each shard has one owner at a time: a lease in the database that the runners share says who, and an owner
 * that cannot renew it closes its socket before anybody else may have the shard.
 *
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Fleet from "@vesper/gateway/Fleet"
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import type * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import type * as Shard from "@vesper/gateway/Shard"
import type * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import type * as Command from "@vesper/model/Command"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as ClusterEngine from "./ClusterEngine.js"
import type * as ClusterError from "./ClusterError.js"
import type * as ClusterStatus from "./ClusterStatus.js"
import * as internal from "./internal/clusterFleet.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R> {
  /**
   * How many shards the bot has in all, when the cluster is started for the first time. After that the database knows,
   * and `reshard` changes it.
   */
  readonly shards: number
  /**
   * Run for each event, on the runner that has its shard. What fails is logged. With `acknowledge: "onHandled"` in the
   * shards' config its event is the next one again, after a second.
   */
  readonly handlers: (event: Fleet.FleetEvent) => Effect.Effect<unknown, E, R>
  /** Handlers at a time, for each shard. Default: 1, in order. */
  readonly concurrency?: number | undefined
  /**
   * How long a runner that says nothing keeps its shards: after a crash they are away for so long and some seconds. It
   * must be the same on all runners. Default: 15 seconds.
   */
  readonly lease?: Duration.DurationInput | undefined
  /** How guilds are handed over while the bot is resharded. Default: as `Fleet.reshard` does. */
  readonly handover?: Fleet.ReshardOptions | undefined
  /** What this runner is called in `status` and for `drain`. Default: `runner`. */
  readonly runner?: string | undefined
  /** The fleet's name, if several bots share a database. Default: `vesper`. */
  readonly name?: string | undefined
  /** The id of the bot, which no other bot's fleet may have. Default: the one in the token. */
  readonly bot?: string | undefined
  /**
   * In how many slots the shards are placed, when the cluster is started for the first time; after that the database
   * knows. Slots are shared out to runners, and a slot's shards stay together. Default: `shards`.
   */
  readonly slots?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ClusterFleet {
  /** This runner: its name, and the id of this life of its process. */
  readonly runner: { readonly id: string; readonly name: string }
  /** How many shards the bot has; while it is resharded, the old number. */
  readonly total: Effect.Effect<number>
  /** The shards that are up on this runner, by their ids. */
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  /**
   * Sends a command over the shard that hears of the guild, wherever it is, and completes when it was written. Waits up to
   * 30 seconds for a shard that is moving. If the shard's runner dies meanwhile, a command may be written twice.
   */
  readonly sendToGuild: (
    guildId: string,
    command: Command.Command
  ) => Effect.Effect<void, ShardError.SendError | ClusterError.ShardUnavailableError>
  /** The whole cluster, as the database knows it. */
  readonly status: Effect.Effect<
    ClusterStatus.ClusterStatus,
    ClusterError.ClusterDatabaseError | ClusterError.NewerSchemaError
  >
  /**
   * Asks runners to go, by name or id; how many were there. Those complete their `awaitDrain`, and are expected to end:
   * their shards then move and resume.
   */
  readonly drain: (
    runner: string
  ) => Effect.Effect<
    number,
    ClusterError.ClusterDatabaseError | ClusterError.NewerSchemaError | ClusterError.UnknownFleetError
  >
  /**
   * Changes how many shards the bot has, without a gap: in parts, each of which gathers on one runner, old shards and
   * new, and hands its guilds over there as `Fleet.reshard` does. Completes when it is written down; `status` tells how
   * far it is, and `total` changes when all is done. There are as many parts as the greatest number that divides both
   * totals: give a multiple of the present one, or a number that has much in common with it. Fails with
   * `ReshardUnderWayError` once another change has begun.
   */
  readonly reshard: (
    total: number
  ) => Effect.Effect<
    void,
    | ClusterError.ClusterDatabaseError
    | ClusterError.NewerSchemaError
    | ClusterError.ReshardUnderWayError
    | ClusterError.UnknownFleetError
  >
  /** Completes when this runner was asked to go. End the program then: its scope gives the shards back. */
  readonly awaitDrain: Effect.Effect<void>
  /** Fails when the gateway closes one of this runner's shards for good. */
  readonly awaitFailure: Effect.Effect<never, ShardError.FatallyClosedError>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const ClusterFleet = Context.GenericTag<ClusterFleet>("@vesper/cluster/ClusterFleet")

/**
 * The services of a runner: an engine, a database, and what every shard needs. `NodeCluster` and `SqlIdentifyQueue` have
 * layers of the first three.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements =
  | ClusterEngine.ClusterEngine
  | SqlClient.SqlClient
  | IdentifyQueue.IdentifyQueue
  | ShardConfig.ShardConfig
  | GatewaySocket.GatewaySocket

/**
 * Joins the cluster, and carries this runner's share of the shards until the scope closes. Then handlers that run have
 * `drainTimeout` to complete, sessions are saved, and the shards are given back, all at the same time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: <E, R>(
  options: Options<E, R>
) => Effect.Effect<ClusterFleet, ClusterError.ClusterError, R | Requirements | Scope.Scope> = internal.make

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  options: Options<E, R>
): Layer.Layer<ClusterFleet, ClusterError.ClusterError, Exclude<R, Scope.Scope> | Requirements> =>
  Layer.scoped(ClusterFleet, make(options))
