/** Patience with a database that is not ready yet. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"

/** From 100 ms to 5 s, with some randomness so that runners that start together do not collide again. */
const backOff = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("5 seconds")),
  Schedule.jittered
)

/** The code of a driver's error, which libraries wrap as a cause of their own. */
const codeOf = (error: unknown): string | undefined => {
  if (Cause.isCause(error)) {
    return codeOf(Cause.squash(error))
  }
  return Predicate.hasProperty(error, "code") && typeof error.code === "string"
    ? error.code
    : Predicate.hasProperty(error, "cause")
    ? codeOf(error.cause)
    : undefined
}

/** Objects that another runner has created a moment ago. */
const created: ReadonlySet<string> = new Set(["42P07", "42701", "42710", "42P06"])

/**
 * Whether waiting cannot mend it: a login that is refused, a database that does not exist, a permission that is missing, a
 * statement that PostgreSQL does not understand, a file that cannot be opened.
 */
export const isHopeless = (error: unknown): boolean => {
  const code = codeOf(error) ?? ""
  return /^(28...|3D000|3F000|42...)$/.test(code) && !created.has(code) ||
    /^SQLITE_(CANTOPEN|NOTADB|READONLY|CORRUPT|PERM)/.test(code)
}

/** Tries until it succeeds or is hopeless, and logs why it waits. */
export const retryStartUp = (what: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.tapError((error) =>
      isHopeless(error)
        ? Effect.void
        : Effect.logWarning(`${what}: ${messageOf(error)}; it is tried again in up to ${Duration.format("5 seconds")}`)
    ),
    Effect.retry({ schedule: backOff, while: (error) => !isHopeless(error) })
  )

/** The innermost message, which is the driver's. */
const messageOf = (error: unknown): string =>
  Cause.isCause(error)
    ? messageOf(Cause.squash(error))
    : Predicate.hasProperty(error, "cause") && error.cause !== undefined
    ? messageOf(error.cause)
    : error instanceof Error
    ? error.message
    : String(error)
