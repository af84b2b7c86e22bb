/**
 * The modules of the protocol. `@vesper/model/EventSchema` and `@vesper/model/ModelSchema` have the Schemas, and are imported by
 * their own names: a program that needs no Schema then does not load `effect/Schema`.
 *
 * @since 0.1.0
 */

/**
 * Close codes of the gateway.
 *
 * @since 0.1.0
 */
export * as CloseCode from "./CloseCode.js"

/**
 * The last message of a websocket.
 *
 * @since 0.1.0
 */
export * as CloseFrame from "./CloseFrame.js"

/**
 * Payloads that a shard sends.
 *
 * @since 0.1.0
 */
export * as Command from "./Command.js"

/**
 * The payloads that a shard itself lives by.
 *
 * @since 0.1.0
 */
export * as Control from "./Control.js"

/**
 * Events.
 *
 * @since 0.1.0
 */
export * as Dispatch from "./Dispatch.js"

/**
 * The names of events, and their intents.
 *
 * @since 0.1.0
 */
export * as EventType from "./EventType.js"

/**
 * Flags by name.
 *
 * @since 0.1.0
 */
export * as Flags from "./Flags.js"

/**
 * Groups of events that a shard requests.
 *
 * @since 0.1.0
 */
export * as Intents from "./Intents.js"

/**
 * Opcodes, the kinds of payloads.
 *
 * @since 0.1.0
 */
export * as Opcode from "./Opcode.js"

/**
 * Permissions of members and roles.
 *
 * @since 0.1.0
 */
export * as Permissions from "./Permissions.js"

/**
 * Shards by id and total.
 *
 * @since 0.1.0
 */
export * as ShardId from "./ShardId.js"

/**
 * Discord's ids.
 *
 * @since 0.1.0
 */
export * as Snowflake from "./Snowflake.js"
