/** The bot's token. It is not an option: it would show in the list of processes and in the shell's history. */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { type CliError, failed } from "../exit/exit.js"

/** Reads DISCORD_TOKEN. Fails with what can be done `otherwise`. */
export const read = (otherwise: string): Effect.Effect<Redacted.Redacted<string>, CliError> =>
  Effect.mapError(
    ShardConfig.tokenConfig,
    () => failed(`DISCORD_TOKEN is not set: put your bot's token into it, or ${otherwise}`)
  )

/** The token without the prefix `Bot `. */
export const bare = (token: string): string => token.replace(/^Bot\s+/i, "").trim()

/** The bot's id, which is the first of the token's three parts in base64; `undefined` if the token has another form. */
export const botId = (token: string): string | undefined => {
  const [first = "", ...rest] = bare(token).split(".")
  const id = Buffer.from(first, "base64").toString("latin1")
  return rest.length === 2 && /^\d{15,21}$/.test(id) ? id : undefined
}
