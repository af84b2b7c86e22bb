/**
 * What builds @effect/cluster for a fleet. `NodeCluster` has one; a fleet builds it when it knows how many slots it has,
 * and again when that number changes.
 *
 * @since 0.1.0
 */
import type * as RunnerStorage from "@effect/cluster/RunnerStorage"
import type * as Sharding from "@effect/cluster/Sharding"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The only shard group of the runner. */
  readonly group: string
  /** How many shards the group has. */
  readonly slots: number
  /** The storage whose locks are the leases. */
  readonly storage: RunnerStorage.RunnerStorage["Type"]
  /** How long a lease is. */
  readonly lease: Duration.Duration
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ClusterEngine {
  /** Builds @effect/cluster's sharding, which replaces an earlier one. */
  readonly build: (options: Options) => Effect.Effect<Sharding.Sharding["Type"], never, Scope.Scope>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const ClusterEngine = Context.GenericTag<ClusterEngine>("@vesper/cluster/ClusterEngine")
