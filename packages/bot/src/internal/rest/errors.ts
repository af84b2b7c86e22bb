/** Turns the library's errors into typed ones. The library's own hold URLs with tokens and are dropped. */
import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest"
import * as Duration from "effect/Duration"
import * as RestError from "../../RestError.js"
import { redactPath, redactText, secretsIn } from "./redact.js"

/** The request that failed, as far as it is known. */
export interface Attempted {
  readonly method: string
  readonly path: string
  /** The request has the bot's token. Answers to interactions have a token of their own in the path. */
  readonly isAuthorized: boolean
}

const describe = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Returns the typed error for a failure of the library. */
export const toRestError = (error: unknown, attempted: Attempted, token: string): RestError.RestError => {
  const request = { method: attempted.method, route: redactPath(attempted.path) }
  const reason = redactText(describe(error), [token, ...secretsIn(attempted.path)])
  const isRefused = error instanceof DiscordAPIError && error.status === 401 && attempted.isAuthorized
  // The library forgets a token that Discord has refused.
  if (isRefused || reason.startsWith("Expected token to be set")) {
    return new RestError.Unauthorized(request)
  }
  if (error instanceof DiscordAPIError) {
    const code = typeof error.code === "number" ? error.code : 0
    return new RestError.DiscordError({ ...request, status: error.status, code, reason })
  }
  if (error instanceof RateLimitError) {
    return new RestError.RateLimited({
      ...request,
      retryAfter: Duration.millis(Math.max(error.retryAfter, error.timeToReset, error.sublimitTimeout)),
      scope: error.scope
    })
  }
  return new RestError.Unavailable({ ...request, status: error instanceof HTTPError ? error.status : 0, reason })
}
