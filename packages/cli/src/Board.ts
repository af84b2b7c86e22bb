/**
 * What has come in so far, shard by shard: a value that each event and each notice changes.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
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
 * @since 0.1.0
 * @category models
 */
export interface Board {
  readonly shards: ReadonlyArray<Counts>
  /** Events a second in the last sampling period, by shard. */
  readonly rates: ReadonlyArray<number>
  /** Oldest first, the last ones only. */
  readonly tail: ReadonlyArray<Entry>
  readonly sampled: { readonly at: number; readonly events: ReadonlyArray<number> }
}

/** More than a tall terminal shows. */
const tailSize = 100

/** How long a rate is measured, in milliseconds. */
const samplePeriod = 1_000

const nothing: Counts = { events: 0, sequence: 0, sessions: 0, resumes: 0, lost: 0, repeated: 0 }

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (shards: number, now: number): Board => {
  const zeros = Array.from({ length: shards }, () => 0)
  return { shards: zeros.map(() => nothing), rates: zeros, tail: [], sampled: { at: now, events: zeros } }
}

/**
 * Counts an event. A READY starts the numbers anew; everything else must follow the one before.
 *
 * @since 0.1.0
 * @category combinators
 */
export const count = (self: Counts, event: Dispatch.Dispatch): Counts => {
  const counted = { ...self, events: self.events + 1 }
  if (event.t === "READY") {
    return { ...counted, sequence: event.s, sessions: self.sessions + 1 }
  }
  const step = event.s - self.sequence
  return {
    ...counted,
    sequence: Math.max(self.sequence, event.s),
    resumes: self.resumes + (event.t === "RESUMED" ? 1 : 0),
    lost: self.lost + Math.max(0, step - 1),
    repeated: self.repeated + (step < 1 ? 1 : 0)
  }
}

const append = (self: Board, entry: Entry): Board => ({ ...self, tail: [...self.tail, entry].slice(-tailSize) })

/**
 * @since 0.1.0
 * @category combinators
 */
export const addEvent = (self: Board, entry: Entry, event: Dispatch.Dispatch): Board => ({
  ...append(self, entry),
  shards: self.shards.map((counts, shard) => shard === entry.shard ? count(counts, event) : counts)
})

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
    sampled: { at: now, events: self.shards.map((counts) => counts.events) }
  }
}

/**
 * The line that stands for an event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const eventEntry = (event: Dispatch.Dispatch, shard: number, at: number): Entry => ({
  at,
  kind: "event",
  shard,
  title: nameOf(event),
  text: describe(event)
})

/**
 * All shards' counts in one; the sequence is left out, for it belongs to a session.
 *
 * @since 0.1.0
 * @category getters
 */
export const totals = (self: Board): Omit<Counts, "sequence"> =>
  self.shards.reduce<Omit<Counts, "sequence">>((sum, counts) => ({
    events: sum.events + counts.events,
    sessions: sum.sessions + counts.sessions,
    resumes: sum.resumes + counts.resumes,
    lost: sum.lost + counts.lost,
    repeated: sum.repeated + counts.repeated
  }), nothing)
