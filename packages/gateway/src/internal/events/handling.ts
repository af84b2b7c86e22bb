/** What a handler gives back, looked at without running it. */
import * as Effect from "effect/Effect"

/**
 * Whether there is nothing left to run, which spares a fiber for it. That is what `Exit.isExit` looks at, without its
 * searches by a variable name, which no inline cache holds.
 */
export const isDone = (effect: Effect.Effect<unknown, unknown, unknown>): boolean =>
  effect === Effect.void || ("_tag" in effect && effect._tag === "Success")

/** A handler that throws before it has an Effect fails as one that dies. */
export const attempt = <A, E, R>(evaluate: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return evaluate()
  } catch (defect) {
    return Effect.die(defect)
  }
}
