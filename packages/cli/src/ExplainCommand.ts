/**
 * `vesper explain`: what a close code, an opcode, an event, an error or an intent is, and what to do about it.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import { writeLine } from "./internal/output.js"

const what = Args.text({ name: "what" }).pipe(
  Args.withDescription("A close code, opcode, event, error or intent, such as 4014, op 9, MESSAGE_CREATE."),
  Args.atLeast(1)
)

const json = Options.boolean("json").pipe(
  Options.withDescription("The same as JSON: a list, for a name may stand for several things.")
)

/**
 * @since 0.1.0
 * @category commands
 */
export const explainCommand = Command.make("explain", { json, what }, ({ json, what }) =>
  Effect.gen(function*() {
    const Reference = yield* Effect.promise(() => import("./Reference.js"))
    const entries = yield* Either.mapLeft(Reference.find(what), (message) =>
      new CliError({ message, exitCode: ExitCode.misused }))
    yield* writeLine(
      json
        ? JSON.stringify(entries.map(Reference.json), null, 2)
        : entries.map(Reference.text).join("\n\n")
    )
  })).pipe(Command.withDescription("Says what a close code, opcode, event or error means, and what to do about it."))
