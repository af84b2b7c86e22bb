/**
 * An interaction of a user with the bot, and the ways to answer it. Discord accepts one answer within three seconds; a deferral counts as
 * an answer and allows 15 minutes for the reply.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding
 * @since 0.1.0
 */
import type { RawFile } from "@discordjs/rest"
import type * as Discord from "discord-api-types/v10"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Pipeable } from "effect/Pipeable"
import type * as RestError from "./RestError.js"

/**
 * A second answer to an interaction, or an answer that is not allowed after a deferral.
 *
 * @since 0.1.0
 * @category errors
 */
export class AlreadyAnswered extends Data.TaggedError("AlreadyAnswered")<{
  readonly action: "reply" | "defer" | "update" | "showModal"
}> {
  override get message(): string {
    return this.action === "showModal"
      ? "A modal has to be the first answer, and the interaction was answered or deferred: show the modal before any slow effect"
      : `The interaction was answered before this ${this.action}: use followUp for another message, or edit for the first one`
  }
}

/**
 * An edit, a deletion or a follow-up before the interaction was answered.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotAnswered
  extends Data.TaggedError("NotAnswered")<{ readonly action: "edit" | "deleteReply" | "followUp" }>
{
  override get message(): string {
    return `The interaction was not answered before this ${this.action}: reply or defer first`
  }
}

/**
 * Discord does not know the interaction any more, because its three seconds had passed.
 *
 * @since 0.1.0
 * @category errors
 */
export class Expired extends Data.TaggedError("Expired") {
  override get message(): string {
    return "Discord does not know the interaction any more: it was answered later than three seconds after it was made. Lower " +
      "deferAfter, or look for a blocked process"
  }
}

/**
 * Ends a handler with a message for the user. It is not logged as an error.
 *
 * @since 0.1.0
 * @category errors
 */
export class Rejected extends Data.TaggedError("Rejected")<{
  /** Shown to the user, and only to the user. */
  readonly reason: string
}> {
  override get message(): string {
    return this.reason
  }
}

/**
 * An error of an answer.
 *
 * @since 0.1.0
 * @category errors
 */
export type AnswerError = AlreadyAnswered | NotAnswered | Expired | RestError.RestError

/**
 * A message with the field names of Discord.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageBody extends Discord.APIInteractionResponseCallbackData {
  /** Files to attach. */
  readonly files?: Array<RawFile>
  /** Shows the message only to the user. A deferred reply is as visible as its deferral. Default: the command's `ephemeral`. */
  readonly ephemeral?: boolean
}

/**
 * A message: its text, or an object.
 *
 * @since 0.1.0
 * @category models
 */
export type Message = string | MessageBody

/**
 * An interaction and its answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Interaction<out Raw = Discord.APIInteraction> {
  /** The interaction as Discord sends it. */
  readonly raw: Raw
  readonly user: Discord.APIUser
  /** The user as a member of the guild; none in direct messages. */
  readonly member: Option.Option<Discord.APIInteractionGuildMember>
  readonly guildId: Option.Option<string>
  readonly channelId: Option.Option<string>
  /** The user's language, such as `de`. */
  readonly locale: string
  /** Returns the text in the user's language, by codes such as `de` and `pt-BR`. */
  readonly localize: (texts: { readonly default: string } & { readonly [L in `${Discord.Locale}`]?: string }) => string
  /** Answers with a message. After a deferral, it completes the deferred reply. */
  readonly reply: (message: Message) => Effect.Effect<void, AnswerError>
  /** Shows that the bot is working, and allows 15 minutes for the reply. Happens by itself after `deferAfter`. */
  readonly defer: (options?: { readonly ephemeral?: boolean }) => Effect.Effect<void, AnswerError>
  /** Sends a further message after the answer. */
  readonly followUp: (message: Message) => Effect.Effect<Discord.APIMessage, AnswerError>
  /** Edits the reply. */
  readonly edit: (message: Message) => Effect.Effect<Discord.APIMessage, AnswerError>
  /** Deletes the reply. */
  readonly deleteReply: Effect.Effect<void, AnswerError>
}

/**
 * A text for the user, or a function that makes it in the user's language.
 *
 * @since 0.1.0
 * @category models
 */
export type Text = string | ((interaction: Interaction) => string)

/**
 * An interaction that a modal can answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithModal {
  /** Answers with a modal, which has to be the first answer. */
  readonly showModal: (modal: Discord.APIModalInteractionResponseCallbackData) => Effect.Effect<void, AnswerError>
}

/**
 * An interaction with a component of a message.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithMessage {
  /** Answers by replacing the message that has the component. */
  readonly update: (message: Message) => Effect.Effect<void, AnswerError>
}

/**
 * The definition of a command, as it is registered with Discord.
 *
 * @since 0.1.0
 * @category models
 */
export type Definition =
  | Discord.RESTPostAPIChatInputApplicationCommandsJSONBody
  | Discord.RESTPostAPIContextMenuApplicationCommandsJSONBody

/**
 * A command, a component or a modal with its handler. It is a value: `Interactions.layer` registers it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handler<out R = never> extends Pipeable {
  readonly kind: "command" | "component" | "modal"
  /** The command's name, or the first part of the custom id. */
  readonly name: string
  /** The command's type; 0 for components and modals. */
  readonly type: number
  /** The definition that is registered with Discord; none for components and modals. */
  readonly definition: Option.Option<Definition>
  readonly isEphemeral: boolean
  /** Make the checks that precede the handler, in their order, once for each layer, because they have a state. */
  readonly checks: ReadonlyArray<() => (interaction: Interaction) => Effect.Effect<unknown, unknown, R>>
  readonly run: (interaction: Interaction & WithModal & WithMessage) => Effect.Effect<unknown, unknown, R>
  readonly autocomplete: (
    raw: Discord.APIApplicationCommandAutocompleteInteraction
  ) => Effect.Effect<ReadonlyArray<Discord.APIApplicationCommandOptionChoice>, unknown, R>
}

/**
 * The requirements of a `Handler`.
 *
 * @since 0.1.0
 * @category models
 */
export type Context<H> = H extends Handler<infer R> ? R : never
