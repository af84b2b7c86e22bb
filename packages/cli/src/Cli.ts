/**
 * The `vesper` command.
 *
 * @since 0.1.0
 */
import type * as CliApp from "@effect/cli/CliApp"
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { clusterCommand } from "./ClusterCommand.js"
import { demoCommand } from "./DemoCommand.js"
import { doctorCommand } from "./DoctorCommand.js"
import { explainCommand } from "./ExplainCommand.js"
import { intentsCommand } from "./IntentsCommand.js"
import { queueCommand } from "./QueueCommand.js"
import { replayCommand } from "./ReplayCommand.js"
import { recordCommand, runCommand } from "./RunCommand.js"
import { simulateCommand } from "./SimulateCommand.js"

const vesper = Command.make("vesper").pipe(
  Command.withDescription("A Discord gateway client. Try: vesper demo"),
  Command.withSubcommands([
    demoCommand,
    clusterCommand,
    simulateCommand,
    runCommand,
    recordCommand,
    replayCommand,
    doctorCommand,
    queueCommand,
    intentsCommand,
    explainCommand
  ])
)

const command = Command.run(vesper, { name: "vesper", version: "0.1.0" })

/**
 * Runs the command line. What goes wrong is told in one line on the error output; only defects, which are errors of
 * this program, come with their stack.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (args: ReadonlyArray<string>): Effect.Effect<void, unknown, CliApp.CliApp.Environment> =>
  command(args).pipe(
    Effect.catchTag("OutputClosed", () => Effect.void),
    Effect.tapErrorCause((cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(Cause.pretty(cause)),
        // The wrong use of the command line was explained already.
        onSome: (error) =>
          ValidationError.isValidationError(error) ? Effect.void : Console.error(`vesper: ${error.message}`)
      })
    )
  )
