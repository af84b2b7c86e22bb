/**
 * Guilds, channels, threads, roles, members and voice states by choice, and permissions, from the events of the gateway.
 *
 * @since 0.1.0
 */
export * as GuildState from "./GuildState.js"

/**
 * The storage of the state.
 *
 * @since 0.1.0
 */
export * as GuildStore from "./GuildStore.js"

/**
 * Discord's rules for permissions, as functions.
 *
 * @since 0.1.0
 */
export * as PermissionRules from "./PermissionRules.js"
