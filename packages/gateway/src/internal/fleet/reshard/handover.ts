/**
 * One guild's way from an old shard to a new one. Both hear of everything that happens in it, each under numbers of its
 * own, and each in the guild's order. So the two are told apart by their contents, and the first copy of each event is
 * given on.
 *
 * The hard part is the beginning: what happened before the new session had the guild never comes over it. The old shard
 * has the only say until one point is found that both have passed. Such a point is
 *
 * - an anchor: an event that there is only once, such as a message with its id, seen on both; or
 * - a silence of both for longer than one can be behind the other; or
 * - for a guild that gives neither for long: whatever one has brought and the other has not, counted by contents.
 *
 * From there on either of the two can fail or go, and nothing is lost or doubled. No effects here, and no clock: what is
 * given back is to be delivered, in that order.
 */

/** One of the two copies of an event. */
export interface Copy<A> {
  /** The same for both copies. */
  readonly key: string
  /** No other event has this key. */
  readonly isAnchor: boolean
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
 * - `Old`: only the old shard has the guild.
 * - `Overlap`: the new one has it too; no common point is known.
 * - `Both`: the first copy counts.
 */
export type Phase = "Old" | "Overlap" | "Both"

export interface Handover<A> {
  phase: Phase
  /** What the old shard has brought of late. */
  history: Array<Seen>
  /** What the new shard has brought since it has the guild, while no common point is known. */
  held: Array<Held<A>>
  /** Delivered from the old shard; the new one's copy is to come. */
  aheadOld: Array<Seen>
  /** Delivered from the new shard; the old one's copy is to come. */
  aheadNew: Array<Seen>
  /** When the new shard got the guild. */
  overlapSince: number
  /** When either brought something last. */
  lastAt: number
}

export interface Policy {
  /** How far one session may be behind the other, in milliseconds. */
  readonly lag: number
  /** How long a common point is looked for before contents are counted. */
  readonly patience: number
}

/** Until when everything that came over the old and the new shard has been looked at. */
export interface CaughtUp {
  readonly old: number
  readonly new: number
}

export const make = <A>(now: number): Handover<A> => ({
  phase: "Old",
  history: [],
  held: [],
  aheadOld: [],
  aheadNew: [],
  overlapSince: now,
  lastAt: now
})

/** Takes out the first with this key. Copies come in order: it is the first of all but for events on their way. */
const remove = (list: Array<Seen>, key: string): boolean => {
  const index = list.findIndex((seen) => seen.key === key)
  if (index === -1) {
    return false
  }
  list.splice(index, 1)
  return true
}

const lastIndexOf = (list: ReadonlyArray<Seen>, key: string): number => {
  for (let i = list.length - 1; i >= 0; i--) {
    if (list[i]?.key === key) {
      return i
    }
  }
  return -1
}

/** From now on the first copy counts. */
const join = <A>(self: Handover<A>, aheadOld: Array<Seen>, fresh: ReadonlyArray<Held<A>>): ReadonlyArray<A> => {
  self.phase = "Both"
  self.held = []
  self.aheadOld = aheadOld
  fresh.forEach(({ at, copy }) => self.aheadNew.push({ key: copy.key, at }))
  return fresh.map(({ copy }) => copy.value)
}

/** The old shard has brought an event. */
export const fromOld = <A>(self: Handover<A>, copy: Copy<A>, now: number): ReadonlyArray<A> => {
  self.lastAt = now
  self.history.push({ key: copy.key, at: now })
  if (remove(self.aheadNew, copy.key)) {
    return []
  }
  if (self.phase === "Both") {
    self.aheadOld.push({ key: copy.key, at: now })
  } else if (self.phase === "Overlap" && copy.isAnchor) {
    const index = self.held.findIndex((held) => held.copy.key === copy.key)
    if (index !== -1) {
      return [copy.value, ...join(self, [], self.held.slice(index + 1))]
    }
  }
  return [copy.value]
}

/** The new shard has brought an event. */
export const fromNew = <A>(self: Handover<A>, copy: Copy<A>, now: number): ReadonlyArray<A> => {
  switch (self.phase) {
    case "Old":
      return []
    case "Overlap": {
      self.lastAt = now
      const index = copy.isAnchor ? lastIndexOf(self.history, copy.key) : -1
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
      self.aheadNew.push({ key: copy.key, at: now })
      return [copy.value]
    }
  }
}

/** The new shard has the guild: every later event of it comes over both. */
export const overlap = <A>(self: Handover<A>, now: number): void => {
  if (self.phase === "Old") {
    self.phase = "Overlap"
    self.overlapSince = now
  }
}

/** Looks for no common point any more: what the new shard has brought, and the old one has not, is delivered. */
const joinByContents = <A>(self: Handover<A>): ReadonlyArray<A> => {
  const unmatched = self.history.slice()
  const known = self.aheadNew.slice()
  const fresh = self.held.filter(({ copy }) => !remove(unmatched, copy.key) && !remove(known, copy.key))
  return join(self, unmatched, fresh)
}

/** The old shard has lost its session, and with it whatever the new one alone has brought since. */
export const loseOld = <A>(self: Handover<A>): ReadonlyArray<A> => self.phase === "Overlap" ? joinByContents(self) : []

/** The new shard has lost its session: the old one alone has the guild again, until the next session has it. */
export const loseNew = <A>(self: Handover<A>): void => {
  self.phase = "Old"
  self.held = []
  self.aheadOld = []
}

const after = (list: Array<Seen>, at: number): Array<Seen> => {
  const first = list[0]
  return first === undefined || first.at > at ? list : list.filter((seen) => seen.at > at)
}

/** Time has passed: finds the common point in a silence, and forgets copies that cannot come any more. */
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
  }
  self.aheadNew = after(self.aheadNew, caughtUp.old - policy.lag)
  return fresh
}

/** Whether the old shard may go, or has gone: nothing of it waits for its copy. */
export const isSettled = <A>(self: Handover<A>): boolean => self.aheadOld.length === 0 && self.aheadNew.length === 0
