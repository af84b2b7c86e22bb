/** The end of a program that must not hang: whatever does not come to its end in time is left behind. */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/**
 * Runs a program, which says when it begins to end. From then on, or from its interruption, it has `patience` for that;
 * after it `late` says what to do, with the program still at it. An effect, and not an error: of a fiber that was
 * interrupted no other failure is heard.
 */
export const endInTime = <A, E, R, Late>(
  patience: Duration.DurationInput,
  late: Effect.Effect<Late>,
  program: (ending: Effect.Effect<void>) => Effect.Effect<A, E, R>
): Effect.Effect<A | Late, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const ending = yield* Deferred.make<void>()
      // No child: one that hangs would have to be waited for.
      const fiber = yield* Effect.forkDaemon(restore(program(Effect.asVoid(Deferred.succeed(ending, undefined)))))
      const watched = yield* Effect.exit(restore(Effect.raceFirst(Fiber.await(fiber), Deferred.await(ending))))
      if (Exit.isFailure(watched)) {
        yield* Fiber.interruptFork(fiber)
      }
      const ended = yield* Fiber.await(fiber).pipe(
        Effect.timeoutOption(patience),
        // Waited for however often this is interrupted: a second Ctrl-C, or both a SIGTERM and a drain.
        Effect.interruptible,
        Effect.disconnect
      )
      return yield* Option.getOrElse(ended, () => late)
    })
  )
