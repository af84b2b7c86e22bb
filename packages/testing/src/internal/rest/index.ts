/** Discord's HTTP API on the simulated world: routes, forms, rate limits and faults. */
export type * as Api from "./api.js"
export * as Handler from "./handler.js"
export * as Permissions from "./permissions.js"
