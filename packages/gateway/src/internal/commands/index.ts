/** Commands from the caller to the socket: order, bounded queue, limit of 120 a minute, and the only write path. */
export * as Presence from "./currentPresence.js"
export * as Enqueue from "./enqueue.js"
export * as Outgoing from "./outgoingMessage.js"
export * as CommandQueue from "./queue.js"
export * as QueueWriter from "./queueWriter.js"
export * as CommandLimiter from "./rateLimiter.js"
export { unsafeWrite, write } from "./writeMessage.js"
