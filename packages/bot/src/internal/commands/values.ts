/** The values of options that a user has given. */
import type * as Discord from "discord-api-types/v10"
import type { Options } from "../../Command.js"
import { isGroup } from "./payload.js"

/** An option that is not a subcommand or a group. */
type Given = Discord.APIApplicationCommandInteractionDataBasicOption

/** Returns the used subcommand and the options given to it; an empty path for a command without subcommands. */
export const findUsed = (
  all: ReadonlyArray<Discord.APIApplicationCommandInteractionDataOption> = [],
  path: ReadonlyArray<string> = []
): { readonly path: ReadonlyArray<string>; readonly given: ReadonlyArray<Given> } => {
  const [first] = all
  return first !== undefined && isGroup(first.type)
    ? findUsed("options" in first ? first.options : [], [...path, first.name])
    : { path, given: all.filter((option): option is Given => !isGroup(option.type)) }
}

/** Decodes all options of a command. */
export const decodeOptions = (
  options: Options,
  given: ReadonlyArray<Given>,
  resolved: Discord.APIInteractionDataResolved = {}
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([name, { decode }]) => [
      name,
      decode(given.find((candidate) => candidate.name === name), resolved)
    ])
  )

/** Reads the value as it was given. */
export const readValue = (given: Given | undefined): string | number | boolean | undefined =>
  given !== undefined && "value" in given ? given.value : undefined

/** Reads an id. */
export const readId = (given: Given | undefined): string => String(readValue(given))
