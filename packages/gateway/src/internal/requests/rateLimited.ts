/** Decides how long a request waits after RATE_LIMITED, and when it fails. Pure. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { maxAttempts } from "./awaitAnswer.js"

export interface Attempts {
  /** The number of times that it was sent. */
  readonly attempts: number
  /** Milliseconds that it has waited because of rate limits. */
  readonly limitedFor: number
}

/** The shortest wait, in milliseconds, so that a `retry_after` near zero does not cause a burst of requests. */
export const minWaitMillis = 1_000

/** The wait for a RATE_LIMITED without a usable `retry_after`: Discord's window for all members of a guild. */
export const defaultWaitMillis = 30_000

/** The longest time, in milliseconds, that one request waits because of rate limits. */
export const maxTotalMillis = 300_000

const toMillis = (retryAfter: unknown): number => {
  const seconds = typeof retryAfter === "number" || (typeof retryAfter === "string" && retryAfter.trim() !== "")
    ? Number(retryAfter)
    : NaN
  return Number.isNaN(seconds) ? defaultWaitMillis : Math.max(minWaitMillis, seconds * 1_000)
}

/** Returns the milliseconds to wait before the request is sent again, or the reason why the request fails. */
export const next = (retryAfter: unknown, { attempts, limitedFor }: Attempts): Either.Either<number, string> => {
  const millis = toMillis(retryAfter)
  if (attempts >= maxAttempts) {
    return Either.left(`Discord has limited it ${attempts} times; send fewer requests`)
  }
  if (limitedFor + millis <= maxTotalMillis) {
    return Either.right(millis)
  }
  const before = limitedFor > 0 ? `, after ${Duration.format(Duration.millis(limitedFor))} of waiting` : ""
  return Either.left(
    `Discord limits it for ${Duration.format(Duration.millis(millis))}${before}; send it again after that`
  )
}
