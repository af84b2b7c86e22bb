/** Messages between the processes of a benchmark. */
import type { Mode } from "../server/wire.js"

export interface ServerJob {
  /** Events after READY, on each connection. */
  readonly events: number
  /** Connections that must identify before events are written to all of them at once. Default: 1. */
  readonly shards?: number
  /** Time between heartbeats, in milliseconds. */
  readonly heartbeatInterval: number
  /** Compressions of the clients, each encoded beforehand. Default: all that this version of Node supports. */
  readonly modes?: ReadonlyArray<Mode>
}

export type ServerMessage =
  | { readonly _tag: "Listening"; readonly url: string; readonly wanted: number; readonly bytes: number }
  | { readonly _tag: "Connected"; readonly at: number }
  | { readonly _tag: "Identified"; readonly mode: Mode }
  | { readonly _tag: "Resumed" }

export interface ClientJob {
  readonly url: string
  readonly mode: Mode
  /** Events that each reader of a connection receives after READY. */
  readonly events: number
  /** Only one type of event is requested. */
  readonly isFiltered: boolean
  /** Connections. */
  readonly shards: number
  /** Readers of each connection. Each of them receives every event. */
  readonly readers: number
  /** Time of the consumer for each event, in microseconds. */
  readonly slowness: number
}

/** Events that all readers of a client receive together. */
export const expected = ({ events, readers, shards }: ClientJob): number => events * readers * shards

export interface Measured {
  /** User and system time of the whole process, in microseconds. */
  readonly cpu: number
  /** In milliseconds, from the first event to the last. */
  readonly wall: number
  readonly received: number
  /** Events out of order. */
  readonly disorder: number
  /** The highest resident memory, in bytes. */
  readonly peak: number
}

export type ClientMessage =
  | { readonly _tag: "Measured"; readonly measured: Measured }
  | { readonly _tag: "Sample"; readonly rss: number; readonly heap: number; readonly cpu: number }
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Failed"; readonly message: string }
