/** The end of a program that must not hang. A program that does not end in time is abandoned. */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/**
 * Runs a program that signals when it begins to end. From then on, or from its interruption, it has `limit` to end. After
 * that `onLate` runs while the program is still running. It is an effect and not an error, because the exit of a fiber that
 * was interrupted carries no other failure.
 */
export const endInTime = <A, E, R, Late>(
  limit: Duration.DurationInput,
  onLate: Effect.Effect<Late>,
  program: (ending: Effect.Effect<void>) => Effect.Effect<A, E, R>
): Effect.Effect<A | Late, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const ending = yield* Deferred.make<void>()
      // A daemon, because the end of a parent waits for its children.
      const fiber = yield* Effect.forkDaemon(restore(program(Effect.asVoid(Deferred.succeed(ending, undefined)))))
      const exit = yield* Effect.exit(restore(Effect.raceFirst(Fiber.await(fiber), Deferred.await(ending))))
      if (Exit.isFailure(exit)) {
        yield* Fiber.interruptFork(fiber)
      }
      const ended = yield* Fiber.await(fiber).pipe(
        Effect.timeoutOption(limit),
        // Further interruptions, such as a second Ctrl-C or a drain after SIGTERM, do not shorten it.
        Effect.interruptible,
        Effect.disconnect
      )
      return yield* Option.getOrElse(ended, () => onLate)
    })
  )
