/** Reads the bot's id from the first part of a token, which is base64 and not secret. */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** Removes the prefix `Bot `, which the API has and the gateway does not. */
export const withoutPrefix = (token: string): string => token.replace(/^Bot\s+/i, "").trim()

/** Returns none for a token of another form, such as that of a test. */
export const fromToken = (token: Redacted.Redacted<string>): Option.Option<string> => {
  const [first = ""] = withoutPrefix(Redacted.value(token)).split(".")
  return Option.filter(
    Either.getRight(Encoding.decodeBase64UrlString(first.replace(/=+$/, ""))),
    (id) => /^\d{1,20}$/.test(id)
  )
}
