/** The state of a shard that outlives its connections, and its counters. */
export * as Counters from "./counters.js"
export * as MetricsRegistry from "./metricsRegistry.js"
export * as ShardState from "./shardState.js"
