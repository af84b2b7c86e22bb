/** The state of the answer to one interaction. All answers pass through one lock, so that the automatic deferral and the handler do not race. */
import {
  type APIInteraction,
  type APIInteractionResponse,
  type APIInteractionResponseCallbackData,
  type APIMessage,
  InteractionResponseType,
  InteractionType,
  MessageFlags
} from "discord-api-types/v10"
import type { RawFile } from "@discordjs/rest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Interaction from "../../Interaction.js"
import type * as Rest from "../../Rest.js"
import * as RestError from "../../RestError.js"
import type { Transport } from "./transport.js"

/** The kinds of a first answer. "Updating" is a deferred change of the component's message. */
type State = "Waiting" | "Deferred" | "Updating" | "Answered" | "Expired"

interface Prepared {
  readonly data: APIInteractionResponseCallbackData
  readonly files: Array<RawFile>
}

const unknownInteraction = 10062
const alreadyAcknowledged = 40060
const unknownWebhook = 10015

// The response to Discord's request may arrive after the edit that follows it.
const retryEarlyEdit = Schedule.intersect(Schedule.exponential("100 millis"), Schedule.recurs(5))

const original = "@original"

export class Answer {
  private state: State = "Waiting"
  private replyId = original
  private readonly lock = Effect.unsafeMakeSemaphore(1).withPermits(1)
  private readonly raw: APIInteraction
  private readonly rest: Rest.Rest
  private readonly transport: Transport
  private readonly isEphemeral: boolean
  private readonly hasMessage: boolean

  constructor(raw: APIInteraction, rest: Rest.Rest, transport: Transport, isEphemeral: boolean) {
    this.raw = raw
    this.rest = rest
    this.transport = transport
    this.isEphemeral = isEphemeral
    this.hasMessage = raw.type === InteractionType.MessageComponent ||
      (raw.type === InteractionType.ModalSubmit && raw.message !== undefined)
  }

  get isWaiting(): boolean {
    return this.state === "Waiting"
  }

  readonly reply = (message: Interaction.Message): Effect.Effect<void, Interaction.AnswerError> =>
    this.answer("reply", () => {
      const { data, files } = this.prepare(message)
      switch (this.state) {
        case "Deferred":
          return Effect.asVoid(this.become("Answered", this.editOriginal({ data, files })))
        case "Updating":
          return this.become("Answered", this.send({ data, files }))
        default:
          return this.transport.acceptsFiles || files.length === 0
            ? this.callback({ type: InteractionResponseType.ChannelMessageWithSource, data }, "Answered", files)
            : Effect.zipRight(
              this.callback(this.deferral(data.flags), "Deferred"),
              Effect.asVoid(this.become("Answered", this.editOriginal({ data, files })))
            )
      }
    })

  readonly defer = (options: { readonly ephemeral?: boolean } = {}): Effect.Effect<void, Interaction.AnswerError> =>
    this.answer("defer", () =>
      this.state === "Waiting"
        ? this.callback(this.deferral(this.prepare({ ...options }).data.flags), "Deferred")
        : Effect.void)

  readonly update = (message: Interaction.Message): Effect.Effect<void, Interaction.AnswerError> =>
    this.answer("update", () => {
      const { data, files } = this.prepare(message)
      if (this.state === "Updating") {
        return Effect.asVoid(this.become("Answered", this.editOriginal({ data, files })))
      }
      return this.state === "Waiting"
        ? this.callback({ type: InteractionResponseType.UpdateMessage, data }, "Answered", files)
        : Effect.fail(new Interaction.AlreadyAnswered({ action: "update" }))
    })

  readonly showModal = (data: Interaction.ModalData): Effect.Effect<void, Interaction.AnswerError> =>
    this.answer("showModal", () =>
      this.state === "Waiting"
        ? this.callback({ type: InteractionResponseType.Modal, data }, "Answered")
        : Effect.fail(new Interaction.AlreadyAnswered({ action: "showModal" })))

  readonly autocomplete = (
    choices: Array<{ name: string; value: string | number }>
  ): Effect.Effect<void, Interaction.AnswerError> =>
    this.answer(
      "reply",
      () =>
        this.callback(
          { type: InteractionResponseType.ApplicationCommandAutocompleteResult, data: { choices } },
          "Answered"
        )
    )

  readonly followUp = (message: Interaction.Message): Effect.Effect<APIMessage, RestError.RestError> => {
    const { data, files } = this.prepare(message)
    return this.early(this.rest.interactions.followUp(this.raw.application_id, this.raw.token, { ...data, files }))
  }

  readonly edit = (message: Interaction.Message): Effect.Effect<APIMessage, RestError.RestError> =>
    this.lock(Effect.suspend(() => this.editOriginal(this.prepare(message))))

  readonly deleteReply: Effect.Effect<void, RestError.RestError> = Effect.suspend(() =>
    this.early(this.rest.interactions.deleteReply(this.raw.application_id, this.raw.token, this.replyId))
  )

  /** Defers if there is no answer yet. A failure is logged, because the handler continues. */
  readonly deferNow: Effect.Effect<void> = Effect.suspend(() =>
    this.lock(Effect.suspend(() =>
      this.state !== "Waiting" ? Effect.void : this.hasMessage
        ? this.callback({ type: InteractionResponseType.DeferredMessageUpdate }, "Updating")
        : this.callback(this.deferral(this.prepare({}).data.flags), "Deferred")
    ))
  ).pipe(Effect.catchAll((error) => Effect.logWarning(`The automatic deferral failed: ${error.message}`)))

  /** Answers for a handler that has ended without an answer. */
  readonly finish = (text: string): Effect.Effect<void, Interaction.AnswerError> =>
    Effect.suspend(() => {
      if (this.state === "Deferred") {
        return this.reply(text)
      }
      return this.state === "Waiting"
        ? this.hasMessage ? this.deferNow : this.reply({ content: text, ephemeral: true })
        : Effect.void
    })

  /** Shows the user that the handler has failed. */
  readonly fail = (text: string): Effect.Effect<void, Interaction.AnswerError> =>
    Effect.suspend(() => {
      const message = { content: text, ephemeral: true }
      switch (this.state) {
        case "Expired":
          return Effect.void
        case "Answered":
          return Effect.asVoid(this.followUp(message))
        default:
          return this.reply(message)
      }
    })

  private answer(
    action: Interaction.AlreadyAnswered["action"],
    perform: () => Effect.Effect<void, Interaction.AnswerError>
  ): Effect.Effect<void, Interaction.AnswerError> {
    return this.lock(Effect.suspend(() => {
      switch (this.state) {
        case "Answered":
          return Effect.fail(new Interaction.AlreadyAnswered({ action }))
        case "Expired":
          return Effect.fail(new Interaction.Expired())
        default:
          return perform()
      }
    }))
  }

  /** Sends the first answer. It cannot be interrupted, because its outcome decides what is allowed after it. */
  private callback(
    body: APIInteractionResponse,
    next: State,
    files: Array<RawFile> = []
  ): Effect.Effect<void, Interaction.AnswerError> {
    return Effect.uninterruptible(this.become(next, this.transport.send(body, files))).pipe(
      Effect.catchIf(
        RestError.hasCode(alreadyAcknowledged),
        () =>
          this.become(
            next,
            Effect.logDebug(`Interaction ${this.raw.id} was acknowledged before, by a retry or another process`)
          )
      ),
      Effect.catchIf(
        RestError.hasCode(unknownInteraction),
        () => Effect.zipRight(this.become("Expired", Effect.void), new Interaction.Expired())
      )
    )
  }

  private become<A, E>(next: State, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.tap(effect, () =>
      Effect.sync(() => {
        this.state = next
      }))
  }

  private send({ data, files }: Prepared): Effect.Effect<void, RestError.RestError> {
    const sent = this.rest.interactions.followUp(this.raw.application_id, this.raw.token, { ...data, files })
    return Effect.map(this.early(sent), ({ id }) => {
      this.replyId = id
    })
  }

  private editOriginal({ data, files }: Prepared): Effect.Effect<APIMessage, RestError.RestError> {
    const { flags: _, ...body } = data
    return this.early(
      this.rest.interactions.editReply(this.raw.application_id, this.raw.token, { ...body, files }, this.replyId)
    )
  }

  private early<A>(effect: Effect.Effect<A, RestError.RestError>): Effect.Effect<A, RestError.RestError> {
    return this.transport.acceptsFiles
      ? effect
      : Effect.retry(effect, { schedule: retryEarlyEdit, while: RestError.hasCode(unknownWebhook) })
  }

  private deferral(flags: MessageFlags | undefined): APIInteractionResponse {
    const type = InteractionResponseType.DeferredChannelMessageWithSource
    return flags === undefined ? { type } : { type, data: { flags } }
  }

  private prepare(message: Interaction.Message): Prepared {
    const { ephemeral = this.isEphemeral, files = [], flags = 0, ...data } = typeof message === "string"
      ? { content: message }
      : message
    const all = ephemeral ? flags | MessageFlags.Ephemeral : flags
    return { data: all === 0 ? data : { ...data, flags: all }, files }
  }
}
