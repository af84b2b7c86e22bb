/** What a client sent, before the protocol looks at it. */
import * as Predicate from "effect/Predicate"

export const byteLength = (text: string) => Buffer.byteLength(text)

/** None if it is no JSON object. */
export const parse = (text: string): Record<string, unknown> | undefined => {
  try {
    const payload: unknown = JSON.parse(text)
    return Predicate.isRecord(payload) ? payload : undefined
  } catch {
    return undefined
  }
}

/** The log holds no token. */
export const withoutToken = (d: unknown): unknown =>
  Predicate.isRecord(d) && "token" in d ? { ...d, token: "<redacted>" } : d
