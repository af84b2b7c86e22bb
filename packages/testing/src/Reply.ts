/**
 * Replies of a bot to interactions.
 *
 * @since 0.1.0
 */
import type { APIMessage } from "discord-api-types/v10"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/**
 * A reply to an interaction, as it is when the bot has answered: at the first response, or at the edit or follow-up that
 * ends the loading state of a deferred one.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding
 * @since 0.1.0
 * @category models
 */
export interface Reply {
  readonly interactionId: string
  /** The type of the first response: 4 is a message, 5 a deferred one, 7 an update, 8 are choices, 9 is a modal. */
  readonly type: number
  /** The time from the interaction to the first response. */
  readonly after: Duration.Duration
  /** The first response was deferred. */
  readonly isDeferred: boolean
  /** Only the user sees the message. */
  readonly isEphemeral: boolean
  /** The text of the message; empty without one. */
  readonly content: string
  /** The message; none for a modal, for choices and for a message that was deleted. */
  readonly message: Option.Option<APIMessage>
  /** The data of the first response, such as a modal or choices. */
  readonly data: Readonly<Record<string, unknown>>
  /** The message as it is now. */
  readonly currentMessage: Effect.Effect<Option.Option<APIMessage>>
  /** The follow-up messages until now, in order. */
  readonly followUps: Effect.Effect<ReadonlyArray<APIMessage>>
  /** Waits until there are as many follow-up messages, and returns the last of them. */
  readonly awaitFollowUp: (count?: number) => Effect.Effect<APIMessage>
}

/**
 * The bot did not answer an interaction: within three seconds, or after it had deferred the response.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoReplyError extends Data.TaggedError("NoReplyError")<{
  readonly interaction: string
  readonly reason: "ClockStill" | "NotAnswered" | "NotEdited" | "NotReceived"
  /** The last requests of the bot, with the status of their responses. */
  readonly requests: ReadonlyArray<string>
}> {
  override get message(): string {
    const requests = this.requests.length === 0 ? "no requests" : this.requests.join(", ")
    switch (this.reason) {
      case "ClockStill":
        return `${this.interaction} was not answered, and the clock does not move (TestClock.adjust moves it): ${requests}`
      case "NotAnswered":
        return `${this.interaction} was not answered within three seconds; defer the response of a slow handler: ${requests}`
      case "NotEdited":
        return `the deferred response to ${this.interaction} was not edited within fifteen minutes: ${requests}`
      case "NotReceived":
        return `${this.interaction} was received by no session; connect the shard of its guild first`
    }
  }
}

/**
 * A user cannot send this interaction: the bot has registered other commands or options, the message has no such component, or the modal
 * was not shown.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownCommandError extends Data.TaggedError("UnknownCommandError")<{
  readonly command: string
  readonly problem: string
  readonly registered: ReadonlyArray<string>
}> {
  override get message(): string {
    const registered = this.registered.length === 0 ? "" : `; registered: ${this.registered.join(", ")}`
    return `${this.command} cannot be used: ${this.problem}${registered}`
  }
}
