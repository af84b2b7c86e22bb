/**
 * Distributes the shards of a bot over many machines. When a runner ends or dies, its shards move to others and resume
 * there. Each shard has one owner at a time, which has a lease in the database that the runners share.
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as Fleet from "@vesper/gateway/Fleet"
import type * as Shard from "@vesper/gateway/Shard"
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
import * as internal from "./internal/fleet/index.js"

/** The shards of a cluster, their handlers, and this runner's part in it. @since 0.1.0 @category models */
export interface Options<E, R> {
  /** The number of shards, at the first start of the cluster. Later the database knows, and `reshard` changes it. */
  readonly shards: number
  /**
   * Run for each event, on the runner that has its shard; `Events.toHandler` makes one of several handlers. A failure is
   * logged, and with `acknowledge: "onHandled"` in the shards' config its event is delivered again after a second.
   */
  readonly handlers: (event: Fleet.FleetEvent) => Effect.Effect<unknown, E, R>
  /** Handlers of a shard at a time. Default: 1, in order. */
  readonly concurrency?: number | undefined
  /** As for `Shard.runForEach`. A bot with interactions sets `none` and a concurrency of 256, so that none waits. Default: `guild`. */
  readonly order?: Shard.RunOptions["order"]
  /** The time after which the shards of a crashed runner are taken over. The same on all runners. Default: 15 seconds. */
  readonly lease?: Duration.DurationInput | undefined
  /** Options of the handover of guilds in a resharding. Default: those of `Fleet.reshard`. */
  readonly handover?: Fleet.ReshardOptions | undefined
  /** The name of this runner in `status` and for `drain`. Default: `runner`. */
  readonly runner?: string | undefined
  /** The fleet's name, if several bots share a database. Default: `vesper`. */
  readonly name?: string | undefined
  /** The id of the bot that the fleet belongs to. Default: the one in the token. */
  readonly bot?: string | undefined
  /** Slots at the first start of the cluster. The shards of a slot stay together. Default: `shards`. */
  readonly slots?: number | undefined
}

/** The shards of one bot, distributed over the runners of a cluster. @since 0.1.0 @category models */
export interface ClusterFleet {
  /** This runner: its name, and the id of this life of its process. */
  readonly runner: { readonly id: string; readonly name: string }
  /** The number of shards; during a resharding the old one. */
  readonly total: Effect.Effect<number>
  /** The shards on this runner, by their ids. */
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  /**
   * Sends a command over the shard of the guild, on whichever runner it is, and completes when it was written. Waits up to
   * 30 seconds for a shard that moves. If the shard's runner dies, the command may be written twice.
   */
  readonly sendToGuild: (
    guildId: string,
    command: Command.Command
  ) => Effect.Effect<void, ShardError.SendError | ClusterError.ShardUnavailableError>
  /** The whole cluster, as the database knows it. */
  readonly status: Effect.Effect<
    ClusterStatus.ClusterStatus,
    ClusterError.ClusterDatabaseError | ClusterError.SchemaVersionError
  >
  /** Asks the runners of a name or id to end, and returns their number. Their `awaitDrain` completes. */
  readonly drain: (runner: string) => Effect.Effect<
    number,
    ClusterError.ClusterDatabaseError | ClusterError.SchemaVersionError | ClusterError.UnknownFleetError
  >
  /**
   * Changes the number of shards without a gap, in parts; each gathers on one runner, and hands its guilds over as
   * `Fleet.reshard` does. There are as many parts as the greatest number that divides both totals: choose a multiple of
   * the present one. Completes when the change is stored, and fails once a runner has begun another.
   */
  readonly reshard: (total: number) => Effect.Effect<void, ClusterError.ReshardError>
  /** Completes when this runner was asked to end. The program's end then releases the shards. */
  readonly awaitDrain: Effect.Effect<void>
  /** Fails when the gateway closes one of this runner's shards permanently. */
  readonly awaitFailure: Effect.Effect<never, ShardError.FatallyClosedError>
}

/** The service of this runner's part of the cluster. @since 0.1.0 @category tags */
export const ClusterFleet = Context.GenericTag<ClusterFleet>("@vesper/cluster/ClusterFleet")

/** The services of a runner: see `NodeCluster` and `SqlIdentifyQueue`. @since 0.1.0 @category models */
export type Requirements = ClusterEngine.ClusterEngine | SqlClient.SqlClient | Fleet.Requirements

/**
 * Joins the cluster, and runs this runner's share of the shards until the scope closes. Then handlers that run have
 * `drainTimeout` to complete, sessions are saved, and all shards are released at the same time.
 * @since 0.1.0 @category constructors
 */
export const make: <E, R>(
  options: Options<E, R>
) => Effect.Effect<ClusterFleet, ClusterError.ClusterError, R | Requirements | Scope.Scope> = internal.make

/** Joins the cluster for as long as the layer is in use. @since 0.1.0 @category layers */
export const layer = <E, R>(
  options: Options<E, R>
): Layer.Layer<ClusterFleet, ClusterError.ClusterError, Exclude<R, Scope.Scope> | Requirements> =>
  Layer.scoped(ClusterFleet, make(options))
