/** The bot's token, from where it is expected. */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import { CliError } from "../CliError.js"

/** The bot's token is no option: it would stand in the list of processes, and in the shell's history. */
export const token = Effect.mapError(ShardConfig.tokenConfig, () =>
  new CliError({
    message: "DISCORD_TOKEN is not set: put your bot's token into it, or try what needs none: vesper demo"
  }))
