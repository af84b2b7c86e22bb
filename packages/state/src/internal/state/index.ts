/** The state of `GuildState`: applies events to a store, and answers queries. */
export * as Applier from "./applier.js"
export * as Queries from "./queries.js"
