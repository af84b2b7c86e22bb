/** Parses the messages of a client. */
import * as Predicate from "effect/Predicate"

/** Returns the length of a text in UTF-8 bytes. */
export const byteLength = (text: string): number => Buffer.byteLength(text)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const longInteger = /\d{16}/
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** Quotes integers that a double cannot hold, such as snowflakes that a client sent as JSON numbers. */
const quoteLongIntegers = (text: string): string =>
  text.replace(stringOrNumber, (token) => /^\d{16,}$/.test(token) ? `"${token}"` : token)

/** Returns the payload; undefined if the text is not a JSON object. */
export const parse = (text: string): Record<string, unknown> | undefined => {
  const payload = parseJson(text)
  // Quoted only if it is JSON as sent, so that quoting repairs nothing.
  const lossless = Predicate.isRecord(payload) && longInteger.test(text) ? parseJson(quoteLongIntegers(text)) : payload
  return Predicate.isRecord(lossless) ? lossless : undefined
}

/** Returns a snowflake that a client sent as a string or as a number; undefined for anything else. */
export const snowflake = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined

/** Returns one or several snowflakes as an array. */
export const snowflakes = (value: unknown): ReadonlyArray<string> =>
  (Array.isArray(value) ? value : [value]).map(snowflake).filter(Predicate.isNotUndefined)

/** Removes the token from a body, because the log must not hold it. */
export const withoutToken = (d: unknown): unknown =>
  Predicate.isRecord(d) && "token" in d ? { ...d, token: "<redacted>" } : d
