/** Completes partial payloads from fixtures, so that they can exist on Discord. */
export * as Complete from "./complete.js"
export * as Interaction from "./interaction.js"
export type { Body } from "./merge.js"
