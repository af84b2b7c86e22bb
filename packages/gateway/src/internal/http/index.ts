/** Requests over HTTP, in modules that are loaded on demand: GET /gateway/bot, and turns of a shared identify queue. */
export * as GatewayApiError from "./gatewayApiError.js"
