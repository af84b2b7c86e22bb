/** Shards of one bot in one process. */
export * as ShardPlan from "./shardPlan.js"
export * as FleetSet from "./shardSet.js"
export type { Member, ShardSet } from "./shardSet.js"
