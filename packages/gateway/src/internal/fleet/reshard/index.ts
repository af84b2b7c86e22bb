/** Replaces the shards of a fleet by those of another total without a gap. */
export { ReshardError } from "./reshardError.js"
export * as FleetReshard from "./run.js"
