/**
 * What the `vesper` process ends with.
 *
 * @since 0.1.0
 */
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/**
 * Everything went as wanted; Ctrl-C is a wish as well.
 *
 * @since 0.1.0
 * @category constants
 */
export const done = 0

/**
 * Something went wrong, and one line on the error output says what.
 *
 * @since 0.1.0
 * @category constants
 */
export const failed = 1

/**
 * The command line, or a file that it names, is not understood.
 *
 * @since 0.1.0
 * @category constants
 */
export const misused = 2

/**
 * A check has found something: `vesper doctor` a problem, `vesper simulate --strict` a violation.
 *
 * @since 0.1.0
 * @category constants
 */
export const found = 3

/**
 * Remembers a code for the end of a program that is to go on, or that was interrupted: an interruption leaves no other
 * failure in the exit.
 *
 * @since 0.1.0
 * @category combinators
 */
export const note = (code: number): Effect.Effect<void> =>
  Effect.sync(() => {
    process.exitCode = code
  })

/**
 * What an exit stands for; what was noted, if it was a good one.
 *
 * @since 0.1.0
 * @category getters
 */
export const of = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) {
    return Number(process.exitCode ?? done)
  }
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return ValidationError.isValidationError(error)
    ? misused
    : Predicate.hasProperty(error, "exitCode") && typeof error.exitCode === "number"
    ? error.exitCode
    : failed
}
