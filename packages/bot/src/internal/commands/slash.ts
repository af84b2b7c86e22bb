/** Commands that the user types: the tree of their subcommands, and the handler of each. */
import * as Discord from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Command from "../../Command.js"
import type * as Interaction from "../../Interaction.js"
import { makeHandler } from "../dispatch/index.js"
import { checkName, describe, toOptions } from "./payload.js"
import { decodeOptions, findUsed, readId, readValue } from "./values.js"

/** The handler and the options of one subcommand, or of a command without subcommands. */
export interface Leaf<R> {
  readonly options: Command.Options
  readonly handle: (interaction: Command.SlashInteraction<never>) => Effect.Effect<unknown, unknown, R>
}

const toSuggestion = (suggestion: Command.Suggestion): Discord.APIApplicationCommandOptionChoice =>
  typeof suggestion === "object" ? suggestion : { name: String(suggestion), value: suggestion }

export const makeSlash = <R>(
  name: string,
  settings: Command.Settings & Command.Described,
  fields: Pick<Discord.RESTPostAPIChatInputApplicationCommandsJSONBody, "options">,
  leaves: ReadonlyMap<string, Leaf<R>>
): Interaction.Handler<R> => {
  checkName("command", name)
  const type = Discord.ApplicationCommandType.ChatInput
  const find = (path: ReadonlyArray<string>): Leaf<R> => {
    const leaf = leaves.get(path.join(" "))
    if (leaf === undefined) {
      throw new Error(
        `/${[name, ...path].join(" ")} is not a subcommand of this program: Discord has an older definition`
      )
    }
    return leaf
  }
  return makeHandler<R>({
    kind: "command",
    name,
    type,
    definition: Option.some({ type, name, ...describe(settings), ...fields }),
    isEphemeral: settings.ephemeral,
    run: (interaction) => {
      // The dispatcher finds handlers by the type of the interaction.
      const raw = interaction.raw as Discord.APIChatInputApplicationCommandInteraction
      const { given, path } = findUsed(raw.data.options)
      const { handle, options } = find(path)
      // The values have the types that the handler was declared with.
      const values = decodeOptions(options, given, raw.data.resolved) as never
      return handle({ ...interaction, raw, options: values })
    },
    autocomplete: (raw) =>
      Effect.suspend(() => {
        const { given, path } = findUsed(raw.data.options)
        const focused = given.find((option) => "focused" in option && option.focused === true)
        const option = focused && find(path).options[focused.name]
        if (option?.autocomplete === undefined) {
          return Effect.succeed([])
        }
        // Requirements of autocompletions are part of those of the command.
        const { autocomplete } = option as Command.CommandOption<unknown, R> & { autocomplete: object }
        const values = new Map(given.map((each) => [each.name, readValue(each)]))
        return Effect.map(
          autocomplete({ value: readId(focused), given: values, raw }),
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

/** Returns the options for subcommands, and for groups of them. */
export const toSubcommands = (
  subcommands: Command.Subcommands
): Array<Discord.APIApplicationCommandSubcommandOption | Discord.APIApplicationCommandSubcommandGroupOption> =>
  Object.entries(subcommands).map(([name, subcommand]) => {
    checkName("subcommand", name)
    const texts = { name, ...describe(subcommand) }
    return "subcommands" in subcommand
      ? {
        ...texts,
        type: Discord.ApplicationCommandOptionType.SubcommandGroup,
        // A group has no groups.
        options: toSubcommands(subcommand.subcommands) as Array<Discord.APIApplicationCommandSubcommandOption>
      }
      : {
        ...texts,
        type: Discord.ApplicationCommandOptionType.Subcommand,
        options: toOptions(subcommand.options ?? {})
      }
  })
