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
})

/** The options of each command, without dashes; of a command that has subcommands, those of each. */
export interface Known extends ReadonlyMap<string, ReadonlyArray<string> | Known> {}

const isSection = (value: ConfigFile[string] | undefined): value is ConfigFile =>
  typeof value === "object" && !Array.isArray(value)

const isNames = (below: ReadonlyArray<string> | Known): below is ReadonlyArray<string> => Array.isArray(below)

const helpCommand = (path: string): string => `vesper ${path.replaceAll(".", " ")} --help`

const checkOptions = (options: ConfigFile, names: ReadonlyArray<string>, path: string): Either.Either<void, string> => {
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) {
      return Either.left(
        `${path}.${name}: there is no such option${didYouMean(name, names)} (all: ${helpCommand(path)})`
      )
    }
    if (isSection(value)) {
      return Either.left(`${path}.${name}: an option is a string, a number, true, false, or a list of those`)
    }
  }
  return Either.void
}

const check = (file: ConfigFile, known: Known, path = ""): Either.Either<void, string> => {
  for (const [name, value] of Object.entries(file)) {
    const at = path === "" ? name : `${path}.${name}`
    const below = known.get(name)
    if (below === undefined) {
      const names = Array.from(known.keys())
      return Either.left(
        path === ""
          ? `"${name}" is not a command${didYouMean(name, names)} (all: vesper --help)`
          : `${at}: vesper ${path} has no options, but subcommands: ${names.join(", ")}${didYouMean(name, names)}`
      )
    }
    if (!isSection(value)) {
      return Either.left(
        `${at}: it must be an object of ${isNames(below) ? "options" : "commands"}, see ${helpCommand(at)}`
      )
    }
    const checked = isNames(below) ? checkOptions(value, below, at) : check(value, below, at)
    if (Either.isLeft(checked)) {
      return checked
    }
  }
  return Either.void
}

/** Reads a file. Checks that its commands and options exist; the left side names the place. */
export const parse = (text: string, known: Known): Either.Either<ConfigFile, string> =>
  isNestedTooDeeply(text)
    ? Either.left("it is nested too deeply")
    : Schema.decodeUnknownEither(Schema.parseJson(Section))(text).pipe(
      Either.mapLeft(describeIssue),
      Either.flatMap((file) => Either.map(check(file, known), () => file))
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
