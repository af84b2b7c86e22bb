/** Finds the handler of an interaction, runs it beside the others, and defers it in time. */
export { Dispatcher, type DispatchSettings } from "./dispatcher.js"
export { type Choice, getRunnable, makeRunnable, type Runnable } from "./runnable.js"
