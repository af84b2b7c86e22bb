/** Why a connection ended, and when and how the shard connects again. */
export { Disconnect } from "./disconnect.js"
export type { Phase } from "./disconnect.js"
export * as Recovery from "./policy.js"
export * as ConnectPace from "./throttle.js"
