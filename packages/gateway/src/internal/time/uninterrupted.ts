/**
 * What waits in a finalizer, or wherever else its fiber cannot be interrupted. Such a fiber still hands each interruption
 * on to its children, and a timeout runs what it times in a child: whoever was interrupted once, and waits for something
 * before it goes, would be broken off by the second interruption, and do nothing of what comes after.
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Function from "effect/Function"

/**
 * Runs an effect that has an end of its own, such as one with a timeout, to that end. Where the fiber can be interrupted,
 * so can this.
 */
export const unbroken = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // A fiber of its own is no child, and what it times out it can interrupt.
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
