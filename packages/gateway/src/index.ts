/**
 * The limit of 120 messages a minute that each connection keeps.
 *
 * @since 0.1.0
 */
export * as CommandRateLimiter from "./CommandRateLimiter.js"

/**
 * Transport compression.
 *
 * @since 0.1.0
 */
export * as Decompressor from "./Decompressor.js"

/**
 * Diagnostics: everything that a shard recovers from.
 *
 * @since 0.1.0
 */
export * as Diagnostic from "./Diagnostic.js"

/**
 * Handlers of events, and the intents that follow from them.
 *
 * @since 0.1.0
 */
export * as Events from "./Events.js"

/**
 * Many shards in one scope.
 *
 * @since 0.1.0
 */
export * as Fleet from "./Fleet.js"

/**
 * Requests the gateway's address from Discord, the recommended shards and the remaining IDENTIFYs.
 *
 * @since 0.1.0
 */
export * as GatewayApi from "./GatewayApi.js"

/**
 * The interface between a shard and the platform's websocket.
 *
 * @since 0.1.0
 */
export * as GatewaySocket from "./GatewaySocket.js"

/**
 * Schedules the heartbeats of shards.
 *
 * @since 0.1.0
 */
export * as HeartbeatScheduler from "./HeartbeatScheduler.js"

/**
 * Permission to identify, shared by all shards of a bot.
 *
 * @since 0.1.0
 */
export * as IdentifyQueue from "./IdentifyQueue.js"

/**
 * Stores the identify budget over restarts.
 *
 * @since 0.1.0
 */
export * as IdentifyStore from "./IdentifyStore.js"

/**
 * Round-trip times of heartbeats.
 *
 * @since 0.1.0
 */
export * as Latency from "./Latency.js"

/**
 * Payloads that a shard receives, as text.
 *
 * @since 0.1.0
 */
export * as Message from "./Message.js"

/**
 * The session of a shard, which can be resumed.
 *
 * @since 0.1.0
 */
export * as Session from "./Session.js"

/**
 * Stores sessions over the end of the process.
 *
 * @since 0.1.0
 */
export * as SessionStore from "./SessionStore.js"

/**
 * One shard and its operations.
 *
 * @since 0.1.0
 */
export * as Shard from "./Shard.js"

/**
 * The configuration of a shard.
 *
 * @since 0.1.0
 */
export * as ShardConfig from "./ShardConfig.js"

/**
 * Errors of a shard.
 *
 * @since 0.1.0
 */
export * as ShardError from "./ShardError.js"

/**
 * Effect metrics of shards.
 *
 * @since 0.1.0
 */
export * as ShardMetrics from "./ShardMetrics.js"

/**
 * The status of a shard.
 *
 * @since 0.1.0
 */
export * as ShardStatus from "./ShardStatus.js"

/**
 * A reader of a shard's events with its own buffer strategy.
 *
 * @since 0.1.0
 */
export * as Subscription from "./Subscription.js"
