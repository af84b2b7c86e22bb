/** The identify queue: buckets, the daily budget, its stores, and the IDENTIFY payload. */
export * as IdentifyPayload from "./payload.js"
export * as IdentifyPermit from "./withPermit.js"
