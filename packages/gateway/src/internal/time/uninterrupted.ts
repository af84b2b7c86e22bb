/**
 * Finalizers and interruption. A fiber that cannot be interrupted still passes each interruption on to its children, and a timeout
 * runs its effect in a child. A second interruption would therefore end a timeout in a finalizer, and the rest of the
 * finalizer would not run.
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Function from "effect/Function"

/**
 * Runs an effect with a limited duration, such as one with a timeout, to its end even if its fiber is interrupted twice. It can
 * be interrupted if the fiber can be.
 */
export const runToCompletion = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // A disconnected fiber is not a child, and a timeout inside it can interrupt its effect.
  Effect.disconnect(Effect.interruptible(effect))

/**
 * Prepares a fiber that continues after it has closed a scope. `Effect.addFinalizer` restores the fiber references around each
 * finalizer, and Effect 3.22 keeps the interruption of a fiber in one of them. Without this, the first finalizer sets that
 * reference, the second one resets it, and the fiber loses an interruption that arrives while the second one waits. A
 * reference that is set before the scope opens is kept.
 *
 * @see https://github.com/Effect-TS/effect/pull/8271
 */
export const keepInterruption: Effect.Effect<void> = FiberRef.update(FiberRef.interruptedCause, Function.identity)
