/** Registers shards with the `ShardMetrics` of their context. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ShardMetrics } from "../../ShardMetrics.js"
import type { ShardStatus } from "../../ShardStatus.js"
import type * as Counters from "./counters.js"

/** The values of one shard that metrics are made of. */
export interface ShardSource {
  readonly status: () => ShardStatus["_tag"]
  /** Events that no reader has read yet. */
  readonly buffered: () => number
  /** Commands that wait to be written. */
  readonly waiting: () => number
  readonly counters: Readonly<Counters.Counters>
}

type Watch = (source: ShardSource) => Effect.Effect<void, never, Scope.Scope>

const registries = new WeakMap<ShardMetrics, Watch>()

/** Sets the function that adds a shard to these metrics until its scope closes. */
export const register = (metrics: ShardMetrics, watch: Watch): void => {
  registries.set(metrics, watch)
}

/** Adds a shard to the metrics until the scope closes. Metrics that a test provides count nothing. */
export const watch = (metrics: ShardMetrics, source: ShardSource): Effect.Effect<void, never, Scope.Scope> =>
  registries.get(metrics)?.(source) ?? Effect.void
