/** The answer to one interaction. All answers pass through one lock, so that the automatic deferral and the handler do not race. */
import type { RawFile } from "@discordjs/rest"
import * as Discord from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Interaction from "../../Interaction.js"
import type * as Rest from "../../Rest.js"
import * as RestError from "../../RestError.js"
import type { Transport } from "./transport.js"

const Type = Discord.InteractionResponseType

/** The kinds of a first answer. "Updating" is a deferred change of the component's message. */
type State = "Waiting" | "Deferred" | "Updating" | "Answered" | "Expired"

interface Prepared {
  readonly data: Discord.APIInteractionResponseCallbackData
  readonly files: Array<RawFile>
}

type Answering = Effect.Effect<void, Interaction.AnswerError>

const isUnknown = RestError.hasCode(10062)
const isAcknowledged = RestError.hasCode(40060)
const isUnknownWebhook = RestError.hasCode(10015)

// The response to Discord's request may arrive after the edit that follows it.
const retryEarly = Schedule.intersect(Schedule.exponential("100 millis"), Schedule.recurs(5))

export type Answer = ReturnType<typeof makeAnswer>

export const makeAnswer = (
  raw: Discord.APIInteraction,
  rest: Rest.Rest,
  transport: Transport,
  isEphemeral: boolean
) => {
  let state: State = "Waiting"
  let replyId = "@original"
  const { application_id: application, token } = raw
  const inTurn = Effect.unsafeMakeSemaphore(1).withPermits(1)
  const hasMessage = raw.type === Discord.InteractionType.MessageComponent ||
    (raw.type === Discord.InteractionType.ModalSubmit && raw.message !== undefined)

  const prepare = (message: Interaction.Message): Prepared => {
    const { ephemeral = isEphemeral, files = [], flags = 0, ...data } = typeof message === "string"
      ? { content: message }
      : message
    const all = ephemeral ? flags | Discord.MessageFlags.Ephemeral : flags
    return { data: all === 0 ? data : { ...data, flags: all }, files }
  }

  const become = <A, E>(next: State, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.tap(effect, () =>
      Effect.sync(() => {
        state = next
      }))

  const early = <A>(effect: Effect.Effect<A, RestError.RestError>): Effect.Effect<A, RestError.RestError> =>
    transport.isResponse ? Effect.retry(effect, { schedule: retryEarly, while: isUnknownWebhook }) : effect

  const send = ({ data, files }: Prepared): Effect.Effect<Discord.APIMessage, RestError.RestError> =>
    early(rest.interactions.followUp(application, token, { ...data, files }))

  const editOriginal = ({ data, files }: Prepared): Effect.Effect<Discord.APIMessage, RestError.RestError> => {
    const { flags: _, ...body } = data
    return early(rest.interactions.editReply(application, token, { ...body, files }, replyId))
  }

  /** Sends the first answer. It cannot be interrupted, because its outcome decides what is allowed after it. */
  const callback = (
    body: Discord.APIInteractionResponse,
    next: State,
    files: Array<RawFile> = [],
    onAcknowledged: Effect.Effect<unknown> = Effect.void
  ): Answering =>
    Effect.uninterruptible(become(next, transport.send(body, files))).pipe(
      Effect.catchIf(isAcknowledged, () =>
        Effect.zipRight(
          Effect.logDebug(`Interaction ${raw.id} was acknowledged before, by a retry or another process`),
          become(next, onAcknowledged)
        )),
      Effect.catchIf(isUnknown, () => Effect.zipRight(become("Expired", Effect.void), new Interaction.Expired())),
      Effect.asVoid
    )

  /** Completes the reply if the process that acknowledged the interaction has ended after its deferral. */
  const completeDeferral = (prepared: Prepared): Effect.Effect<unknown> =>
    rest.interactions.getOriginalReply(application, token).pipe(
      Effect.flatMap(({ flags = 0 }) =>
        (flags & Discord.MessageFlags.Loading) === 0 ? Effect.void : editOriginal(prepared)
      ),
      Effect.catchAll((error) => Effect.logDebug(`The acknowledged reply was not completed: ${error.message}`))
    )

  const answer = (action: Interaction.AlreadyAnswered["action"], perform: () => Answering): Answering =>
    inTurn(Effect.suspend(() =>
      state === "Answered"
        ? new Interaction.AlreadyAnswered({ action })
        : state === "Expired"
        ? new Interaction.Expired()
        : perform()
    ))

  const reply = (message: Interaction.Message): Answering =>
    answer("reply", () => {
      const prepared = prepare(message)
      const { data, files } = prepared
      switch (state) {
        case "Deferred":
          return Effect.asVoid(become("Answered", editOriginal(prepared)))
        case "Updating":
          return Effect.map(become("Answered", send(prepared)), ({ id }) => {
            replyId = id
          })
        default:
          return callback({ type: Type.ChannelMessageWithSource, data }, "Answered", files, completeDeferral(prepared))
      }
    })

  const deferReply = (options: { readonly ephemeral?: boolean } = {}): Answering => {
    const { flags } = prepare({ ...options }).data
    const data = flags === undefined ? {} : { data: { flags } }
    return callback({ type: Type.DeferredChannelMessageWithSource, ...data }, "Deferred")
  }

  const defer = (options?: { readonly ephemeral?: boolean }): Answering =>
    answer("defer", () => state === "Waiting" ? deferReply(options) : Effect.void)

  const update = (message: Interaction.Message): Answering => {
    const { data, files } = prepare(message)
    return answer("update", () =>
      state === "Updating"
        ? Effect.asVoid(become("Answered", editOriginal({ data, files })))
        : state === "Waiting"
        ? callback({ type: Type.UpdateMessage, data }, "Answered", files)
        : new Interaction.AlreadyAnswered({ action: "update" }))
  }

  /** Defers if there is no answer yet. A failure is logged, because the handler continues. */
  const deferNow: Effect.Effect<void> = inTurn(Effect.suspend(() =>
    state !== "Waiting"
      ? Effect.void
      : hasMessage
      ? callback({ type: Type.DeferredMessageUpdate }, "Updating")
      : deferReply()
  )).pipe(
    Effect.catchTag("Expired", () => Effect.void),
    Effect.catchAll((error) => Effect.logWarning(`The automatic deferral failed: ${error.message}`))
  )

  /** Performs what Discord allows after the first answer only, which it waits for. */
  const afterAnswer = <A>(action: Interaction.NotAnswered["action"], effect: Effect.Effect<A, RestError.RestError>) =>
    Effect.zipRight(
      inTurn(Effect.suspend(() => state === "Waiting" ? new Interaction.NotAnswered({ action }) : Effect.void)),
      effect
    )

  const followUp = (message: Interaction.Message) => afterAnswer("followUp", send(prepare(message)))

  return {
    isWaiting: () => state === "Waiting",
    /** Discord has refused the first answer as too late. */
    isExpired: () => state === "Expired",
    deferNow,
    autocomplete: (choices: Array<Discord.APIApplicationCommandOptionChoice>): Answering =>
      answer(
        "reply",
        () => callback({ type: Type.ApplicationCommandAutocompleteResult, data: { choices } }, "Answered")
      ),
    /** Answers for a handler that has ended without an answer. */
    finish: (text: () => string): Answering =>
      Effect.suspend(() =>
        state === "Waiting" && hasMessage
          ? deferNow
          : state === "Waiting" || state === "Deferred"
          ? reply({ content: text(), ephemeral: true })
          : Effect.void
      ),
    /** Shows the user that the handler has failed. */
    fail: (text: string): Answering =>
      Effect.suspend(() => {
        const message = { content: text, ephemeral: true }
        return state === "Expired"
          ? Effect.void
          : state === "Answered"
          ? Effect.asVoid(followUp(message))
          : reply(message)
      }),
    /** The answers of a handler. */
    operations: {
      reply,
      defer,
      update,
      followUp,
      showModal: (data: Discord.APIModalInteractionResponseCallbackData): Answering =>
        answer("showModal", () =>
          state === "Waiting"
            ? callback({ type: Type.Modal, data }, "Answered")
            : new Interaction.AlreadyAnswered({ action: "showModal" })),
      edit: (message: Interaction.Message) =>
        afterAnswer("edit", inTurn(Effect.suspend(() => editOriginal(prepare(message))))),
      deleteReply: afterAnswer(
        "deleteReply",
        Effect.suspend(() => early(rest.interactions.deleteReply(application, token, replyId)))
      )
    }
  }
}
