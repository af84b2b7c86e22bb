/** Rates of counts, measured once a second. */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

/** The counts at the last sample, and their increase a second before it. */
export interface Rates<K> {
  readonly at: number
  readonly counts: HashMap.HashMap<K, number>
  readonly perSecond: HashMap.HashMap<K, number>
}

/** The period over which a rate is measured, in milliseconds. */
const period = 1_000

export const make = <K>(at: number): Rates<K> => ({ at, counts: HashMap.empty(), perSecond: HashMap.empty() })

/** Returns a count, or a rate. */
export const get = <K>(counts: HashMap.HashMap<K, number>, key: K): number =>
  Option.getOrElse(HashMap.get(counts, key), () => 0)

export const sample = <K>(self: Rates<K>, now: number, counts: HashMap.HashMap<K, number>): Rates<K> => {
  const passed = now - self.at
  const perSecond = (count: number, key: K) => (count - get(self.counts, key)) * 1_000 / passed
  return passed < period ? self : { at: now, counts, perSecond: HashMap.map(counts, perSecond) }
}
