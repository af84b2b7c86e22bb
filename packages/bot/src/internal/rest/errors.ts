/** Turns the library's errors into typed ones. The library's own hold URLs with tokens and are dropped. */
import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest"
import * as Duration from "effect/Duration"
import * as RestError from "../../RestError.js"
import { redactPath, redactText, secretsIn } from "./redact.js"

/** The request that failed, as far as it is known. */
export interface Attempted {
  readonly method: string
  readonly path: string
}

const describe = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Returns the typed error for a failure of the library. */
export const toRestError = (error: unknown, attempted: Attempted, token: string): RestError.RestError => {
  const request = { method: attempted.method, route: redactPath(attempted.path) }
  const redact = (text: string) => redactText(text, [token, ...secretsIn(attempted.path)])
  if (error instanceof DiscordAPIError) {
    return error.status === 401 ? new RestError.Unauthorized(request) : new RestError.DiscordError({
      ...request,
      status: error.status,
      code: typeof error.code === "number" ? error.code : 0,
      reason: redact(error.message)
    })
  }
  if (error instanceof RateLimitError) {
    return new RestError.RateLimited({
      ...request,
      retryAfter: Duration.millis(Math.max(error.retryAfter, error.timeToReset, error.sublimitTimeout)),
      scope: error.scope
    })
  }
  if (error instanceof HTTPError) {
    return new RestError.Unavailable({ ...request, status: error.status, reason: redact(error.message) })
  }
  // The library forgets a token that Discord has refused.
  if (describe(error).startsWith("Expected token to be set")) {
    return new RestError.Unauthorized(request)
  }
  return new RestError.Unavailable({ ...request, status: 0, reason: redact(describe(error)) })
}
