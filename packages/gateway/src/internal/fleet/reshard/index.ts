/** Replaces the shards of a fleet by those of another total without a gap. */
export * as FleetReshard from "./fleetReshard.js"
export { ReshardError } from "./reshardError.js"
