/** The counts and the log of shards: a value that each event and each notice changes. */
import type * as Latency from "@vesper/gateway/Latency"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { type Line, Rates } from "../tui/index.js"
import { describe, eventName } from "./eventText.js"

/** The counts of a shard's events, and the last round trips of its heartbeats. */
export interface ShardCounts {
  readonly events: number
  /** The sequence number of the last event. */
  readonly sequence: number
  /** New sessions: READY. */
  readonly sessions: number
  /** Resumed sessions: RESUMED. */
  readonly resumes: number
  /** Sequence numbers that were not received. */
  readonly lost: number
  /** Sequence numbers that were received twice. */
  readonly repeated: number
  /** The number of acknowledged heartbeats of this connection. */
  readonly acknowledged: number
  /** In milliseconds, oldest first, the last ones only. */
  readonly roundTrips: ReadonlyArray<number>
}

export interface ShardBoard {
  /** True if every sequence number is expected, because all events are read. */
  readonly isGapless: boolean
  /** The shards that are shown. The others have moved, or a resharding replaces them. */
  readonly ids: ReadonlyArray<ShardId.ShardId>
  /** Every shard that was shown or had an event. */
  readonly shards: HashMap.HashMap<ShardId.ShardId, ShardCounts>
  /** Events a second by shard. */
  readonly rates: Rates.Rates<ShardId.ShardId>
  readonly types: HashMap.HashMap<string, number>
  /** Events a second by type. */
  readonly typeRates: Rates.Rates<string>
  /** Oldest first, the last ones only. */
  readonly log: ReadonlyArray<Line>
  /** Notices of shards, such as a lost connection or a resumed session: oldest first, the last ones only. */
  readonly incidents: ReadonlyArray<Line>
}

/** More lines than a tall terminal has, because a filter hides some. */
const logSize = 200
const incidentsKept = 20

/** As many round trips as a sparkline has columns. */
const roundTripsKept = 12

const noCounts: ShardCounts = {
  events: 0,
  sequence: 0,
  sessions: 0,
  resumes: 0,
  lost: 0,
  repeated: 0,
  acknowledged: 0,
  roundTrips: []
}

export const make = (
  ids: ReadonlyArray<ShardId.ShardId>,
  now: number,
  options: { readonly isGapless: boolean } = { isGapless: true }
): ShardBoard => ({
  isGapless: options.isGapless,
  ids,
  shards: HashMap.empty(),
  rates: Rates.make(now),
  types: HashMap.empty(),
  typeRates: Rates.make(now),
  log: [],
  incidents: []
})

/** The counts of a shard. */
export const get = (self: ShardBoard, id: ShardId.ShardId): ShardCounts =>
  Option.getOrElse(HashMap.get(self.shards, id), () => noCounts)

/**
 * Counts an event. READY starts the sequence again, and the first event of a session of another process starts it at its
 * number. Every other event must follow its predecessor.
 */
const count = (self: ShardCounts, event: Dispatch.Dispatch): ShardCounts => {
  const counted = { ...self, events: self.events + 1 }
  if (event.t === "READY") {
    return { ...counted, sequence: event.s, sessions: self.sessions + 1 }
  }
  const step = self.sequence === 0 ? 1 : event.s - self.sequence
  return {
    ...counted,
    sequence: Math.max(self.sequence, event.s),
    resumes: self.resumes + (event.t === "RESUMED" ? 1 : 0),
    lost: self.lost + Math.max(0, step - 1),
    repeated: self.repeated + (step < 1 ? 1 : 0)
  }
}

const append = (lines: ReadonlyArray<Line>, line: Line, size: number) => [...lines, line].slice(-size)

const isSame = (a: ShardId.ShardId, b: ShardId.ShardId): boolean => a.id === b.id && a.total === b.total

export const addEvent = (
  self: ShardBoard,
  line: Line,
  event: Dispatch.Dispatch,
  shard: ShardId.ShardId
): ShardBoard => {
  const counted = count(get(self, shard), event)
  return {
    ...self,
    log: append(self.log, line, logSize),
    types: HashMap.modifyAt(self.types, line.title, (seen) => Option.some(Option.getOrElse(seen, () => 0) + 1)),
    shards: HashMap.set(self.shards, shard, {
      ...counted,
      ...(!self.ids.some((id) => isSame(id, shard)) && { sequence: 0 }),
      ...(!self.isGapless && { lost: 0 })
    })
  }
}

export const addNotice = (self: ShardBoard, line: Line): ShardBoard => ({
  ...self,
  log: append(self.log, line, logSize),
  ...(line.shard !== undefined && { incidents: append(self.incidents, line, incidentsKept) })
})

/**
 * Changes which shards are shown. The counts of the others are kept for the total. Their next events may be of a session of
 * another process, so that no sequence number is expected.
 */
export const reshape = (self: ShardBoard, ids: ReadonlyArray<ShardId.ShardId>): ShardBoard =>
  ids.length === self.ids.length && ids.every((id, place) => isSame(id, self.ids[place] ?? id)) ? self : {
    ...self,
    ids,
    shards: HashMap.map(
      self.shards,
      (counts, shard) => ids.some((id) => isSame(id, shard)) ? counts : { ...counts, sequence: 0 }
    )
  }

/** Measures the rates, once a second. */
export const sample = (self: ShardBoard, now: number): ShardBoard => ({
  ...self,
  rates: Rates.sample(self.rates, now, HashMap.map(self.shards, ({ events }) => events)),
  typeRates: Rates.sample(self.typeRates, now, self.types)
})

/** Adds the newest round trip of each shard, if there is a new one. */
export const addRoundTrips = (self: ShardBoard, latencies: ReadonlyArray<Latency.Latency>): ShardBoard => ({
  ...self,
  shards: self.ids.reduce((shards, id, place) => {
    const { periods = 0, recent = Chunk.empty<Duration.Duration>() } = latencies[place] ?? {}
    const counts = get(self, id)
    const newest = Chunk.map(Chunk.take(recent, 1), Duration.toMillis)
    const roundTrips = [...counts.roundTrips, ...newest].slice(-roundTripsKept)
    return periods === counts.acknowledged
      ? shards
      : HashMap.set(shards, id, { ...counts, acknowledged: periods, roundTrips })
  }, self.shards)
})

/** The line of the log for an event. */
export const eventLine = (event: Dispatch.Dispatch, shard: ShardId.ShardId, at: number): Line => ({
  at,
  shard: shard.id,
  origin: `#${shard.id}`,
  title: eventName(event),
  text: describe(event),
  tone: "accent"
})

/** The sum of all shards, shown or not. A sequence belongs to one session and is left out. */
export const totals = (self: ShardBoard): Omit<ShardCounts, "sequence"> =>
  HashMap.reduce(self.shards, noCounts, (sum, counts) => ({
    ...sum,
    events: sum.events + counts.events,
    sessions: sum.sessions + counts.sessions,
    resumes: sum.resumes + counts.resumes,
    lost: sum.lost + counts.lost,
    repeated: sum.repeated + counts.repeated
  }))
