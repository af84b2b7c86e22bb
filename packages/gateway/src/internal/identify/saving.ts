/**
 * Saves the state of a queue. A store that fails, dies or hangs costs the queue a short wait at most: its state is also in
 * memory.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as IdentifyStore from "../../IdentifyStore.js"
import { Guard } from "../foreign/index.js"

export interface Saving {
  /**
   * Starts to save the state, and returns the wait for it. The wait never fails; interrupting it does not cut off the
   * save. While the store fails there is nothing to wait for.
   */
  readonly start: Effect.Effect<Effect.Effect<void>>
}

/** The default: nothing is saved. */
export const noStore: IdentifyStore.IdentifyStore = { initial: Option.none(), save: () => Effect.void }

const nothingToSave: Saving = { start: Effect.succeed(Effect.void) }

/** How long one save may take. */
const limit = Duration.seconds(5)

const describe = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

export const make = (store: IdentifyStore.IdentifyStore, state: Effect.Effect<IdentifyStore.State>): Saving => {
  if (store === noStore) {
    return nothingToSave
  }
  const turn = Effect.unsafeMakeSemaphore(1)
  let requested = 0
  // Requests that a save has covered, which began after them.
  let covered = 0
  // The number of the newest save that has ended in time.
  let newest = 0
  let isFailing = false

  const failed = (cause: unknown): Effect.Effect<void> => {
    const isFirst = !isFailing
    isFailing = true
    return isFirst
      ? Effect.logError(
        `the identify store could not save (${
          describe(cause)
        }): the queue continues in memory, and a restart may repeat ` +
          "identifies that the day's budget has already paid for"
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
        // It may have replaced what a later save has written.
        onLate: Effect.suspend(() => newest > number ? save : Effect.void)
      })).pipe(
        Effect.zipRight(Effect.sync(() => {
          newest = Math.max(newest, number)
        })),
        Effect.matchEffect({ onFailure: failed, onSuccess: succeeded })
      )

  /** One save at a time covers all requests before it. */
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

  return {
    start: Effect.map(Guard.start(save), (saved) => isFailing ? Effect.void : saved)
  }
}
