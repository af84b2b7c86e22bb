import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"

/** The id of the bot that a token is of. A token without one, such as a test's, is known by a digest of it. */
export const botOf = (token: Redacted.Redacted<string>): string =>
  Option.getOrElse(
    ShardConfig.botId(token),
    () => `token ${createHash("sha256").update(Redacted.value(token)).digest("hex").slice(0, 12)}`
  )
