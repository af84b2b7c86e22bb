/** Parses a token. Its first part is the id of the bot in base64, which is not secret. */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** Removes the prefix `Bot `, which the API has and the gateway does not. */
export const withoutPrefix = (token: string): string => token.replace(/^Bot\s+/i, "").trim()

/** Returns the id of the bot; none for a token of another form, such as that of a test. */
export const botId = (token: Redacted.Redacted<string>): Option.Option<string> => {
  const [first = ""] = withoutPrefix(Redacted.value(token)).split(".")
  return Option.filter(
    Either.getRight(Encoding.decodeBase64UrlString(first.replace(/=+$/, ""))),
    (id) => /^\d{1,20}$/.test(id)
  )
}
