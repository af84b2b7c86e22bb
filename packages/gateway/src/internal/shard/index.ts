/** One shard: its supervisor and its public operations. */
export * as ShardInternal from "./shard.js"
