/**
 * Options from a file: `vesper.json` in the current folder, or the file of `--config`. It has an object for each command,
 * with the names of its options: `{"run": {"shards": "auto"}, "queue": {"serve": {"port": 7878}}}`. The command line has
 * precedence.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isNestedTooDeeply } from "./depth.js"
import { describeIssue } from "./schemaIssue.js"
import { didYouMean } from "./suggestion.js"

const Single = Schema.Union(Schema.String, Schema.Number, Schema.Boolean)

const Value = Schema.Union(Single, Schema.Array(Single))

/** Options by name, and subcommands. */
export interface ConfigFile {
  readonly [name: string]: typeof Value.Type | ConfigFile
}

const Section: Schema.Schema<ConfigFile> = Schema.Record({
  key: Schema.String,
  value: Schema.Union(Value, Schema.suspend(() => Section))
}).annotations({ identifier: "an object of commands or options" })

/** The options of each command, without dashes; of a command that has subcommands, those of each. */
export interface Known extends ReadonlyMap<string, ReadonlyArray<string> | Known> {}

const isSection = (value: ConfigFile[string] | undefined): value is ConfigFile =>
  typeof value === "object" && !Array.isArray(value)

const isNames = (known: ReadonlyArray<string> | Known): known is ReadonlyArray<string> => Array.isArray(known)

const helpCommand = (path: string): string => `vesper ${path.replaceAll(".", " ")} --help`

const describeUnknown = (name: string, known: ReadonlyArray<string> | Known, path: string): string => {
  const names = isNames(known) ? known : Array.from(known.keys())
  const suggestion = didYouMean(name, names)
  return isNames(known)
    ? `${path}.${name}: there is no such option${suggestion} (all: ${helpCommand(path)})`
    : path === ""
    ? `"${name}" is not a command${suggestion} (all: vesper --help)`
    : `${path}.${name}: vesper ${path} has no options, but subcommands: ${names.join(", ")}${suggestion}`
}

/** Returns the first problem, with its place. */
const findProblem = (file: ConfigFile, known: ReadonlyArray<string> | Known, path = ""): string | undefined => {
  for (const [name, value] of Object.entries(file)) {
    const at = path === "" ? name : `${path}.${name}`
    const below = isNames(known) ? known.includes(name) : known.get(name)
    const problem = below === undefined || below === false
      ? describeUnknown(name, known, path)
      : below === true
      ? (isSection(value) ? `${at}: an option is a string, a number, true, false, or a list of those` : undefined)
      : isSection(value)
      ? findProblem(value, below, at)
      : `${at}: it must be an object of ${isNames(below) ? "options" : "commands"}, see ${helpCommand(at)}`
    if (problem !== undefined) {
      return problem
    }
  }
  return undefined
}

/** Reads a file. Checks that its commands and options exist; the left side names the place. */
export const parse = (text: string, known: Known): Either.Either<ConfigFile, string> =>
  isNestedTooDeeply(text)
    ? Either.left("it is nested too deeply")
    : Schema.decodeUnknownEither(Schema.parseJson(Section))(text).pipe(
      Either.mapLeft(describeIssue),
      Either.flatMap((file) => {
        const problem = findProblem(file, known)
        return problem === undefined ? Either.right(file) : Either.left(problem)
      })
    )

const toArguments = (name: string, value: string | number | boolean): ReadonlyArray<string> =>
  value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, String(value)]

/** Adds the file's options after the command's name, except those that the command line has. */
export const apply = (file: ConfigFile, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [command = "", ...rest] = args
  const section = file[command]
  if (!isSection(section)) {
    return args
  }
  if (isSection(section[rest[0] ?? ""])) {
    return [command, ...apply(section, rest)]
  }
  const isGiven = (name: string) =>
    rest.some((arg) => arg === `--${name}` || arg === `--no-${name}` || arg.startsWith(`--${name}=`))
  const more = Object.entries(section).flatMap(([name, value]) =>
    isSection(value) || isGiven(name)
      ? []
      : typeof value === "object"
      ? value.flatMap((each) => toArguments(name, each))
      : toArguments(name, value)
  )
  return [command, ...more, ...rest]
}
