/**
 * The database's clock as a runner sees it. Expiry is a time of that clock, which an operator may set: a jump forward must
 * not make all leases look expired, so a runner takes over nothing and declares no runner dead until a lease after it.
 */
import type * as Duration from "effect/Duration"
import * as Dur from "effect/Duration"

export interface DatabaseClock {
  /** Notes a time that the database has just given. Both are in milliseconds. */
  readonly observe: (database: number, monotonic: number) => void
  /** Whether the clock has jumped forward within the last lease. */
  readonly isSuspect: (monotonic: number) => boolean
  /** The latest time that the database may have if its clock runs on: one that is later has been set. */
  readonly latest: (monotonic: number) => number
}

/** How much later than expected the database may be: an answer takes its time, and clocks are adjusted. */
const tolerance = 3_000

export const make = (lease: Duration.Duration): DatabaseClock => {
  const millis = Dur.toMillis(lease)
  let offset: number | undefined
  let suspectUntil = Number.NEGATIVE_INFINITY
  return {
    observe: (database, monotonic) => {
      const now = database - monotonic
      if (offset !== undefined && now - offset > tolerance) {
        suspectUntil = monotonic + millis
      }
      offset = now
    },
    isSuspect: (monotonic) => monotonic < suspectUntil,
    latest: (monotonic) =>
      offset === undefined ? Number.MAX_SAFE_INTEGER : monotonic < suspectUntil ? 0 : offset + monotonic + tolerance
  }
}
