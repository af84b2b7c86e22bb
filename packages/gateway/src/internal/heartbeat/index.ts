/** Schedules heartbeats and decides when a connection is dead. */
export * as Heartbeats from "./heartbeats.js"
export * as HeartbeatLatency from "./latency.js"
export * as HeartbeatPolicy from "./policy.js"
export * as HeartbeatRequests from "./requests.js"
export * as Scheduler from "./scheduler.js"
