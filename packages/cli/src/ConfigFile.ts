/**
 * Options from a file: `vesper.json` where the command runs, or the one that `--config` names. It has an object for each
 * command, with the names of its options: `{"run": {"shards": "auto", "intents": "Guilds"}}`. What stands on the command
 * line wins.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { pathOf } from "./internal/issue.js"
import { nearest } from "./internal/nearest.js"

const Single = Schema.Union(Schema.String, Schema.Number, Schema.Boolean)

/**
 * @since 0.1.0
 * @category schemas
 */
export const ConfigFile = Schema.parseJson(Schema.Record({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.Union(Single, Schema.Array(Single)) })
}))

/**
 * @since 0.1.0
 * @category models
 */
export type ConfigFile = typeof ConfigFile.Type

/**
 * The options of each command, without dashes.
 *
 * @since 0.1.0
 * @category models
 */
export type Known = ReadonlyMap<string, ReadonlyArray<string>>

const check = (file: ConfigFile, known: Known): Either.Either<ConfigFile, string> => {
  for (const [command, options] of Object.entries(file)) {
    const names = known.get(command)
    if (names === undefined) {
      return Either.left(
        `"${command}" is no command that takes options; did you mean ${nearest(command, [...known.keys()])}?`
      )
    }
    for (const name of Object.keys(options)) {
      if (!names.includes(name)) {
        return Either.left(`${command}.${name}: there is no such option; did you mean ${nearest(name, names)}?`)
      }
    }
  }
  return Either.right(file)
}

/**
 * Reads a file, and checks that all commands and options in it exist. The left side names the place.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string, known: Known): Either.Either<ConfigFile, string> =>
  Either.flatMap(
    Either.mapLeft(Schema.decodeUnknownEither(ConfigFile)(text), (error) => pathOf(error).join(": ")),
    (file) => check(file, known)
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
  const isGiven = (name: string) =>
    rest.some((arg) => arg === `--${name}` || arg === `--no-${name}` || arg.startsWith(`--${name}=`))
  const more = Object.entries(file[command] ?? {}).flatMap(([name, value]) =>
    isGiven(name) ? [] : typeof value === "object" ? value.flatMap((each) => given(name, each)) : given(name, value)
  )
  return [command, ...more, ...rest]
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
