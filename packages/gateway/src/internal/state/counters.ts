/**
 * Counters of a shard's hot path. They are plain numbers, and `ShardMetrics` reads them on demand.
 */
import * as EventType from "@vesper/model/EventType"

export interface Counters {
  /** New events in sequence, by name. Undocumented names beyond the first 100 count as `otherEvents`. */
  readonly events: Map<string, number>
  /** Events that were received before, and dropped. */
  duplicates: number
  /** Bytes of the frames received. */
  bytesReceived: number
  /** Bytes of the compressed frames. */
  bytesCompressed: number
  /** Bytes of these frames after decompression. */
  bytesInflated: number
  /** Bytes of the messages written. */
  bytesSent: number
  identifies: number
  /** Commands of the program written. */
  commandsSent: number
}

export const make = (): Counters => ({
  events: new Map(),
  duplicates: 0,
  bytesReceived: 0,
  bytesCompressed: 0,
  bytesInflated: 0,
  bytesSent: 0,
  identifies: 0,
  commandsSent: 0
})

/** A limit, because each name is a series of metrics and the gateway may send any number of names. */
const maxNames = EventType.all.length + 100

/** The name of all events beyond the limit of names. */
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
