/** Errors of the command, and exit codes of its process. */
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"

/** The exit codes, as `Cli.exitCode` describes them. */
export const ExitCode = { done: 0, failed: 1, misused: 2, found: 3 } as const

/** A failure of the command, with a message of one line that names the remedy. */
export class CliError extends Data.TaggedError("CliError")<{
  readonly message: string
  /** The exit code of the process. */
  readonly exitCode: number
}> {}

/** The reader of the output is gone, as `head` is after some lines. The command ends without a message. */
export class OutputClosed extends Data.TaggedError("OutputClosed") {
  override readonly message = "the output is closed"
}

/** The failure of something that the command line does not decide. */
export const failed = (message: string): CliError => new CliError({ message, exitCode: ExitCode.failed })

/** A mistake on the command line, or in a file that it names. */
export const misused = (message: string): CliError => new CliError({ message, exitCode: ExitCode.misused })

/** Passes on the message of a library's error. */
export const failedWith = ({ message }: { readonly message: string }): CliError => failed(message)

/** Sets the exit code of a command that continues, or that was interrupted: an interruption carries no other failure. */
export const noteExitCode = (code: number): Effect.Effect<void> =>
  Effect.sync(() => {
    process.exitCode = code
  })

/** The exit code of a program that ended; the noted one, if it succeeded or was interrupted. */
export const toExitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) {
    return Number(process.exitCode ?? ExitCode.done)
  }
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return ValidationError.isValidationError(error)
    ? ExitCode.misused
    : error instanceof CliError
    ? error.exitCode
    : ExitCode.failed
}
