/** One websocket from its opening to its end: handshake, receiver, signals, phase timeouts. */
export * as Connection from "./connection.js"
export type { Receiver } from "./receiver.js"
export type { Signal } from "./signal.js"
