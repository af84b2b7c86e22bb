/** Calls a handler of the program, and recognizes handlers that are done at once. */
import * as Effect from "effect/Effect"

/**
 * Returns true if the effect has completed already, so that it needs no fiber. `Exit.isExit` has the same result, but reads
 * properties by a variable name, which no inline cache holds.
 */
export const isDone = (effect: Effect.Effect<unknown, unknown, unknown>): boolean =>
  effect === Effect.void || ("_tag" in effect && effect._tag === "Success")

/** Calls a handler. If it throws, the result is an effect that dies. */
export const callHandler = <A, E, R>(evaluate: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return evaluate()
  } catch (defect) {
    return Effect.die(defect)
  }
}
