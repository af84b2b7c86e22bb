/** Builds @effect/cluster for a fleet, whenever its plan changes. `NodeCluster` has implementations. @since 0.1.0 */
import type * as RunnerStorage from "@effect/cluster/RunnerStorage"
import type * as Sharding from "@effect/cluster/Sharding"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Builds the sharding that assigns slots to runners. @since 0.1.0 @category models */
export interface ClusterEngine {
  /** Builds @effect/cluster's sharding of one group with a number of slots. It replaces an earlier one. */
  readonly build: (options: {
    readonly group: string
    readonly slots: number
    readonly storage: RunnerStorage.RunnerStorage["Type"]
    readonly lease: Duration.Duration
  }) => Effect.Effect<Sharding.Sharding["Type"], never, Scope.Scope>
}

/** The service that `NodeCluster` implements. @since 0.1.0 @category tags */
export const ClusterEngine = Context.GenericTag<ClusterEngine>("@vesper/cluster/ClusterEngine")
