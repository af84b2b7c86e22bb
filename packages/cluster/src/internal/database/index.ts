/** The database that runners share: its tables, parts of statements, and locks of live processes. */
export * as ProcessLocks from "./processLocks.js"
export * from "./schema.js"
export * from "./statement.js"
