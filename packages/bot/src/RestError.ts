/**
 * Errors of Discord's HTTP API. They name the route and a remedy, and contain no token.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#http
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

/**
 * A request that failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failed {
  /** The HTTP method. */
  readonly method: string
  /** The path below the API's version. The tokens of webhooks and interactions are replaced by `:token`. */
  readonly route: string
}

/** Remedies by Discord's error code. */
const remedies: Readonly<Record<number, string>> = {
  10003: "the channel was deleted, or the bot cannot see it",
  10004: "the guild does not exist, or the bot is not in it",
  10008: "the message was deleted",
  10015: "the webhook was deleted, or its interaction is older than 15 minutes",
  10062: "an interaction must be answered within three seconds, or deferred",
  30034: "the daily limit of 200 new commands is reached; register only changed commands",
  40060: "an interaction is answered once; use followUp or edit after that",
  50001: "add the bot to the guild, or give it access to the channel",
  50006: "a message needs content, an embed, a component or a file",
  50007: "the user does not accept direct messages from the bot",
  50013: "give the bot's role the permission, and move the role above its target",
  50027: "the token of an interaction is valid for 15 minutes",
  50035: "correct the fields that the message names",
  50240: "keep the application's Entry Point command when commands are replaced"
}

/**
 * Discord rejected the request.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
 * @since 0.1.0
 * @category errors
 */
export class DiscordError extends Data.TaggedError("DiscordError")<
  Failed & {
    /** The HTTP status, 400 to 499. */
    readonly status: number
    /** Discord's error code, such as 50013; 0 for a general error. */
    readonly code: number
    /** Discord's explanation, with the rejected fields. */
    readonly reason: string
  }
> {
  override get message(): string {
    const remedy = remedies[this.code] ?? "see Discord's list of JSON error codes"
    return `${this.method} ${this.route} was rejected with ${this.status}, code ${this.code} (${this.reason}): ${remedy}`
  }
}

/**
 * Discord refused the bot's token. Later requests of this client that need it fail without being sent, because Discord blocks addresses
 * with many invalid requests. Answers to interactions do not need it.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Data.TaggedError("Unauthorized")<Failed> {
  override get message(): string {
    return `${this.method} ${this.route} was refused with 401: copy the token again from the Bot page of your application, or ` +
      "reset it there"
  }
}

/**
 * The rate limit would have delayed the request by more than the client's `maxWait`. It was not sent, or Discord refused it with 429.
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Data.TaggedError("RateLimited")<
  Failed & {
    /** Time until the next request is allowed. */
    readonly retryAfter: Duration.Duration
    /** The scope of the limit: of this bot on the route, of this bot on all routes, or of all bots on the resource. */
    readonly scope: "user" | "global" | "shared"
  }
> {
  override get message(): string {
    return `${this.method} ${this.route} was not accepted, because its rate limit (${this.scope}) lasts for another ${
      Duration.format(this.retryAfter)
    }: send fewer requests, or raise maxWait`
  }
}

/**
 * Discord could not be reached, or failed with 5xx, at all attempts.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unavailable extends Data.TaggedError("Unavailable")<
  Failed & {
    /** The HTTP status of the last attempt; 0 without a response. */
    readonly status: number
    /** The failure of the last attempt. */
    readonly reason: string
  }
> {
  override get message(): string {
    return `${this.method} ${this.route} failed at all attempts, the last time with ${
      this.status === 0 ? this.reason : `status ${this.status}`
    }: check the network and Discord's status, and try again later`
  }
}

/**
 * An error of the HTTP API.
 *
 * @since 0.1.0
 * @category errors
 */
export type RestError = DiscordError | Unauthorized | RateLimited | Unavailable

/**
 * Returns true for Discord's rejection with one of the codes.
 *
 * @since 0.1.0
 * @category guards
 */
export const hasCode = (...codes: ReadonlyArray<number>) => (error: unknown): error is DiscordError =>
  error instanceof DiscordError && codes.includes(error.code)
