/** The counts and the log of shards: a value that each event and each notice changes. */
import type * as Latency from "@vesper/gateway/Latency"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Line } from "../tui/index.js"
import { describe, eventName } from "./eventText.js"

/** The counts of a shard's events. */
export interface EventCounts {
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
}

/** The last round trips of a shard's heartbeats. */
export interface RoundTrips {
  /** The number of acknowledged heartbeats of this connection. */
  readonly count: number
  /** In milliseconds, oldest first, the last ones only. */
  readonly millis: ReadonlyArray<number>
}

export interface ShardBoard {
  /** True if every sequence number is expected, because all events are read. */
  readonly isGapless: boolean
  /** The shards that are shown, in the order of the lists by shard. */
  readonly ids: ReadonlyArray<ShardId.ShardId>
  readonly shards: ReadonlyArray<EventCounts>
  /** The counts of shards that are not shown: they have moved, or a resharding replaces them. */
  readonly hidden: EventCounts
  /** Events a second in the last sampling period, by shard. */
  readonly rates: ReadonlyArray<number>
  readonly types: HashMap.HashMap<string, number>
  /** Events a second in the last sampling period by type, the most frequent first. */
  readonly typeRates: ReadonlyArray<readonly [type: string, perSecond: number]>
  readonly roundTrips: ReadonlyArray<RoundTrips>
  /** Oldest first, the last ones only. */
  readonly log: ReadonlyArray<Line>
  /** Notices of shards, such as a lost connection or a resumed session: oldest first, the last ones only. */
  readonly incidents: ReadonlyArray<Line>
  readonly sampled: {
    readonly at: number
    readonly events: ReadonlyArray<number>
    readonly types: HashMap.HashMap<string, number>
  }
}

/** More lines than a tall terminal has, because a filter hides some. */
const logSize = 200
const incidentsKept = 20

/** As many round trips as a sparkline has columns. */
const roundTripsKept = 12

/** The period over which a rate is measured, in milliseconds. */
const samplePeriod = 1_000

export const noCounts: EventCounts = { events: 0, sequence: 0, sessions: 0, resumes: 0, lost: 0, repeated: 0 }

const noRoundTrips: RoundTrips = { count: 0, millis: [] }

export const make = (
  ids: ReadonlyArray<ShardId.ShardId>,
  now: number,
  options: { readonly isGapless: boolean } = { isGapless: true }
): ShardBoard => {
  const zeros = ids.map(() => 0)
  return {
    isGapless: options.isGapless,
    ids,
    shards: zeros.map(() => noCounts),
    hidden: noCounts,
    rates: zeros,
    types: HashMap.empty(),
    typeRates: [],
    roundTrips: zeros.map(() => noRoundTrips),
    log: [],
    incidents: [],
    sampled: { at: now, events: zeros, types: HashMap.empty() }
  }
}

/**
 * Counts an event. READY starts the sequence again, and the first event of a session of another process starts it at its
 * number. Every other event must follow its predecessor.
 */
export const count = (self: EventCounts, event: Dispatch.Dispatch): EventCounts => {
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
  const place = self.ids.findIndex((id) => isSame(id, shard))
  const counted = (counts: EventCounts): EventCounts => ({
    ...count(counts, event),
    ...(!self.isGapless && { lost: 0 })
  })
  return {
    ...self,
    log: append(self.log, line, logSize),
    types: HashMap.modifyAt(self.types, line.title, (seen) => Option.some(Option.getOrElse(seen, () => 0) + 1)),
    // The sequence numbers of different sessions have no common order: these events are only counted.
    hidden: place === -1 ? { ...counted({ ...self.hidden, sequence: 0 }), lost: self.hidden.lost } : self.hidden,
    shards: self.shards.map((counts, index) => index === place ? counted(counts) : counts)
  }
}

export const addNotice = (self: ShardBoard, line: Line): ShardBoard => ({
  ...self,
  log: append(self.log, line, logSize),
  ...(line.shard !== undefined && { incidents: append(self.incidents, line, incidentsKept) })
})

const add = (a: EventCounts, b: EventCounts): EventCounts => ({
  events: a.events + b.events,
  sequence: 0,
  sessions: a.sessions + b.sessions,
  resumes: a.resumes + b.resumes,
  lost: a.lost + b.lost,
  repeated: a.repeated + b.repeated
})

/** Changes which shards are shown. The counts of shards that stay are kept, and those of the others count for the total. */
export const reshape = (self: ShardBoard, ids: ReadonlyArray<ShardId.ShardId>): ShardBoard => {
  if (ids.length === self.ids.length && ids.every((id, place) => isSame(id, self.ids[place] ?? id))) {
    return self
  }
  const places = ids.map((id) => self.ids.findIndex((other) => isSame(id, other)))
  const keep = <A>(all: ReadonlyArray<A>, none: A): ReadonlyArray<A> => places.map((place) => all[place] ?? none)
  return {
    ...self,
    ids,
    shards: keep(self.shards, noCounts),
    hidden: self.shards.filter((_, place) => !places.includes(place)).reduce(add, self.hidden),
    rates: keep(self.rates, 0),
    roundTrips: keep(self.roundTrips, noRoundTrips),
    sampled: { ...self.sampled, events: keep(self.sampled.events, 0) }
  }
}

/** Measures the rates, once a second. */
export const sample = (self: ShardBoard, now: number): ShardBoard => {
  const { at, events, types } = self.sampled
  const passed = now - at
  return passed < samplePeriod ? self : {
    ...self,
    rates: self.shards.map((counts, shard) => (counts.events - (events[shard] ?? 0)) * 1_000 / passed),
    typeRates: Array.from(HashMap.entries(self.types))
      .map(([type, seen]) => {
        const before = Option.getOrElse(HashMap.get(types, type), () => 0)
        return [type, (seen - before) * 1_000 / passed] as const
      })
      .filter(([, rate]) => rate > 0)
      .sort(([, a], [, b]) => b - a),
    sampled: { at: now, events: self.shards.map((counts) => counts.events), types: self.types }
  }
}

/** Adds the newest round trip of each shard, if there is a new one. */
export const addRoundTrips = (self: ShardBoard, latencies: ReadonlyArray<Latency.Latency>): ShardBoard => ({
  ...self,
  roundTrips: self.roundTrips.map((known, shard) => {
    const { periods = 0, recent = Chunk.empty<Duration.Duration>() } = latencies[shard] ?? {}
    const newest = Chunk.toReadonlyArray(Chunk.map(Chunk.take(recent, 1), Duration.toMillis))
    return periods === known.count
      ? known
      : { count: periods, millis: [...known.millis, ...newest].slice(-roundTripsKept) }
  })
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

/** The sum of all shards, shown and hidden. A sequence belongs to one session and is left out. */
export const totals = (self: ShardBoard): Omit<EventCounts, "sequence"> => self.shards.reduce(add, self.hidden)
