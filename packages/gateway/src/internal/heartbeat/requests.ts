/**
 * Requests of the gateway for a heartbeat, from the socket's callback. They bypass the queue of signals, because a peer can
 * send millions of them before the connection's fiber runs.
 */
import type { Signal } from "../connection/index.js"

export interface Requests {
  /** Passes a signal on, unless it is a request for a heartbeat. */
  readonly emit: (signal: Signal) => void
  /** Sets the function that answers requests, and calls it if one has been made since the hello. */
  readonly onRequest: (answer: () => void) => void
}

export const make = (passOn: (signal: Signal) => void): Requests => {
  let hasHello = false
  let isRequested = false
  let answer: (() => void) | undefined
  return {
    emit: (signal) => {
      if (signal._tag !== "HeartbeatRequested") {
        hasHello ||= signal._tag === "Hello"
        return passOn(signal)
      }
      if (answer !== undefined) {
        return answer()
      }
      // A gateway cannot ask for a heartbeat before its hello.
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
