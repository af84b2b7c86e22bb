/** Makes the interaction that a handler receives. */
import type { APIInteraction } from "discord-api-types/v10"
import * as Option from "effect/Option"
import type * as Interaction from "../../Interaction.js"
import type { Answer } from "./answer.js"

/** Returns the text that the user sees. */
export const toText = (text: Interaction.Text, interaction: Interaction.Interaction): string =>
  typeof text === "string" ? text : text(interaction)

export const makeInteraction = (
  raw: APIInteraction,
  answer: Answer
): Interaction.Interaction & Interaction.WithModal & Interaction.WithMessage => {
  const user = raw.member?.user ?? raw.user
  if (user === undefined) {
    throw new Error(`interaction ${raw.id} has no user`)
  }
  // Discord's PING, which has no locale, does not reach a handler.
  const locale: string = "locale" in raw ? raw.locale : "en-US"
  return {
    raw,
    user,
    member: Option.fromNullable(raw.member),
    guildId: Option.fromNullable(raw.guild_id),
    channelId: Option.fromNullable(raw.channel?.id),
    locale,
    // The locale is one of Discord's, or it has no text.
    localize: (texts) => (texts as Readonly<Record<string, string>>)[locale] ?? texts.default,
    ...answer.operations
  }
}
