/**
 * Vesper as the gateway of `@discordjs/core`'s `Client`.
 *
 * @since 0.1.0
 */
export * as CoreGateway from "./CoreGateway.js"

/**
 * Vesper as the sharding strategy of discord.js.
 *
 * @since 0.1.0
 */
export * as ShardingStrategy from "./ShardingStrategy.js"
