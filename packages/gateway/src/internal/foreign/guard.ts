/**
 * Runs code of the program: stores, identify queues and callbacks. Such code may throw before it returns an Effect, die, fail
 * with an error outside its type, interrupt itself, or never complete. The guard converts each of these to one typed failure.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { runToCompletion } from "../time/index.js"

export interface GuardOptions<E> {
  /** Makes the failure from the thrown value, or from an error that names the problem. */
  readonly onDefect: (cause: unknown) => E
}

export interface LimitedOptions<E> extends GuardOptions<E> {
  /** The longest wait of the caller. The operation is then interrupted, and the caller does not wait for its end. */
  readonly limit: Duration.Duration
  /**
   * Runs if the operation completes after the limit, because an uninterruptible operation may take effect after a later
   * one.
   */
  readonly onLate?: Effect.Effect<void> | undefined
}

/** The longest wait for the finalizers of an interrupted operation. */
const grace = Duration.seconds(1)

/** Keeps the failures of the operation. Defects and interruptions of its fibers become `onDefect` failures. */
const normalize = <A, E, R, E2>(
  evaluate: () => Effect.Effect<A, E, R>,
  onDefect: (cause: unknown) => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.suspend(() => {
    const effect: unknown = evaluate()
    // The type of the signature, and the value is an Effect.
    return Effect.isEffect(effect)
      ? effect as Effect.Effect<A, E, R>
      : Effect.die(new TypeError("it returned no Effect"))
  }).pipe(
    Effect.catchAllCause((cause) =>
      Effect.fail(Option.getOrElse(Cause.failureOption(cause), () => onDefect(Cause.squash(cause))))
    )
  )

/**
 * Runs an operation without a time limit, such as a wait in a queue. Interrupting the caller interrupts the operation and
 * waits for its end for a second at most.
 */
export const run = <A, E, R, E2>(
  evaluate: () => Effect.Effect<A, E, R>,
  { onDefect }: GuardOptions<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDaemon(Effect.interruptible(normalize(evaluate, onDefect))),
      (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
          Effect.zipRight(
            Fiber.interruptFork(fiber),
            runToCompletion(Effect.timeoutOption(Fiber.await(fiber), grace))
          ))
    )
  )

/** Runs an operation and fails at the limit. Neither the limit nor an interruption waits for the operation to end. */
export const runWithin = <A, E, R, E2>(
  evaluate: () => Effect.Effect<A, E, R>,
  { limit, onDefect, onLate = Effect.void }: LimitedOptions<E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.suspend(() => {
    let isExpired = false
    const operation = Effect.onExit(
      normalize(evaluate, onDefect),
      () => Effect.suspend(() => isExpired ? onLate : Effect.void)
    )
    const expired = Effect.suspend(() => {
      isExpired = true
      return Effect.fail(onDefect(new Error(`it took over ${Duration.format(limit)}`)))
    })
    return runToCompletion(Effect.flatten(Effect.timeoutTo(runToCompletion(operation), {
      duration: limit,
      onSuccess: (a): Effect.Effect<A, E | E2> => Effect.succeed(a),
      onTimeout: (): Effect.Effect<A, E | E2> => expired
    })))
  })

/**
 * Starts an operation that must not be interrupted, such as one with a limit. The inner effect waits for the end; interrupting
 * it does not interrupt the operation.
 */
export const start = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Effect.Effect<A, E>, never, R> =>
  Effect.map(Effect.forkDaemon(Effect.uninterruptible(effect)), Fiber.join)
