/**
 * What has come in so far, shard by shard: a value that each event and each notice changes.
 *
 * @since 0.1.0
 */
import type * as Latency from "@vesper/gateway/Latency"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { describe, nameOf } from "./internal/describe.js"

/**
 * What a shard's readers have seen.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counts {
  readonly events: number
  /** The number of the last event. */
  readonly sequence: number
  /** Sessions begun: READY. */
  readonly sessions: number
  /** Sessions taken up again: RESUMED. */
  readonly resumes: number
  /** Numbers that never came. */
  readonly lost: number
  /** Numbers that came again. */
  readonly repeated: number
}

/**
 * A line of the tail: an event, or a notice from the log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** In milliseconds since 1970. */
  readonly at: number
  readonly kind: "event" | "notice"
  /** None for what is no shard's. */
  readonly shard: number | undefined
  readonly title: string
  readonly text: string
}

/**
 * The last round trips of a shard's heartbeats.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pulse {
  /** How many there were on this connection. */
  readonly periods: number
  /** In milliseconds, oldest first, the last ones only. */
  readonly millis: ReadonlyArray<number>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Board {
  /** Whether each number is to come: not if only some events are read. */
  readonly isGapless: boolean
  /** The shards that are shown, in their order; the lists by shard have the same. */
  readonly ids: ReadonlyArray<ShardId.ShardId>
  readonly shards: ReadonlyArray<Counts>
  /** Of shards that are not shown any more, or not yet: they have moved, or a resharding takes their place. */
  readonly others: Counts
  /** Events a second in the last sampling period, by shard. */
  readonly rates: ReadonlyArray<number>
  /** How many events of each type came in. */
  readonly types: HashMap.HashMap<string, number>
  /** Events a second in the last sampling period by type, the most frequent first. */
  readonly typeRates: ReadonlyArray<readonly [type: string, perSecond: number]>
  readonly pulses: ReadonlyArray<Pulse>
  /** Oldest first, the last ones only. */
  readonly tail: ReadonlyArray<Entry>
  readonly sampled: {
    readonly at: number
    readonly events: ReadonlyArray<number>
    readonly types: HashMap.HashMap<string, number>
  }
}

/** More than a tall terminal shows, for a filter leaves some out. */
const tailSize = 200

/** As many round trips as a sparkline has columns. */
const pulseSize = 12

/** How long a rate is measured, in milliseconds. */
const samplePeriod = 1_000

/**
 * Before anything has come in.
 *
 * @since 0.1.0
 * @category constants
 */
export const nothing: Counts = { events: 0, sequence: 0, sessions: 0, resumes: 0, lost: 0, repeated: 0 }

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  ids: ReadonlyArray<ShardId.ShardId>,
  now: number,
  options: { readonly isGapless: boolean } = { isGapless: true }
): Board => {
  const zeros = ids.map(() => 0)
  return {
    isGapless: options.isGapless,
    ids,
    shards: zeros.map(() => nothing),
    others: nothing,
    rates: zeros,
    types: HashMap.empty(),
    typeRates: [],
    pulses: zeros.map(() => ({ periods: 0, millis: [] })),
    tail: [],
    sampled: { at: now, events: zeros, types: HashMap.empty() }
  }
}

/**
 * Counts an event. A READY starts the numbers anew, and the first event of a session that another process has begun
 * starts them where it is; everything else must follow the one before.
 *
 * @since 0.1.0
 * @category combinators
 */
export const count = (self: Counts, event: Dispatch.Dispatch): Counts => {
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

const append = (self: Board, entry: Entry): Board => ({ ...self, tail: [...self.tail, entry].slice(-tailSize) })

const isSame = (a: ShardId.ShardId, b: ShardId.ShardId): boolean => a.id === b.id && a.total === b.total

/**
 * @since 0.1.0
 * @category combinators
 */
export const addEvent = (self: Board, entry: Entry, event: Dispatch.Dispatch, shard: ShardId.ShardId): Board => {
  const place = self.ids.findIndex((id) => isSame(id, shard))
  const counted = (counts: Counts): Counts => ({ ...count(counts, event), ...(!self.isGapless && { lost: 0 }) })
  return {
    ...append(self, entry),
    types: HashMap.modifyAt(self.types, entry.title, (seen) => Option.some(Option.getOrElse(seen, () => 0) + 1)),
    // Numbers of different sessions follow in no order: only how many they are is of use.
    others: place === -1 ? { ...counted({ ...self.others, sequence: 0 }), lost: self.others.lost } : self.others,
    shards: self.shards.map((counts, index) => index === place ? counted(counts) : counts)
  }
}

const sum = (a: Counts, b: Counts): Counts => ({
  events: a.events + b.events,
  sequence: 0,
  sessions: a.sessions + b.sessions,
  resumes: a.resumes + b.resumes,
  lost: a.lost + b.lost,
  repeated: a.repeated + b.repeated
})

/**
 * Shows these shards from now on. What those that stay have done is kept, what the others have done counts for the whole.
 *
 * @since 0.1.0
 * @category combinators
 */
export const reshape = (self: Board, ids: ReadonlyArray<ShardId.ShardId>): Board => {
  if (ids.length === self.ids.length && ids.every((id, place) => isSame(id, self.ids[place] ?? id))) {
    return self
  }
  const places = ids.map((id) => self.ids.findIndex((other) => isSame(id, other)))
  const kept = <A>(all: ReadonlyArray<A>, none: A): ReadonlyArray<A> => places.map((place) => all[place] ?? none)
  const gone = self.shards.filter((_, place) => !places.includes(place))
  return {
    ...self,
    ids,
    shards: kept(self.shards, nothing),
    others: gone.reduce(sum, self.others),
    rates: kept(self.rates, 0),
    pulses: kept(self.pulses, { periods: 0, millis: [] }),
    sampled: { ...self.sampled, events: kept(self.sampled.events, 0) }
  }
}

/**
 * @since 0.1.0
 * @category combinators
 */
export const addNotice: (self: Board, entry: Entry) => Board = append

/**
 * Measures the rates anew once a second has passed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sample = (self: Board, now: number): Board => {
  const { at, events } = self.sampled
  const passed = now - at
  return passed < samplePeriod ? self : {
    ...self,
    rates: self.shards.map((counts, shard) => (counts.events - (events[shard] ?? 0)) * 1_000 / passed),
    typeRates: Array.from(HashMap.entries(self.types))
      .map(([type, seen]) => {
        const before = Option.getOrElse(HashMap.get(self.sampled.types, type), () => 0)
        return [type, (seen - before) * 1_000 / passed] as const
      })
      .filter(([, rate]) => rate > 0)
      .sort(([, a], [, b]) => b - a),
    sampled: { at: now, events: self.shards.map((counts) => counts.events), types: self.types }
  }
}

/**
 * Takes the newest round trip of each shard, if there is a new one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const beat = (self: Board, latencies: ReadonlyArray<Latency.Latency>): Board => ({
  ...self,
  pulses: self.pulses.map((pulse, shard) => {
    const { periods = 0, recent = Chunk.empty<Duration.Duration>() } = latencies[shard] ?? {}
    return periods === pulse.periods ? pulse : {
      periods,
      millis: [...pulse.millis, ...Chunk.toReadonlyArray(Chunk.map(Chunk.take(recent, 1), Duration.toMillis))]
        .slice(-pulseSize)
    }
  })
})

/**
 * The line that stands for an event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const eventEntry = (event: Dispatch.Dispatch, shard: ShardId.ShardId, at: number): Entry => ({
  at,
  kind: "event",
  shard: shard.id,
  title: nameOf(event),
  text: describe(event)
})

/**
 * All shards' counts in one, of those that are not shown too; the sequence is left out, for it belongs to a session.
 *
 * @since 0.1.0
 * @category getters
 */
export const totals = (self: Board): Omit<Counts, "sequence"> => self.shards.reduce(sum, self.others)
