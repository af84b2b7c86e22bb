/**
 * The `vesper` command.
 *
 * @since 0.1.0
 */
import type * as CliApp from "@effect/cli/CliApp"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { createRequire } from "node:module"
import { stripVTControlCharacters } from "node:util"
import { tree, vesper } from "./commands/index.js"
import { ConfigFile } from "./config/index.js"
import { misused, readText, toExitCode } from "./exit/index.js"
import * as Help from "./help/index.js"
import { clean, provideConsole } from "./tui/index.js"

// The package is found from the sources, from `dist` and from the bundle.
const { version }: { readonly version: string } = createRequire(import.meta.url)("@vesper/cli/package.json")

const toSentence = ({ error }: ValidationError.ValidationError): string =>
  stripVTControlCharacters(HelpDoc.toAnsiText(error)).trim().replace(/\s+/g, " ")

/** Parses and runs. @effect/cli prints its own errors in several lines, which are replaced by one. */
const parseAndRun = (argv: ReadonlyArray<string>, args: ReadonlyArray<string>) =>
  Console.consoleWith((console) => {
    const withOutput = Command.transformHandler(vesper, (handler) => Console.withConsole(handler, console))
    const command = Command.run(withOutput, { name: "vesper", version })
    return Console.withConsole(command([...argv.slice(0, 2), ...args]), { ...console, error: () => Effect.void })
  }).pipe(
    Effect.mapError((error) => {
      const { path } = Help.CommandTree.walk(tree, args)
      return ValidationError.isValidationError(error)
        ? misused(
          `${toSentence(error).replace("Received unknown", "unknown")} (see ${["vesper", ...path].join(" ")} --help)`
        )
        : error
    })
  )

const columns = (): number => Math.min(100, Math.max(60, process.stdout.columns || 100))

const defaultFile = "vesper.json"

/** Adds the options of a config file. The file must exist if `--config` names it. */
const addConfigFile = ({ args, options }: Help.Arguments.CommandLine) => {
  const path = options.get("config")
  return (path === undefined ? Effect.option(readText(defaultFile)) : Effect.asSome(readText(path))).pipe(
    Effect.flatMap(Option.match({
      onNone: () => Either.right(args),
      onSome: (text) =>
        Either.mapBoth(ConfigFile.parse(text, Help.CommandTree.optionNames(tree)), {
          onLeft: (problem) => misused(`${path ?? defaultFile}: ${problem}`),
          onRight: (file) => ConfigFile.apply(file, args)
        })
    }))
  )
}

/** Logs to the error output: the output is for the answer. */
const layerLogger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => {
    const texts = Array.isArray(message) ? message.map(String) : [String(message)]
    globalThis.console.error(`vesper: ${clean(texts.join(" "))}`)
  })
)

const interpret = (argv: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const line = yield* Either.mapLeft(Help.Arguments.takeCommon(argv.slice(2)), misused)
    const help = Help.Arguments.findHelp(tree, line)
    if (help !== undefined) {
      return yield* Console.log(Help.render(help.node, help.path, columns()))
    }
    if (line.options.has("wizard") && !process.stdin.isTTY) {
      return yield* misused("--wizard asks questions, and needs a terminal as its input")
    }
    const args = yield* addConfigFile(line)
    yield* Either.mapLeft(Help.Arguments.check(tree, args), misused)
    const { path } = Help.CommandTree.walk(tree, args)
    const shell = line.options.get("completions")
    if (shell !== undefined) {
      return yield* Effect.flatMap(Help.Completions.make(vesper.descriptor, shell), Console.log)
    }
    // @effect/cli reads these where they belong; help and the config file are not its own here.
    const common = Array.from(line.options).filter(([name]) => name !== "config" && name !== "help")
      .flatMap(([name, value]) => value === "" ? [`--${name}`] : [`--${name}`, value])
    yield* parseAndRun(argv, [...path, ...common, ...args.slice(path.length)])
  })

/** The message of a failure, which may contain text of a peer. */
const describeFailure = (error: unknown): string =>
  clean(Predicate.hasProperty(error, "message") ? String(error.message) : String(error))

/**
 * Runs the command line. A failure is reported in one line on the error output, with a suggestion for a mistyped name. A
 * defect, which is an error of this program, is reported with its stack.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (argv: ReadonlyArray<string>): Effect.Effect<void, unknown, CliApp.CliApp.Environment> =>
  interpret(argv).pipe(
    Effect.catchTag("OutputClosed", () => Effect.void),
    Effect.tapErrorCause((cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () =>
          Cause.isInterruptedOnly(cause)
            ? Effect.void
            : Console.error(Cause.pretty(cause).split("\n").map((line) => line.replace(/\p{Cc}/gu, " ")).join("\n")),
        onSome: (error) => Console.error(`vesper: ${describeFailure(error)}`)
      })
    ),
    provideConsole,
    Effect.provide(layerLogger)
  )

/**
 * The exit code of the process for the exit of `run`: 0 for success and Ctrl-C, 1 for a failure, 2 for a mistake on the
 * command line or in a file that it names, 3 if a check found something.
 *
 * @since 0.1.0
 * @category running
 */
export const exitCode: (exit: Exit.Exit<unknown, unknown>) => number = toExitCode
