/** A token begins with the bot's id in base64, which is no secret. */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** None for a token that is not made so, such as a test's. */
export const fromToken = (token: Redacted.Redacted<string>): Option.Option<string> => {
  const [first = ""] = Redacted.value(token).replace(/^Bot\s+/i, "").trim().split(".")
  return Option.filter(
    Either.getRight(Encoding.decodeBase64UrlString(first.replace(/=+$/, ""))),
    (id) => /^\d{1,20}$/.test(id)
  )
}
