/** Shards that are run in front of the user: on Discord's gateway, on another one, or recorded into a file. */
export { record, run } from "./run.js"
export * as Watch from "./watch.js"
