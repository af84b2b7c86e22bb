/** Finds the handler of an interaction, runs it beside the others, and defers it in time. */
export { type Dispatcher, makeDispatcher } from "./dispatcher.js"
export { makeHandler } from "./handler.js"
