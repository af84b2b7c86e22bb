/** How long a request waits that Discord limits. Pure decisions. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Answer from "./answer.js"

/** The history of a request. */
export interface Past {
  /** How often it was sent. */
  readonly attempts: number
  /** Milliseconds that rate limits have held it back for. */
  readonly limitedFor: number
}

/** The shortest wait, in milliseconds: a `retry_after` of nearly nothing would be met by a request at once, and again. */
export const minWaitMillis = 1_000

/** The wait for a RATE_LIMITED without a usable `retry_after`: Discord's window for all members of a guild. */
export const defaultWaitMillis = 30_000

/** The longest time, in milliseconds, that rate limits hold one request back for. */
export const maxTotalMillis = 300_000

const millisOf = (retryAfter: unknown): number => {
  const seconds = typeof retryAfter === "number" || (typeof retryAfter === "string" && retryAfter.trim() !== "")
    ? Number(retryAfter)
    : NaN
  return Number.isNaN(seconds) ? defaultWaitMillis : Math.max(minWaitMillis, seconds * 1_000)
}

/** Returns the milliseconds to wait before the request is sent again, or the reason for giving up. */
export const next = (retryAfter: unknown, { attempts, limitedFor }: Past): Either.Either<number, string> => {
  const millis = millisOf(retryAfter)
  if (attempts >= Answer.maxAttempts) {
    return Either.left(`Discord has limited it ${attempts} times; ask less often`)
  }
  if (limitedFor + millis <= maxTotalMillis) {
    return Either.right(millis)
  }
  const before = limitedFor > 0 ? `, after ${Duration.format(Duration.millis(limitedFor))} of waiting` : ""
  return Either.left(`Discord limits it for ${Duration.format(Duration.millis(millis))}${before}; ask again after that`)
}
