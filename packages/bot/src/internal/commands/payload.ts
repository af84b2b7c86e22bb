/** Payloads of commands, and the rules of Discord that types do not hold. */
import { type APIApplicationCommandBasicOption, ApplicationCommandOptionType } from "discord-api-types/v10"
import type * as Command from "../../Command.js"

const maxOptions = 25

/** Throws on a name that Discord does not accept, because it is a mistake of the program. */
export const checkName = (kind: string, name: string): void => {
  if (!/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u.test(name) || name !== name.toLowerCase()) {
    throw new Error(`"${name}" is not a name of a ${kind}: use 1 to 32 lower-case letters, digits, "-" and "_"`)
  }
}

/** Returns the fields for translated names and descriptions. */
export const localized = (localizations: Command.Localized["localizations"]) =>
  Object.fromEntries((["name", "description"] as const).flatMap((field) => {
    const texts = Object.entries(localizations ?? {}).flatMap(([locale, { [field]: text }]) =>
      text === undefined ? [] : [[locale, text]]
    )
    return texts.length === 0 ? [] : [[`${field}_localizations`, Object.fromEntries(texts)]]
  }))

/** Returns the fields for the texts. Throws on a description that Discord does not accept, in any language. */
export const describe = ({ description, localizations }: Command.Described) => {
  const translated = Object.values(localizations ?? {}).map((texts) => texts.description)
  for (const text of [description, ...translated]) {
    if (text !== undefined && !/^.{1,100}$/su.test(text)) {
      throw new Error(`"${text}" is not a description: use 1 to 100 characters, not ${text.length}`)
    }
  }
  return { description, ...localized(localizations) }
}

/** Returns the options with their names. Required ones precede the others, as Discord demands. */
export const toOptions = (options: Command.Options): Array<APIApplicationCommandBasicOption> => {
  const all = Object.entries(options).map(([name, { payload }]) => {
    checkName("option", name)
    // A payload has the fields of its type except the name.
    return { ...payload, name } as APIApplicationCommandBasicOption
  })
  if (all.length > maxOptions) {
    throw new Error(`A command has at most ${maxOptions} options, not ${all.length}: group them into subcommands`)
  }
  return [...all.filter(({ required }) => required === true), ...all.filter(({ required }) => required !== true)]
}

export const isGroup = (type: ApplicationCommandOptionType): boolean =>
  type === ApplicationCommandOptionType.Subcommand || type === ApplicationCommandOptionType.SubcommandGroup
