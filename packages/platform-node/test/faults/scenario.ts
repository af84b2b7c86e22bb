/** Faults of a gateway, each with its cost. */
import type { Gateway, Peer, Script } from "./scriptedGateway.js"
import type * as Transport from "./transport.js"

export type Fault = (peer: Peer, gateway: Gateway) => void

export interface Scenario {
  readonly name: string
  readonly script?: Script
  /** Runs once the shard has received READY. */
  readonly fault?: Fault
  /** Sessions that the fault may cost. Default: the first one only. */
  readonly identifies?: number
  /** The fault leads to another READY. Default: if it costs a session. */
  readonly isNewSession?: boolean
  /** Resumes that the fault costs. Default: any number. */
  readonly resumes?: number
  /** Contents of events that must be received before the last one, which is always `after`. */
  readonly contents?: ReadonlyArray<string>
  readonly modes?: ReadonlyArray<Transport.Mode>
  /** A line of the log that must be there. */
  readonly line?: RegExp
}

/** The cost of a fault that leaves the connection open. */
export const free = { identifies: 1, resumes: 0 }

/** The payload of an event of one message. */
export const message = (s: number, content: string) => ({ t: "MESSAGE_CREATE", s, op: 0, d: { content } })
