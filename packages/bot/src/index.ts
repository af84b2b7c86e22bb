/**
 * Discord's HTTP API as Effects.
 *
 * @since 0.1.0
 */
export * as Rest from "./Rest.js"

/**
 * Errors of the HTTP API.
 *
 * @since 0.1.0
 */
export * as RestError from "./RestError.js"

/**
 * Commands as values, whose options give their handlers the types.
 *
 * @since 0.1.0
 */
export * as Command from "./Command.js"

/**
 * Buttons, selects and modals.
 *
 * @since 0.1.0
 */
export * as Component from "./Component.js"

/**
 * Checks before handlers: permissions, guilds, cooldowns.
 *
 * @since 0.1.0
 */
export * as Check from "./Check.js"

/**
 * An interaction and its answers.
 *
 * @since 0.1.0
 */
export * as Interaction from "./Interaction.js"

/**
 * Runs the commands, components and modals of a bot.
 *
 * @since 0.1.0
 */
export * as Interactions from "./Interactions.js"
