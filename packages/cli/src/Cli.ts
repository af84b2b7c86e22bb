/**
 * The `vesper` command.
 *
 * @since 0.1.0
 */
import type * as CliApp from "@effect/cli/CliApp"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { createRequire } from "node:module"
import { stripVTControlCharacters } from "node:util"
import { CliError } from "./CliError.js"
import { clusterCommand } from "./ClusterCommand.js"
import * as ConfigFile from "./ConfigFile.js"
import { demoCommand } from "./DemoCommand.js"
import { doctorCommand } from "./DoctorCommand.js"
import { explainCommand } from "./ExplainCommand.js"
import * as ExitCode from "./ExitCode.js"
import { intentsCommand } from "./IntentsCommand.js"
import * as Arguments from "./internal/arguments.js"
import * as BashCompletions from "./internal/bashCompletions.js"
import * as CommandTree from "./internal/commandTree.js"
import * as Files from "./internal/files.js"
import * as Help from "./internal/help.js"
import * as OtherCompletions from "./internal/otherCompletions.js"
import * as TerminalConsole from "./internal/terminalConsole.js"
import { queueCommand } from "./QueueCommand.js"
import { replayCommand } from "./ReplayCommand.js"
import { recordCommand, runCommand } from "./RunCommand.js"
import { simulateCommand } from "./SimulateCommand.js"

const subcommands = [
  demoCommand,
  simulateCommand,
  runCommand,
  doctorCommand,
  recordCommand,
  replayCommand,
  intentsCommand,
  explainCommand,
  queueCommand,
  clusterCommand
] as const

const description = "a Discord gateway client: runs and tries shards. Try: vesper demo"

const vesper = Command.make("vesper").pipe(
  Command.withDescription(description),
  Command.withSubcommands(subcommands)
)

const tree = CommandTree.make(description, subcommands)

// Its own package's, wherever this module lies: beside the sources, in `dist`, or in the one file that is made of it.
const { version }: { readonly version: string } = createRequire(import.meta.url)("@vesper/cli/package.json")

const misused = (message: string) => new CliError({ message, exitCode: ExitCode.misused })

/** What @effect/cli has to say, in one line. */
const sentenceOf = ({ error }: ValidationError.ValidationError): string =>
  stripVTControlCharacters(HelpDoc.toAnsiText(error)).trim().replace(/\s+/g, " ")

/** Parses and runs. @effect/cli tells of its own errors in several lines; here each is one, told by `run`. */
const parsed = (argv: ReadonlyArray<string>, args: ReadonlyArray<string>) =>
  Console.consoleWith((console) => {
    const loud = Command.transformHandler(vesper, (handler) => Console.withConsole(handler, console))
    const command = Command.run(loud, { name: "vesper", version })
    return Console.withConsole(command([...argv.slice(0, 2), ...args]), { ...console, error: () => Effect.void })
  }).pipe(
    Effect.mapError((error) => {
      const { path } = CommandTree.walk(tree, args)
      return ValidationError.isValidationError(error)
        ? misused(`${sentenceOf(error)} (see ${["vesper", ...path].join(" ")} --help)`)
        : error
    })
  )

const columns = (): number => Math.min(100, Math.max(60, process.stdout.columns ?? 100))

const defaultFile = "vesper.json"

/** Puts in what a file has; that file must be there if it was named. */
const configured = (args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { path, rest } = ConfigFile.takePath(args)
    const files = yield* FileSystem.FileSystem
    const text = yield* files.readFileString(path ?? defaultFile).pipe(
      Effect.asSome,
      Effect.catchAll((error) =>
        path === undefined
          ? Effect.succeedNone
          : misused(`${path} cannot be read: ${Files.reasonOf(error)}`)
      )
    )
    if (Option.isNone(text)) {
      return rest
    }
    const file = yield* Either.mapLeft(
      ConfigFile.parse(text.value, known),
      (problem) => misused(`${path ?? defaultFile}: ${problem}`)
    )
    return ConfigFile.apply(file, rest)
  })

const known = CommandTree.optionsOf(tree)

/** The output is for what was asked; the log of what goes on before a view has begun is not. */
const layerLogger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => {
    globalThis.console.error(`vesper: ${Array.isArray(message) ? message.map(String).join(" ") : String(message)}`)
  })
)

const interpret = (argv: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const given = argv.slice(2)
    const help = Arguments.helpOf(tree, given)
    if (help !== undefined) {
      return yield* Console.log(Help.render(help.node, help.path, columns()))
    }
    const args = yield* configured(given)
    yield* Either.mapLeft(Arguments.check(tree, args), misused)
    const shell = Arguments.shellOf(args)
    if (shell === "bash") {
      return yield* Console.log(BashCompletions.script(tree))
    }
    yield* Console.consoleWith((console) =>
      Console.withConsole(
        parsed(argv, args),
        shell === undefined
          ? console
          : { ...console, log: (...texts) => console.log(OtherCompletions.mend(shell, texts.join(" "))) }
      )
    )
  })

/**
 * Runs the command line. What goes wrong is told in one line on the error output, with a hint if it was not understood;
 * only defects, which are errors of this program, come with their stack.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (argv: ReadonlyArray<string>): Effect.Effect<void, unknown, CliApp.CliApp.Environment> =>
  interpret(argv).pipe(
    Effect.catchTag("OutputClosed", () => Effect.void),
    Effect.tapErrorCause((cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(Cause.pretty(cause)),
        onSome: (error) => Console.error(`vesper: ${error.message}`)
      })
    ),
    TerminalConsole.provide,
    Effect.provide(layerLogger)
  )
