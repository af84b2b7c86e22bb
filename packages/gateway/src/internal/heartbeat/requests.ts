/**
 * Requests of the gateway for a heartbeat, from the socket's callback. They bypass the queue of signals, because a peer can
 * send millions of them before the connection's fiber runs.
 */
import type { Signal } from "../connection/index.js"

/** Separates requests for a heartbeat from other signals. */
export interface Requests {
  /** Passes a signal on, unless it is a request for a heartbeat. */
  readonly emit: (signal: Signal) => void
  /** Sets the function that answers requests, and calls it if a request arrived since HELLO. */
  readonly onRequest: (answer: () => void) => void
}

/** Passes all other signals to `emit`. */
export const make = (emit: (signal: Signal) => void): Requests => {
  let hasHello = false
  let isRequested = false
  let answer: (() => void) | undefined
  return {
    emit: (signal) => {
      if (signal._tag !== "HeartbeatRequested") {
        hasHello ||= signal._tag === "Hello"
        return emit(signal)
      }
      if (answer !== undefined) {
        return answer()
      }
      // A request before HELLO is invalid, and ignored.
      isRequested ||= hasHello
    },
    onRequest: (onRequest) => {
      answer = onRequest
      if (isRequested) {
        onRequest()
      }
    }
  }
}
