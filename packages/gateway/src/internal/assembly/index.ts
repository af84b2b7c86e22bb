/** Registers the handlers of features, collects what they need, and starts shards once all of them are built. */
export * as Assembly from "./assembly.js"
export { Starter } from "./starter.js"
