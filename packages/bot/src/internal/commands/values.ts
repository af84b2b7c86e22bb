/** The values of options that a user has given. */
import type {
  APIApplicationCommandInteractionDataBasicOption,
  APIApplicationCommandInteractionDataOption,
  APIInteractionDataResolved
} from "discord-api-types/v10"
import { type DecodeOption, isGroup } from "./payload.js"

type Given = APIApplicationCommandInteractionDataOption
type Basic = APIApplicationCommandInteractionDataBasicOption

/** The used subcommand and the options given to it. */
export interface Leaf {
  readonly path: ReadonlyArray<string>
  readonly given: ReadonlyArray<Basic>
}

/** Returns the used subcommand; an empty path for a command without subcommands. */
export const findLeaf = (given: ReadonlyArray<Given> = [], path: ReadonlyArray<string> = []): Leaf => {
  const [first] = given
  return first !== undefined && isGroup(first.type) && "options" in first
    ? findLeaf(first.options, [...path, first.name])
    // Options that are not subcommands or groups are basic.
    : { path: first !== undefined && isGroup(first.type) ? [...path, first.name] : path, given: selectBasic(given) }
}

const selectBasic = (given: ReadonlyArray<Given>): ReadonlyArray<Basic> =>
  given.filter((option): option is Basic => !isGroup(option.type))

/** Returns the option that the user is typing. */
export const findFocused = ({ given }: Leaf): Basic | undefined =>
  given.find((option) => "focused" in option && option.focused === true)

/** Decodes all options of a command. */
export const decodeOptions = (
  options: Readonly<Record<string, { readonly decode: DecodeOption; readonly missing: unknown }>>,
  given: ReadonlyArray<Basic>,
  resolved: APIInteractionDataResolved = {}
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([name, { decode, missing }]) => {
      const option = given.find((candidate) => candidate.name === name)
      return [name, option === undefined ? missing : decode(option, resolved)]
    })
  )

/** Reads the value as it was given. */
export const readValue: DecodeOption = (given) => "value" in given ? given.value : undefined

/** Reads an id. */
export const readId = (given: Basic): string => String(readValue(given, {}))
