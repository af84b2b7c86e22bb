/** Commands from the caller to the socket: kinds, the bounded queue, the limit of 120 a minute, the one write path. */
export * as CommandLimiter from "./limiter.js"
export * as Outgoing from "./outgoing.js"
export * as Presence from "./presence.js"
export * as CommandQueue from "./queue.js"
export * as Sender from "./sender.js"
export { unsafeWrite, write } from "./write.js"
export * as Writer from "./writer.js"
