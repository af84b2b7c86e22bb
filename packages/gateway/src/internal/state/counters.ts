/**
 * Counts of a shard's hot path: plain numbers, which cost next to nothing. `ShardMetrics` turns them into metrics on
 * demand.
 */
import * as EventType from "@vesper/model/EventType"

export interface Counters {
  /** Events in order, by name. Undocumented names beyond the first 100 count as `otherEvents`. */
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

/** Each name is a series of metrics, and a gateway can send new names for ever. */
const maxNames = EventType.all.length + 100

export const otherEvents = "OTHER"

export const countEvent = (self: Counters, name: string): void => {
  const count = self.events.get(name)
  if (count !== undefined) {
    self.events.set(name, count + 1)
  } else if (self.events.size < maxNames || EventType.isKnown(name)) {
    self.events.set(name, 1)
  } else {
    self.events.set(otherEvents, (self.events.get(otherEvents) ?? 0) + 1)
  }
}

export const copy = (self: Readonly<Counters>): Counters => ({ ...self, events: new Map(self.events) })
