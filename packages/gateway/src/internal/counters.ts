/**
 * What a shard counts on its hot path: plain numbers, which cost next to nothing. `ShardMetrics` turns them into
 * metrics when somebody asks.
 */
export interface Counters {
  /** Events in order, by name. */
  readonly events: Map<string, number>
  /** Events that had come before, and were left out. */
  duplicates: number
  /** Bytes of the frames that came in. */
  bytesReceived: number
  /** The part of them that was compressed. */
  bytesCompressed: number
  /** What that part became. */
  bytesInflated: number
  /** Bytes of the messages written. */
  bytesSent: number
  /** Identifies written. */
  identifies: number
  /** Commands of the program's that were written. */
  commandsSent: number
  /** Reports of a reader that waited for another one. */
  stalls: number
}

export const make = (): Counters => ({
  events: new Map(),
  duplicates: 0,
  bytesReceived: 0,
  bytesCompressed: 0,
  bytesInflated: 0,
  bytesSent: 0,
  identifies: 0,
  commandsSent: 0,
  stalls: 0
})

export const countEvent = (self: Counters, name: string): void => {
  self.events.set(name, (self.events.get(name) ?? 0) + 1)
}

export const copy = (self: Readonly<Counters>): Counters => ({ ...self, events: new Map(self.events) })
