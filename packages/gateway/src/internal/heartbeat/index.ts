/** Schedules heartbeats and decides when a connection is dead. */
export * as Scheduler from "./coalescingTimers.js"
export * as HeartbeatInterval from "./interval.js"
export * as HeartbeatLatency from "./latency.js"
export * as HeartbeatSender from "./sender.js"
