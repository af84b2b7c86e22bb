/** Errors of the HTTP API. `GatewayApi` documents them. */
import * as Data from "effect/Data"

export class UnauthorizedError extends Data.TaggedError("UnauthorizedError") {
  override get message(): string {
    return "Discord refused the bot's token (401): copy it again from the Bot page of your application, or reset it there"
  }
}

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

export class UnexpectedAnswerError extends Data.TaggedError("UnexpectedAnswerError")<{
  readonly status: number
  readonly reason: string
}> {
  override get message(): string {
    return `GET /gateway/bot was answered with status ${this.status} (${this.reason}): check the base URL, and any proxy between this program and Discord`
  }
}
