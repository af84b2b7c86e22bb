/**
 * Waiting in a finalizer. A fiber that cannot be interrupted still passes each interruption on to its children, and a timeout
 * runs its effect in a child. A second interruption would therefore end a timeout in a finalizer, and the rest of the
 * finalizer would not run.
 */
import * as Effect from "effect/Effect"

/**
 * Runs an effect with a limited duration, such as one with a timeout, to its end even if its fiber is interrupted twice. It can
 * be interrupted if the fiber can be.
 */
export const runToCompletion = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // A disconnected fiber is not a child, and a timeout inside it can interrupt its effect.
  Effect.disconnect(Effect.interruptible(effect))
