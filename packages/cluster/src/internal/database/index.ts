/** The database that runners share: its tables, parts of statements, and proof of dead neighbours. */
export * as Neighbours from "./neighbours.js"
export * from "./schema.js"
export * from "./statement.js"
