/**
 * Callbacks of interactions, and the messages that their tokens allow.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding
 */
import * as Effect from "effect/Effect"
import { Form, MessageForm } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Bot, Interactions } from "../world/index.js"
import * as Api from "./api.js"
import * as Messages from "./messages.js"

const pingType = 1
const componentType = 3
const autocompleteType = 4
const modalType = 5

/** Callback types by the interaction types that allow them. */
const callbackTypes: Readonly<Record<number, ReadonlyArray<number>>> = {
  [pingType]: [1],
  2: [4, 5, 9, 10, 12],
  [componentType]: [4, 5, 6, 7, 9, 10, 12],
  [autocompleteType]: [8],
  [modalType]: [4, 5, 6, 7, 12]
}

/** Follow-ups of an interaction with a bot that the user has installed, but not the guild. */
const maxUserFollowUps = 5
const guildInstall = "0"

const choices = Form.object({
  choices: Form.need(Form.list(
    Form.object({
      name: Form.need(Form.string({ min: 1, max: 100 })),
      value: Form.need(Form.string({ max: 100 }))
    }),
    { max: 25 }
  ))
})

const objectAt = (value: unknown, key: string): Body => Object(Object(value)[key])

const isEphemeral = (message: Body | undefined): boolean => (Number(message?.["flags"]) & MessageForm.ephemeral) > 0

/** Fields of a message that answers an interaction. */
const answerFields = ({ body, id }: Interactions.Interaction): Body => {
  const user = body["user"] ?? objectAt(body, "member")["user"]
  return {
    application_id: Bot.id,
    webhook_id: Bot.id,
    interaction_metadata: {
      id,
      type: body["type"],
      user,
      authorizing_integration_owners: body["authorizing_integration_owners"] ?? {}
    },
    ...(body["type"] === 2 && {
      type: objectAt(body, "data")["type"] === 1 ? 20 : 23,
      interaction: { id, type: 2, name: objectAt(body, "data")["name"], user }
    })
  }
}

const getChannelId = ({ body }: Interactions.Interaction): string => Form.textAt(body, "channel_id")

/** Sends an event of a message, unless only the user sees it. */
const publish = (context: Api.Context, t: "MESSAGE_CREATE" | "MESSAGE_UPDATE", message: Body) => {
  if (!isEphemeral(message)) {
    Messages.dispatchMessage(context, t, message)
  }
}

const notFound = () => Api.unknown(10015, "Webhook")

export interface Answers {
  readonly routes: ReadonlyArray<Api.Route>
  /** The routes of a webhook's token, if it is that of an interaction. */
  readonly followUp: (interaction: Interactions.Interaction, call: Api.Call) => Effect.Effect<Body, Api.ApiError>
  readonly get: (interaction: Interactions.Interaction, messageId: string) => Effect.Effect<Body, Api.ApiError>
  readonly edit: (
    interaction: Interactions.Interaction,
    messageId: string,
    call: Api.Call
  ) => Effect.Effect<Body, Api.ApiError>
  readonly remove: (interaction: Interactions.Interaction, messageId: string) => Effect.Effect<void, Api.ApiError>
}

export const make = (context: Api.Context): Answers => {
  const { interactions } = context

  /** The effect of a callback; returns the message that it makes or changes. */
  const respond = (
    interaction: Interactions.Interaction,
    type: number,
    call: Pick<Api.Call, "body" | "files" | "json">
  ): Effect.Effect<Body | undefined, Api.ApiError> =>
    Effect.gen(function*() {
      const attached = interaction.body["message"]
      switch (type) {
        case 4: {
          const message = yield* Messages.makeMessage(
            context,
            getChannelId(interaction),
            call,
            answerFields(interaction)
          )
          publish(context, "MESSAGE_CREATE", message)
          return message
        }
        case 5: {
          const flags = (Number(call.body["flags"] ?? 0) & MessageForm.ephemeral) | MessageForm.loading
          const body = { flags }
          const fields = answerFields(interaction)
          const message = yield* Messages.makeMessage(context, getChannelId(interaction), {
            body,
            json: body,
            files: []
          }, {
            ...fields
          })
          publish(context, "MESSAGE_CREATE", message)
          return message
        }
        case 7: {
          const edited = yield* Messages.editMessage(context, Object(attached), call)
          publish(context, "MESSAGE_UPDATE", edited)
          return edited
        }
        case 8:
          return yield* Effect.as(Api.check(choices, call.json), undefined)
        case 9:
          return yield* Effect.as(Api.check(MessageForm.modal, call.json), undefined)
        default:
          return type === 6 ? Object(attached) : undefined
      }
    })

  const callback = (call: Api.Call) =>
    Effect.gen(function*() {
      const { id = "", token = "" } = call.params
      const interaction = interactions.byId(id)
      if (interaction === undefined || interaction.token !== token) {
        return yield* Api.unknown(10062, "interaction")
      }
      const after = context.now() - interaction.createdAt
      if (interaction.response !== undefined) {
        return yield* Api.fail(400, 40060, "Interaction has already been acknowledged.")
      }
      if (after >= Interactions.answerWithin) {
        return yield* Api.unknown(10062, "interaction")
      }
      const kind = Number(interaction.body["type"])
      const hasMessage = interaction.body["message"] !== undefined
      const allowed = (callbackTypes[kind] ?? []).filter((type) => (type !== 6 && type !== 7) || hasMessage)
      yield* Api.check(Form.object({ type: Form.need(Form.choice(...allowed)) }), call.json)
      const type = Number(call.body["type"])
      const data = call.body["data"] ?? {}
      const answer = { body: Object(data), json: data, files: call.files }
      // Errors of the message are in the tree below `data`.
      const message = yield* respond(interaction, type, answer).pipe(
        Effect.mapError((error) =>
          error.errors === undefined ? error : new Api.ApiError({ ...error, errors: { data: error.errors } })
        )
      )
      interaction.response = { type, after, data: answer.body }
      interaction.original = message
      interaction.isLoading = type === 5
      interactions.change(interaction)
      if (call.query.get("with_response") !== "true") {
        return undefined
      }
      const hasResource = type === 4 || type === 7
      return {
        interaction: {
          id,
          type: kind,
          ...(message !== undefined && {
            response_message_id: message["id"],
            response_message_loading: type === 5,
            response_message_ephemeral: isEphemeral(message)
          })
        },
        resource: { type, ...(hasResource && { message }) }
      }
    })

  const find = (interaction: Interactions.Interaction, messageId: string) => {
    const { followUps, original } = interaction
    const found = messageId === "@original" || messageId === original?.["id"] ? original : followUps.get(messageId)
    return found ?? (messageId === "@original" ? undefined : findStored(interaction, messageId))
  }

  /** The message of a component can be changed by its id, too. */
  const findStored = ({ body }: Interactions.Interaction, messageId: string): Body | undefined => {
    const attached = objectAt(body, "message")
    return attached["id"] === messageId ? attached : undefined
  }

  const get = (interaction: Interactions.Interaction, messageId: string) =>
    interaction.response === undefined
      ? notFound()
      : Api.orUnknown(find(interaction, messageId), 10008, "Message")

  const keep = (interaction: Interactions.Interaction, message: Body) => {
    if (message["id"] === interaction.original?.["id"]) {
      interaction.original = message
      interaction.isLoading = false
    } else {
      interaction.followUps.set(Form.textAt(message, "id"), message)
    }
    interactions.change(interaction)
  }

  const edit: Answers["edit"] = (interaction, messageId, call) =>
    Effect.gen(function*() {
      const message = yield* get(interaction, messageId)
      const edited = yield* Messages.editMessage(context, message, call)
      const settled = { ...edited, flags: Number(edited["flags"]) & ~MessageForm.loading }
      publish(context, "MESSAGE_UPDATE", settled)
      keep(interaction, settled)
      return settled
    })

  return {
    routes: [{
      method: "POST",
      path: "/interactions/:id/:token/callback",
      handle: callback,
      isOpen: true,
      limit: { count: 5, window: 5_000 }
    }],
    get,
    edit,
    followUp: (interaction, call) =>
      Effect.gen(function*() {
        if (interaction.response === undefined) {
          return yield* notFound()
        }
        if (interaction.isLoading) {
          return yield* edit(interaction, "@original", call)
        }
        const owners = Object.keys(objectAt(interaction.body, "authorizing_integration_owners"))
        if (owners.length > 0 && !owners.includes(guildInstall) && ++interaction.followUpCount > maxUserFollowUps) {
          return yield* Api.fail(400, 40094, "This interaction has hit the maximum number of follow up messages")
        }
        const message = yield* Messages.makeMessage(context, getChannelId(interaction), call, {
          ...answerFields(interaction),
          type: 0
        })
        publish(context, "MESSAGE_CREATE", message)
        keep(interaction, message)
        return message
      }),
    remove: (interaction, messageId) =>
      Effect.map(get(interaction, messageId), (message) => {
        if (!isEphemeral(message)) {
          Messages.dispatchDelete(context, message)
        }
        if (message["id"] === interaction.original?.["id"]) {
          interaction.original = undefined
          interaction.isLoading = false
        }
        interaction.followUps.delete(Form.textAt(message, "id"))
        interactions.change(interaction)
      })
  }
}
