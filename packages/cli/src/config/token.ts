/** The bot's token. It is not an option: it would show in the list of processes and in the shell's history. */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type CliError, failed } from "../exit/index.js"

/** Reads DISCORD_TOKEN. Fails with what can be done `otherwise`. */
export const read = (
  otherwise = "try what needs none: vesper demo"
): Effect.Effect<Redacted.Redacted<string>, CliError> =>
  Effect.mapError(
    ShardConfig.tokenConfig,
    () => failed(`DISCORD_TOKEN is not set: put your bot's token into it, or ${otherwise}`)
  )

/** Returns true for the form of a bot's token: three parts, the first of which is the bot's id. */
export const hasForm = (token: string): boolean =>
  ShardConfig.bareToken(token).split(".").length === 3 && Option.isSome(ShardConfig.botId(Redacted.make(token)))
