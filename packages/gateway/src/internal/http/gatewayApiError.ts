/**
 * Errors of the HTTP API.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Discord refused the token. The request is not retried, because Discord blocks addresses with many such requests.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnauthorizedError extends Data.TaggedError("UnauthorizedError") {
  override get message(): string {
    return "Discord refused the bot's token (401): copy it again from the Bot page of your application, or reset it there"
  }
}

/**
 * All attempts failed, because Discord could not be reached, returned a server error, or limited the rate of requests.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnavailableError extends Data.TaggedError("UnavailableError")<{
  /** Number of attempts. */
  readonly attempts: number
  /** The failure of the last attempt. */
  readonly reason: string
}> {
  override get message(): string {
    return `GET /gateway/bot failed ${this.attempts} times, the last time with: ${this.reason}; check the network and Discord's status, and try again later`
  }
}

/**
 * An undocumented response. The likely cause is a wrong base URL, or a proxy.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedAnswerError extends Data.TaggedError("UnexpectedAnswerError")<{
  readonly status: number
  readonly reason: string
}> {
  override get message(): string {
    return `GET /gateway/bot was answered with status ${this.status} (${this.reason}): check the base URL, and any proxy between this program and Discord`
  }
}
