/** Registers the handlers of features, collects their intents, and starts shards once all features are built. */
export * as Assembly from "./assembly.js"
export { Starter } from "./starter.js"
