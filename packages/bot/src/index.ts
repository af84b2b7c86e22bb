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
