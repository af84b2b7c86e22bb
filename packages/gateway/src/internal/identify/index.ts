/** The identify queue: buckets, the daily budget, its stores, and the IDENTIFY payload. */
export * as Payload from "./payload.js"
export * as IdentifyPermit from "./withPermit.js"
