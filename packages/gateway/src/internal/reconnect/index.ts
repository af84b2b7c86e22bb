/** The reason for the end of a connection, and the policy and throttle of the next attempt. */
export { Disconnect } from "./disconnect.js"
export type { HandshakePhase } from "./disconnect.js"
export * as ReconnectPolicy from "./policy.js"
export * as ReconnectThrottle from "./throttle.js"
