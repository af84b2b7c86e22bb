/** Shards of one bot in one process. */
export * as ShardPlan from "./shardPlan.js"
export * as ShardSet from "./shardSet.js"
export type { FleetShard } from "./shardSet.js"
