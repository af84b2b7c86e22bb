/**
 * Options from a file: `vesper.json` where the command runs, or the one that `--config` names. It has an object for each
 * command, with the names of its options: `{"run": {"shards": "auto"}, "queue": {"serve": {"port": 7878}}}`. What stands on
 * the command line wins.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { pathOf } from "./internal/issue.js"
import { orRather } from "./internal/nearest.js"

const Single = Schema.Union(Schema.String, Schema.Number, Schema.Boolean)

const Value = Schema.Union(Single, Schema.Array(Single))

/**
 * Options by name, and commands under a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigFile {
  readonly [name: string]: typeof Value.Type | ConfigFile
}

const Section: Schema.Schema<ConfigFile> = Schema.Record({
  key: Schema.String,
  value: Schema.Union(Value, Schema.suspend(() => Section))
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const ConfigFile = Schema.parseJson(Section)

/**
 * The options of each command, without dashes; of a command that has commands, those of each.
 *
 * @since 0.1.0
 * @category models
 */
export interface Known extends ReadonlyMap<string, ReadonlyArray<string> | Known> {}

const isSection = (value: ConfigFile[string] | undefined): value is ConfigFile =>
  typeof value === "object" && !Array.isArray(value)

const isNames = (below: ReadonlyArray<string> | Known): below is ReadonlyArray<string> => Array.isArray(below)

const checkOptions = (options: ConfigFile, names: ReadonlyArray<string>, path: string): Either.Either<void, string> => {
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) {
      return Either.left(`${path}.${name}: there is no such option${orRather(name, names)} (all: ${helpOf(path)})`)
    }
    if (isSection(value)) {
      return Either.left(`${path}.${name}: an option has a text, a number, true, false, or a list of those`)
    }
  }
  return Either.void
}

const helpOf = (path: string): string => `vesper ${path.replaceAll(".", " ")} --help`

const check = (file: ConfigFile, known: Known, path = ""): Either.Either<void, string> => {
  for (const [name, value] of Object.entries(file)) {
    const at = path === "" ? name : `${path}.${name}`
    const below = known.get(name)
    if (below === undefined) {
      const names = Array.from(known.keys())
      return Either.left(
        path === ""
          ? `"${name}" is no command${orRather(name, names)} (all: vesper --help)`
          : `${at}: vesper ${path} has no options, but commands that have: ${names.join(", ")}${orRather(name, names)}`
      )
    }
    if (!isSection(value)) {
      return Either.left(`${at}: it is an object of ${isNames(below) ? "options" : "commands"}, see ${helpOf(at)}`)
    }
    const checked = isNames(below) ? checkOptions(value, below, at) : check(value, below, at)
    if (Either.isLeft(checked)) {
      return checked
    }
  }
  return Either.void
}

/**
 * Reads a file, and checks that all commands and options in it exist. The left side names the place.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string, known: Known): Either.Either<ConfigFile, string> =>
  Schema.decodeUnknownEither(ConfigFile)(text).pipe(
    Either.mapLeft((error) => pathOf(error).join(": ")),
    Either.flatMap((file) => Either.map(check(file, known), () => file))
  )

const given = (name: string, value: string | number | boolean): ReadonlyArray<string> =>
  value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, String(value)]

/**
 * The arguments with those of the file after the command's name, but for options that are given already.
 *
 * @since 0.1.0
 * @category combinators
 */
export const apply = (file: ConfigFile, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [command = "", ...rest] = args
  const section = file[command]
  return isSection(section) ? [command, ...applySection(section, rest)] : args
}

const applySection = (section: ConfigFile, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (isSection(section[args[0] ?? ""])) {
    return apply(section, args)
  }
  const isGiven = (name: string) =>
    args.some((arg) => arg === `--${name}` || arg === `--no-${name}` || arg.startsWith(`--${name}=`))
  const more = Object.entries(section).flatMap(([name, value]) =>
    isSection(value) || isGiven(name)
      ? []
      : typeof value === "object"
      ? value.flatMap((each) => given(name, each))
      : given(name, value)
  )
  return [...more, ...args]
}

/**
 * Takes `--config file` out of the arguments.
 *
 * @since 0.1.0
 * @category combinators
 */
export const takePath = (
  args: ReadonlyArray<string>
): { readonly path: string | undefined; readonly rest: ReadonlyArray<string> } => {
  const index = args.findIndex((arg) => arg === "--config" || arg.startsWith("--config="))
  const arg = args[index]
  if (arg === undefined) {
    return { path: undefined, rest: args }
  }
  const isJoined = arg !== "--config"
  return {
    path: isJoined ? arg.slice("--config=".length) : args[index + 1] ?? "",
    rest: [...args.slice(0, index), ...args.slice(index + (isJoined ? 1 : 2))]
  }
}
