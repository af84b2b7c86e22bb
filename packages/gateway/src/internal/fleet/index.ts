/** Shards of one bot in one process. */
export * as ShardIds from "./shardIds.js"
export * as ShardSet from "./shardSet.js"
export type { FleetShard } from "./shardSet.js"
