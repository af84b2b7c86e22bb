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
 * What a shard noticed and survived.
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
 * Many shards under one scope.
 *
 * @since 0.1.0
 */
export * as Fleet from "./Fleet.js"

/**
 * What can go wrong with a fleet.
 *
 * @since 0.1.0
 */
export * as FleetError from "./FleetError.js"

/**
 * Asks Discord for the gateway's address, the recommended shards and the identifies left.
 *
 * @since 0.1.0
 */
export * as GatewayApi from "./GatewayApi.js"

/**
 * The seam between a shard and its platform.
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
 * The identifies that a bot may spend in a day.
 *
 * @since 0.1.0
 */
export * as IdentifyBudget from "./IdentifyBudget.js"

/**
 * What an identify queue counts.
 *
 * @since 0.1.0
 */
export * as IdentifyMetrics from "./IdentifyMetrics.js"

/**
 * Permission to identify, shared by all shards of a bot.
 *
 * @since 0.1.0
 */
export * as IdentifyQueue from "./IdentifyQueue.js"

/**
 * Shares an identify queue between processes.
 *
 * @since 0.1.0
 */
export * as IdentifyQueueServer from "./IdentifyQueueServer.js"

/**
 * Keeps what was identified over restarts.
 *
 * @since 0.1.0
 */
export * as IdentifyStore from "./IdentifyStore.js"

/**
 * Round trips of heartbeats.
 *
 * @since 0.1.0
 */
export * as Latency from "./Latency.js"

/**
 * Members of a guild, asked for by `Shard.requestGuildMembers`.
 *
 * @since 0.1.0
 */
export * as MemberRequest from "./MemberRequest.js"

/**
 * What a shard receives, as text.
 *
 * @since 0.1.0
 */
export * as Message from "./Message.js"

/**
 * Metrics in the text format that Prometheus reads.
 *
 * @since 0.1.0
 */
export * as Prometheus from "./Prometheus.js"

/**
 * What it takes to resume.
 *
 * @since 0.1.0
 */
export * as Session from "./Session.js"

/**
 * Keeps sessions over the end of the process.
 *
 * @since 0.1.0
 */
export * as SessionStore from "./SessionStore.js"

/**
 * One shard, all its life.
 *
 * @since 0.1.0
 */
export * as Shard from "./Shard.js"

/**
 * What a shard is told before it starts.
 *
 * @since 0.1.0
 */
export * as ShardConfig from "./ShardConfig.js"

/**
 * What can go wrong.
 *
 * @since 0.1.0
 */
export * as ShardError from "./ShardError.js"

/**
 * What shards do, as Effect metrics.
 *
 * @since 0.1.0
 */
export * as ShardMetrics from "./ShardMetrics.js"

/**
 * Where a shard stands.
 *
 * @since 0.1.0
 */
export * as ShardStatus from "./ShardStatus.js"

/**
 * All events of a shard for one of several readers, in a buffer of its own.
 *
 * @since 0.1.0
 */
export * as Subscription from "./Subscription.js"

/**
 * Where the bot is in voice, as `Shard.updateVoiceState` is told.
 *
 * @since 0.1.0
 */
export * as VoiceState from "./VoiceState.js"
