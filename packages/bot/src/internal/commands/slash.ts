/** Commands that the user types: the tree of their subcommands, and the handler of each. */
import {
  type APIApplicationCommandInteractionDataBasicOption,
  type APIApplicationCommandSubcommandGroupOption,
  type APIApplicationCommandSubcommandOption,
  type APIChatInputApplicationCommandInteraction,
  ApplicationCommandOptionType,
  ApplicationCommandType
} from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Command from "../../Command.js"
import type * as Interaction from "../../Interaction.js"
import { type Choice, makeRunnable } from "../dispatch/index.js"
import { localized } from "./localized.js"
import { checkName, toOptions } from "./payload.js"
import { decodeOptions, findFocused, findLeaf, readId, readValue } from "./values.js"

/** The handler and the options of one subcommand, or of a command without subcommands. */
export interface Leaf<R> {
  readonly options: Command.Options
  readonly handle: (interaction: Command.SlashInteraction<never>) => Effect.Effect<unknown, unknown, R>
}

const toSuggestion = (suggestion: Command.Suggestion): Choice =>
  typeof suggestion === "object" ? suggestion : { name: String(suggestion), value: suggestion }

const valuesByName = (given: ReadonlyArray<APIApplicationCommandInteractionDataBasicOption>) =>
  new Map(given.map((option) => [option.name, readValue(option, {})]))

export const makeSlash = <R>(
  name: string,
  settings: Command.Settings & Command.Described,
  definition: Interaction.Definition,
  leaves: ReadonlyMap<string, Leaf<R>>
): Interaction.Handler<R> => {
  const find = (path: ReadonlyArray<string>): Leaf<R> => {
    const leaf = leaves.get(path.join(" "))
    if (leaf === undefined) {
      throw new Error(
        `/${[name, ...path].join(" ")} is not a subcommand of this program: Discord has an older definition`
      )
    }
    return leaf
  }
  return makeRunnable<R>({
    kind: "command",
    name,
    type: ApplicationCommandType.ChatInput,
    definition: Option.some(definition),
    isEphemeral: settings.ephemeral,
    run: (interaction) => {
      // The dispatcher finds handlers by the type of the interaction.
      const raw = interaction.raw as APIChatInputApplicationCommandInteraction
      const { given, path } = findLeaf(raw.data.options)
      const { handle, options } = find(path)
      // The values have the types that the handler was declared with.
      const values = decodeOptions(options, given, raw.data.resolved) as never
      return handle({ ...interaction, raw, options: values })
    },
    autocomplete: (raw) =>
      Effect.suspend(() => {
        const leaf = findLeaf(raw.data.options)
        const focused = findFocused(leaf)
        const option = focused === undefined ? undefined : find(leaf.path).options[focused.name]
        if (focused === undefined || option === undefined) {
          return Effect.succeed([])
        }
        // Requirements of autocompletions are part of those of the command.
        const suggest = Option.getOrUndefined(option.autocomplete) as
          | ((query: Command.Query) => Effect.Effect<ReadonlyArray<Command.Suggestion>, unknown, R>)
          | undefined
        return suggest === undefined
          ? Effect.succeed([])
          : Effect.map(
            suggest({ value: readId(focused), given: valuesByName(leaf.given), raw }),
            (suggestions) => suggestions.map(toSuggestion)
          )
      })
  })
}

export type HandlerTree<R> = {
  readonly [name: string]:
    | ((interaction: Command.SlashInteraction<never>) => Effect.Effect<unknown, unknown, R>)
    | HandlerTree<R>
}

export const collectLeaves = <R>(
  subcommands: Command.Subcommands,
  handlers: HandlerTree<R>,
  path: ReadonlyArray<string>
): ReadonlyArray<readonly [path: string, leaf: Leaf<R>]> =>
  Object.entries(subcommands).flatMap(([name, subcommand]) => {
    const handle = handlers[name]
    const own = [...path, name]
    if ("subcommands" in subcommand) {
      return typeof handle === "object" ? collectLeaves(subcommand.subcommands, handle, own) : []
    }
    return typeof handle === "function" ? [[own.join(" "), { options: subcommand.options ?? {}, handle }] as const] : []
  })

const toSubcommand = (
  name: string,
  { description, localizations, options }: Command.Subcommand
): APIApplicationCommandSubcommandOption => {
  checkName("subcommand", name)
  return {
    type: ApplicationCommandOptionType.Subcommand,
    name,
    description,
    ...localized(localizations),
    options: toOptions(options ?? {})
  }
}

export const toGroup = (
  name: string,
  subcommand: Command.Subcommands[string]
): APIApplicationCommandSubcommandOption | APIApplicationCommandSubcommandGroupOption =>
  "subcommands" in subcommand
    ? {
      type: ApplicationCommandOptionType.SubcommandGroup,
      name,
      description: subcommand.description,
      ...localized(subcommand.localizations),
      options: Object.entries(subcommand.subcommands).map(([child, definition]) => toSubcommand(child, definition))
    }
    : toSubcommand(name, subcommand)
