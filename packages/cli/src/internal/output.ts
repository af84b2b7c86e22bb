/** Writing to the terminal, and what becomes of it when nobody reads there. */
import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { CliError, OutputClosed } from "../CliError.js"

const isBrokenPipe = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") && (cause.code === "EPIPE" || cause.code === "ERR_STREAM_DESTROYED")

/**
 * Completes when the text was taken: a reader that is slow slows the writer down, and through it the shard. A write to
 * a pipe that is stuck cannot be taken back; `disconnect` lets the program end without waiting for it.
 */
export const write = (text: string): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  Effect.flatMap(Terminal.Terminal, (terminal) =>
    Effect.disconnect(terminal.display(text)).pipe(
      Effect.mapError((error) =>
        "cause" in error && isBrokenPipe(error.cause)
          ? new OutputClosed()
          : new CliError({ message: `the output could not be written: ${error.message}` })
      )
    ))

export const writeLine = (text: string): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  write(`${text}\n`)
