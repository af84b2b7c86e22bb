/**
 * What the command line ends with when something is missing or wrong: one line that says what to do.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as ExitCode from "./ExitCode.js"

/**
 * @since 0.1.0
 * @category errors
 */
export class CliError extends Schema.TaggedError<CliError>("@vesper/cli/CliError")("CliError", {
  message: Schema.String,
  /** What the process ends with. Default: 1. */
  exitCode: Schema.optionalWith(Schema.Int, { default: () => ExitCode.failed })
}) {}

/**
 * Whoever read the output has gone, as `head` does after some lines. Nothing is wrong: the program ends quietly.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutputClosed extends Schema.TaggedError<OutputClosed>("@vesper/cli/OutputClosed")("OutputClosed", {}) {
  override get message(): string {
    return "nobody reads the output any more"
  }
}
