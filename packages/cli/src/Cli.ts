/**
 * The `vesper` command.
 *
 * @since 0.1.0
 */
import type * as CliApp from "@effect/cli/CliApp"
import * as CliConfig from "@effect/cli/CliConfig"
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
import { clusterCommand } from "./ClusterCommand.js"
import { stripVTControlCharacters } from "node:util"
import { CliError } from "./CliError.js"
import * as ConfigFile from "./ConfigFile.js"
import { demoCommand } from "./DemoCommand.js"
import { doctorCommand } from "./DoctorCommand.js"
import { explainCommand } from "./ExplainCommand.js"
import * as ExitCode from "./ExitCode.js"
import { intentsCommand } from "./IntentsCommand.js"
import { nearest } from "./internal/nearest.js"
import * as TerminalConsole from "./internal/terminalConsole.js"
import { queueCommand } from "./QueueCommand.js"
import { replayCommand } from "./ReplayCommand.js"
import { recordCommand, runCommand } from "./RunCommand.js"
import { simulateCommand } from "./SimulateCommand.js"

const subcommands = [
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
] as const

const vesper = Command.make("vesper").pipe(
  Command.withDescription("A Discord gateway client. Try: vesper demo"),
  Command.withSubcommands(subcommands)
)

const command = Command.run(vesper, { name: "vesper", version: "0.1.0" })

/** The options of a command, as its help has them. */
const optionsOf = (help: string): ReadonlyArray<string> =>
  Array.from(new Set(Array.from(stripVTControlCharacters(help).matchAll(/^\s*--([a-z-]+)/gm), ([, name = ""]) => name)))

const factsOf = <Name extends string, R, E, A>(
  subcommand: Command.Command<Name, R, E, A>
): readonly [name: string, options: ReadonlyArray<string>] => [
  Array.from(Command.getNames(subcommand))[0] ?? "",
  optionsOf(HelpDoc.toAnsiText(Command.getHelp(subcommand, CliConfig.defaultConfig)))
]

const known: ConfigFile.Known = new Map([
  factsOf(demoCommand),
  factsOf(clusterCommand),
  factsOf(simulateCommand),
  factsOf(runCommand),
  factsOf(recordCommand),
  factsOf(replayCommand),
  factsOf(doctorCommand),
  factsOf(queueCommand),
  factsOf(intentsCommand),
  factsOf(explainCommand)
])

/** What may have been meant, if a command or an option is not known. */
const hint = (args: ReadonlyArray<string>): string => {
  const [name = ""] = args
  const options = known.get(name)
  if (options === undefined) {
    return `hint: did you mean vesper ${nearest(name, Array.from(known.keys()))}? All commands: vesper --help`
  }
  const unknown = args.find((arg) => arg.startsWith("--") && !options.includes(arg.replace(/^--(no-)?|=.*$/g, "")))
  return unknown === undefined || options.length === 0
    ? `hint: vesper ${name} --help`
    : `hint: did you mean --${nearest(unknown, options)}? All options: vesper ${name} --help`
}

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
          : new CliError({ message: `${path} cannot be read: ${error.message}`, exitCode: ExitCode.misused })
      )
    )
    if (Option.isNone(text)) {
      return rest
    }
    const file = yield* Either.mapLeft(
      ConfigFile.parse(text.value, known),
      (problem) => new CliError({ message: `${path ?? defaultFile}: ${problem}`, exitCode: ExitCode.misused })
    )
    return ConfigFile.apply(file, rest)
  })

/** The output is for what was asked; the log of what goes on before a view has begun is not. */
const layerLogger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => {
    globalThis.console.error(`vesper: ${Array.isArray(message) ? message.map(String).join(" ") : String(message)}`)
  })
)

/**
 * Runs the command line. What goes wrong is told in one line on the error output, with a hint if it was not understood;
 * only defects, which are errors of this program, come with their stack.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (argv: ReadonlyArray<string>): Effect.Effect<void, unknown, CliApp.CliApp.Environment> =>
  Effect.flatMap(configured(argv.slice(2)), (args) => command([...argv.slice(0, 2), ...args])).pipe(
    Effect.catchTag("OutputClosed", () => Effect.void),
    Effect.tapErrorCause((cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(Cause.pretty(cause)),
        // The wrong use of the command line was explained already.
        onSome: (error) =>
          Console.error(ValidationError.isValidationError(error) ? hint(argv.slice(2)) : `vesper: ${error.message}`)
      })
    ),
    TerminalConsole.provide,
    Effect.provide(layerLogger)
  )
