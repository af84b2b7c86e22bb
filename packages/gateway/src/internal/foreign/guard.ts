/**
 * The boundary to code that the library does not own: stores, identify queues, callbacks of the program. Such code may
 * throw before it returns an Effect, die, fail with an error that its type denies, interrupt itself, or never end.
 * Behind the guard each of these is one typed failure of the caller.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { runToCompletion } from "../time/index.js"

/** Turns a broken operation into a failure. */
export interface Options<E> {
  /** The cause is the value that was thrown, or an error that names the problem. */
  readonly onDefect: (cause: unknown) => E
}

export interface LimitedOptions<E> extends Options<E> {
  /** The longest time that the caller waits. The operation is interrupted then, and not waited for. */
  readonly limit: Duration.Duration
  /**
   * Runs if the operation ends after the limit, whatever its result: an operation that cannot be interrupted may take
   * effect after a later one.
   */
  readonly onLate?: Effect.Effect<void> | undefined
}

/** How long an interrupted operation may release what it holds before its caller goes on. */
const grace = Duration.seconds(1)

/** Failures are the operation's own. Anything else is a defect, the interruption of a fiber that it depends on included. */
const settled = <A, E, R, E2>(
  evaluate: () => Effect.Effect<A, E, R>,
  onDefect: (cause: unknown) => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.suspend(() => {
    const effect: unknown = evaluate()
    // The signature's own type, once the value is known to be an Effect.
    return Effect.isEffect(effect)
      ? effect as Effect.Effect<A, E, R>
      : Effect.die(new TypeError("it returned no Effect"))
  }).pipe(
    Effect.catchAllCause((cause) =>
      Effect.fail(Option.getOrElse(Cause.failureOption(cause), () => onDefect(Cause.squash(cause))))
    )
  )

/**
 * Runs an operation that has no time limit, such as a wait in a queue. Interrupting the caller interrupts the operation,
 * and waits for its end for a second at most.
 */
export const run = <A, E, R, E2>(
  evaluate: () => Effect.Effect<A, E, R>,
  { onDefect }: Options<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDaemon(Effect.interruptible(settled(evaluate, onDefect))),
      (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
          Effect.zipRight(
            Fiber.interruptFork(fiber),
            runToCompletion(Effect.timeoutOption(Fiber.await(fiber), grace))
          ))
    )
  )

/** Runs an operation, and fails at the limit without waiting for its end. Nor does an interruption wait for it. */
export const runWithin = <A, E, R, E2>(
  evaluate: () => Effect.Effect<A, E, R>,
  { limit, onDefect, onLate = Effect.void }: LimitedOptions<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.suspend(() => {
    let isOver = false
    const operation = Effect.onExit(
      settled(evaluate, onDefect),
      () => Effect.suspend(() => isOver ? onLate : Effect.void)
    )
    const expired = Effect.suspend(() => {
      isOver = true
      return Effect.fail(onDefect(new Error(`it took over ${Duration.format(limit)}`)))
    })
    return runToCompletion(Effect.flatten(Effect.timeoutTo(runToCompletion(operation), {
      duration: limit,
      onSuccess: (a): Effect.Effect<A, E | E2> => Effect.succeed(a),
      onTimeout: (): Effect.Effect<A, E | E2> => expired
    })))
  })

/**
 * Starts an operation that has an end of its own and must not be cut off, such as one with a limit. The inner effect
 * waits for the end; interrupting it leaves the operation running.
 */
export const start = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Effect.Effect<A, E>, never, R> =>
  Effect.map(Effect.forkDaemon(Effect.uninterruptible(effect)), Fiber.join)

/** Calls a function that returns no Effect. */
export const call = <A, E>(evaluate: () => A, { onDefect }: Options<E>): Either.Either<A, E> =>
  Either.try({ try: evaluate, catch: onDefect })
