/**
 * The handover of one guild from an old shard to a new one. Both receive all events of the guild in the same order, with
 * different sequences. Copies are matched by their contents, and the first copy of each event is delivered.
 *
 * The new session never receives the events from before it had the guild. Until a common point of both is found, only the
 * events of the old shard are delivered. The common point is one of
 *
 * - an anchor, which is an event that occurs once, such as a message with its id, received by both;
 * - a silence of both that is longer than `lag`;
 * - after `patience`, the difference of the events received by each, by their contents.
 *
 * From the common point on, either shard can fail or close, and no event is lost or doubled. If a process may die and its
 * successor must repeat no event, the old copy is delivered while there is an old session, because the successor resumes that
 * one. The functions are pure but for the state that they are given; the events that they return are to be delivered, in that
 * order.
 */
import type { EventKey } from "./eventKey.js"

/** One of the two copies of an event. */
export interface Copy<A> extends EventKey {
  readonly value: A
}

interface Seen {
  readonly key: string
  readonly at: number
}

interface Held<A> {
  readonly copy: Copy<A>
  readonly at: number
}

/**
 * The phases of a handover.
 *
 * - `Old`: only the old shard has the guild.
 * - `Overlap`: the new one has it too; no common point is known.
 * - `Both`: the first copy of each event is delivered, or the old one if `prefersOld` is true.
 */
export type HandoverPhase = "Old" | "Overlap" | "Both"

export interface Handover<A> {
  phase: HandoverPhase
  /** Recent events of the old shard. */
  history: Array<Seen>
  /** Events of the new shard that wait for the common point, or for their old copy. */
  held: Array<Held<A>>
  /** Events delivered from the old shard whose copy the new shard has not received. */
  aheadOld: Array<Seen>
  /** Events delivered from the new shard whose copy the old shard has not received. */
  aheadNew: Array<Seen>
  /** The time at which the new shard got the guild, in milliseconds. */
  overlapSince: number
  /** The time of the last event of either, in milliseconds. */
  lastAt: number
  prefersOld: boolean
}

export interface Policy {
  /** The longest delay of one session behind the other, in milliseconds. */
  readonly lag: number
  /** The time after which events are compared by contents, in milliseconds. */
  readonly patience: number
}

/** The times up to which all events of the old and the new shard are processed, in milliseconds. */
export interface CaughtUp {
  readonly old: number
  readonly new: number
}

export const make = <A>(now: number, prefersOld = false): Handover<A> => ({
  phase: "Old",
  history: [],
  held: [],
  aheadOld: [],
  aheadNew: [],
  overlapSince: now,
  lastAt: now,
  prefersOld
})

/** Removes the first entry with this key. Copies arrive in order, so it is near the start. */
const remove = (list: Array<Seen>, key: string): boolean => {
  const index = list.findIndex((seen) => seen.key === key)
  if (index === -1) {
    return false
  }
  list.splice(index, 1)
  return true
}

/** Delivers the events of the new shard that wait. */
const deliverHeld = <A>(self: Handover<A>): ReadonlyArray<A> => {
  const { held } = self
  self.held = []
  held.forEach(({ at, copy }) => self.aheadNew.push({ key: copy.key, at }))
  return held.map(({ copy }) => copy.value)
}

/** Begins the phase `Both`. */
const join = <A>(self: Handover<A>, aheadOld: Array<Seen>, fresh: Array<Held<A>>): ReadonlyArray<A> => {
  self.phase = "Both"
  self.aheadOld = aheadOld
  self.held = fresh
  return self.prefersOld ? [] : deliverHeld(self)
}

export const fromOld = <A>(self: Handover<A>, copy: Copy<A>, now: number): ReadonlyArray<A> => {
  self.lastAt = now
  self.history.push({ key: copy.key, at: now })
  if (remove(self.aheadNew, copy.key)) {
    return []
  }
  if (self.phase === "Both") {
    const index = self.held.findIndex((held) => held.copy.key === copy.key)
    if (index === -1) {
      self.aheadOld.push({ key: copy.key, at: now })
    } else {
      self.held.splice(index, 1)
    }
  } else if (self.phase === "Overlap" && copy.isAnchor) {
    const index = self.held.findIndex((held) => held.copy.key === copy.key)
    if (index !== -1) {
      return [copy.value, ...join(self, [], self.held.slice(index + 1))]
    }
  }
  return [copy.value]
}

export const fromNew = <A>(self: Handover<A>, copy: Copy<A>, now: number): ReadonlyArray<A> => {
  switch (self.phase) {
    case "Old":
      return []
    case "Overlap": {
      self.lastAt = now
      const index = copy.isAnchor ? self.history.findLastIndex(({ key }) => key === copy.key) : -1
      if (index !== -1) {
        return join(self, self.history.slice(index + 1), [])
      }
      self.held.push({ copy, at: now })
      return []
    }
    case "Both": {
      self.lastAt = now
      if (remove(self.aheadOld, copy.key)) {
        return []
      }
      self.held.push({ copy, at: now })
      return self.prefersOld ? [] : deliverHeld(self)
    }
  }
}

/** Notes that the new shard has the guild, so that both receive its later events. */
export const overlap = <A>(self: Handover<A>, now: number): void => {
  if (self.phase === "Old") {
    self.phase = "Overlap"
    self.overlapSince = now
  }
}

/** Ends the search for a common point and delivers the events that only the new shard has received. */
const joinByContents = <A>(self: Handover<A>): ReadonlyArray<A> => {
  const unmatched = self.history.slice()
  const known = self.aheadNew.slice()
  const fresh = self.held.filter(({ copy }) => !remove(unmatched, copy.key) && !remove(known, copy.key))
  return join(self, unmatched, fresh)
}

/** Notes that the old shard has lost its session, and with it all copies that it has not received. */
export const loseOld = <A>(self: Handover<A>): ReadonlyArray<A> =>
  self.phase === "Old" ? [] : [...(self.phase === "Overlap" ? joinByContents(self) : []), ...deliverHeld(self)]

/** Notes that the old shard is closed permanently: events of the new one wait no longer. */
export const closeOld = <A>(self: Handover<A>): ReadonlyArray<A> => {
  self.prefersOld = false
  return self.phase === "Both" ? deliverHeld(self) : []
}

/** Notes that the new shard has lost its session. Only the old shard has the guild until the next session has it. */
export const loseNew = <A>(self: Handover<A>): void => {
  self.phase = "Old"
  self.held = []
  self.aheadOld = []
}

const after = <S extends { readonly at: number }>(list: Array<S>, at: number): Array<S> => {
  const first = list[0]
  return first === undefined || first.at > at ? list : list.filter((seen) => seen.at > at)
}

/** Finds the common point in a silence, and removes copies that can no longer arrive. */
export const settle = <A>(self: Handover<A>, caughtUp: CaughtUp, policy: Policy): ReadonlyArray<A> => {
  const both = Math.min(caughtUp.old, caughtUp.new)
  let fresh: ReadonlyArray<A> = []
  if (self.phase === "Overlap") {
    const isQuiet = both - Math.max(self.lastAt, self.overlapSince) >= policy.lag
    if (isQuiet || both - self.overlapSince >= policy.patience) {
      fresh = joinByContents(self)
    }
  } else {
    self.history = after(self.history, caughtUp.new - policy.lag)
  }
  if (self.phase === "Both") {
    self.aheadOld = after(self.aheadOld, caughtUp.new - policy.lag)
    const waiting = after(self.held, caughtUp.old - policy.lag)
    if (waiting.length < self.held.length) {
      // The old copies would have arrived.
      self.held = self.held.filter((held) => !waiting.includes(held))
      fresh = [...fresh, ...deliverHeld(self)]
      self.held = waiting
    }
  }
  self.aheadNew = after(self.aheadNew, caughtUp.old - policy.lag)
  return fresh
}

/** Returns whether no delivered event waits for its copy. */
export const isSettled = <A>(self: Handover<A>): boolean => self.aheadOld.length === 0 && self.aheadNew.length === 0
