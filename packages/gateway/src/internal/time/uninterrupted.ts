/**
 * What waits in a finalizer, or wherever else its fiber cannot be interrupted. Such a fiber still hands each interruption
 * on to its children, and a timeout runs what it times in a child: whoever was interrupted once, and waits for something
 * before it goes, would be broken off by the second interruption, and do nothing of what comes after.
 */
import * as Effect from "effect/Effect"

/**
 * Runs an effect that has an end of its own, such as one with a timeout, to that end. Where the fiber can be interrupted,
 * so can this.
 */
export const unbroken = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // A fiber of its own is no child, and what it times out it can interrupt.
  Effect.disconnect(Effect.interruptible(effect))
