/** Waits for a database that is not ready yet. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"

/** From 100 ms to 5 s, with some randomness so that runners that start together do not collide again. */
const backOff = Schedule.exponential("100 millis").pipe(Schedule.union(Schedule.spaced("5 seconds")), Schedule.jittered)

/** The driver's error, which libraries wrap as a cause of their own. */
const innermost = (error: unknown): unknown =>
  Cause.isCause(error)
    ? innermost(Cause.squash(error))
    : Predicate.hasProperty(error, "cause") && error.cause !== undefined
    ? innermost(error.cause)
    : error

/**
 * True for an error that waiting cannot mend: a refused login, a missing database or permission, a statement that PostgreSQL does not
 * understand, a file that cannot be opened. An object that another runner has just created is not one.
 */
export const isHopeless = (error: unknown): boolean => {
  const driver = innermost(error)
  return Predicate.hasProperty(driver, "code") &&
    /^(28...|3D000|3F000|42(?!P07|701|710|P06)...)$|^SQLITE_(CANTOPEN|NOTADB|READONLY|CORRUPT|PERM)/
      .test(String(driver.code))
}

/** Tries until it succeeds or is hopeless, and logs why it waits. */
export const retryStartUp = (what: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(
    Effect.tapError(effect, (error) => {
      const driver = innermost(error)
      const why = driver instanceof Error ? driver.message : String(driver)
      return isHopeless(error) ? Effect.void : Effect.logWarning(`${what}: ${why}; it is tried again within 5 s`)
    }),
    { schedule: backOff, while: (error) => !isHopeless(error) }
  )
