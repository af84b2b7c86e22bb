/** The reason for the end of a connection, and the policy and throttle of the next attempt. */
export { Disconnect } from "./disconnectReason.js"
export type { HandshakePhase } from "./disconnectReason.js"
export * as ReconnectPolicy from "./policy.js"
export * as ReconnectThrottle from "./throttle.js"
