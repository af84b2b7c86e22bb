/** Ownership of shards: placement in slots, the fleet's rows, leases, and the storage of @effect/cluster. */
export * as FleetRows from "./fleetRows.js"
export type * as Lease from "./lease.js"
export * as LeaseTable from "./leaseTable.js"
export * as Ownership from "./ownership.js"
export * as Placement from "./placement.js"
export * as RunnerStorage from "./runnerStorage.js"
