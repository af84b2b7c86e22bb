/** The clocks of a lease: deadlines are of a monotonic clock, expiry of the database's, which an operator may set. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** Milliseconds of a clock that is never set. */
export const instant: Effect.Effect<number> = Effect.map(Clock.currentTimeNanos, (ns) => Number(ns / 1_000n) / 1_000)

/** The latest that an answer may be, in milliseconds: a query takes time, and clocks are adjusted. */
const tolerance = 3_000

export const make = (lease: Duration.Duration) => {
  let offset: number | undefined
  let suspectUntil = Number.NEGATIVE_INFINITY
  /** True for a lease after the clock has jumped forward: then this runner takes nothing over. */
  const isSuspect = (monotonic: number) => monotonic < suspectUntil
  return {
    isSuspect,
    /** Notes a time of the database's clock. Both are in milliseconds. */
    observe: (database: number, monotonic: number) => {
      const now = database - monotonic
      if (offset !== undefined && now - offset > tolerance) {
        suspectUntil = monotonic + Duration.toMillis(lease)
      }
      offset = now
    },
    /** The latest time that the database's clock can have unless it is set. */
    latest: (monotonic: number) =>
      offset === undefined ? Number.MAX_SAFE_INTEGER : isSuspect(monotonic) ? 0 : offset + monotonic + tolerance
  }
}
