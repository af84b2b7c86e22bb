/**
 * Saves the state of a queue. A store that fails, dies or hangs delays an IDENTIFY by five seconds at most, because the state
 * is also in memory.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as IdentifyStore from "../../IdentifyStore.js"
import { Guard } from "../foreign/index.js"
import { PeerText } from "../wire/index.js"

/** The default store, which saves nothing. */
export const noStore: IdentifyStore.IdentifyStore = { initial: Option.none(), save: () => Effect.void }

const limit = Duration.seconds(5)

/**
 * Makes an effect that starts to save the state, and returns an effect that waits for the end. The wait never fails, and
 * interrupting it does not interrupt the save. While the store fails, the wait completes at once.
 */
export const make = (
  store: IdentifyStore.IdentifyStore,
  state: Effect.Effect<IdentifyStore.State>
): Effect.Effect<Effect.Effect<void>> => {
  if (store === noStore) {
    return Effect.succeed(Effect.void)
  }
  const turn = Effect.unsafeMakeSemaphore(1)
  let requested = 0
  // The number of the last request that a save has included.
  let covered = 0
  // The number of the newest save that has completed within the limit.
  let newest = 0
  let isFailing = false

  const failed = (cause: unknown): Effect.Effect<void> => {
    const isFirst = !isFailing
    isFailing = true
    return isFirst
      ? Effect.logError(
        `the identify store could not save (${
          PeerText.describe(cause)
        }): the queue continues in memory, and a restart may ` +
          "exceed the day's budget of IDENTIFYs"
      )
      : Effect.void
  }

  const succeeded = (): Effect.Effect<void> => {
    const isBack = isFailing
    isFailing = false
    return isBack ? Effect.logInfo("the identify store saves again") : Effect.void
  }

  const write = (number: number): Effect.Effect<void> =>
    Effect.flatMap(state, (state) =>
      Guard.runWithin(() => store.save(state), {
        limit,
        onDefect: (cause) => cause,
        // The late save may have replaced the result of a newer one.
        onLate: Effect.suspend(() => newest > number ? save : Effect.void)
      })).pipe(
        Effect.zipRight(Effect.sync(() => {
          newest = Math.max(newest, number)
        })),
        Effect.matchEffect({ onFailure: failed, onSuccess: succeeded })
      )

  /** Runs one save at a time, which includes all requests before it. */
  const save: Effect.Effect<void> = Effect.suspend(() => {
    const number = ++requested
    return turn.withPermits(1)(Effect.suspend(() => {
      if (covered >= number) {
        return Effect.void
      }
      covered = requested
      return write(covered)
    }))
  })

  return Effect.map(Guard.start(save), (saved) => isFailing ? Effect.void : saved)
}
