/** Recognizes handlers that complete synchronously. */
import * as Effect from "effect/Effect"

/**
 * Returns true if the effect has completed already, so that it needs no fiber. `Exit.isExit` has the same result, but reads
 * properties by a variable name, which no inline cache holds.
 */
export const isDone = (effect: Effect.Effect<unknown, unknown, unknown>): boolean =>
  effect === Effect.void || ("_tag" in effect && effect._tag === "Success")
