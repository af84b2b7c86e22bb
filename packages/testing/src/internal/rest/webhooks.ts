/**
 * Webhooks, and the follow-ups of interactions, which are sent to the webhook of the application.
 *
 * @see https://docs.discord.com/developers/resources/webhook
 */
import * as Effect from "effect/Effect"
import { Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Bot } from "../world/index.js"
import * as Api from "./api.js"
import type * as Interactions from "./interactions.js"
import * as Messages from "./messages.js"

const maxPerChannel = 15
const form = Form.object({ name: Form.need(Form.string({ min: 1, max: 80 })), avatar: Form.string() })
const limit: Api.Limit = { count: 5, window: 2_000 }

export const routes = (context: Api.Context, answers: Interactions.Answers): ReadonlyArray<Api.Route> => {
  const webhooks = new Map<string, Body>()
  const { interactions, world } = context

  const find = ({ params: { id = "", token } }: Api.Call) =>
    Effect.gen(function*() {
      const webhook = yield* Api.orUnknown(webhooks.get(id), 10015, "Webhook")
      return token === undefined || token === webhook["token"]
        ? webhook
        : yield* Api.fail(401, 50027, "Invalid Webhook Token")
    })

  /** Finds the interaction of a token; undefined for the token of a webhook. */
  const findInteraction = ({ params: { id = "", token = "" } }: Api.Call) => {
    const found = interactions.byToken(token)
    return id !== Bot.id || found !== undefined
      ? Effect.succeed(found)
      : interactions.isExpired(token)
      ? Api.fail(401, 50027, "Invalid Webhook Token")
      : Api.unknown(10015, "Webhook")
  }

  const announce = (webhook: Body) => {
    const guildId = Messages.getGuildId(webhook)
    context.dispatch({
      t: "WEBHOOKS_UPDATE",
      guildId,
      d: { guild_id: guildId, channel_id: webhook["channel_id"] }
    })
  }

  const inChannel = (channelId: unknown) =>
    Array.from(webhooks.values()).filter((webhook) => webhook["channel_id"] === channelId)

  const create = (call: Api.Call) =>
    Effect.gen(function*() {
      const channel = yield* Messages.findChannel(context, call.params["channel"])
      yield* Api.check(form, call.json)
      if (inChannel(channel["id"]).length >= maxPerChannel) {
        return yield* Api.fail(400, 30007, `Maximum number of webhooks reached (${maxPerChannel})`)
      }
      const id = context.nextId()
      const webhook: Body = {
        id,
        type: 1,
        guild_id: channel["guild_id"] ?? null,
        channel_id: channel["id"],
        user: Bot.user,
        name: call.body["name"],
        avatar: null,
        token: `webhook-token-${id}`,
        application_id: Bot.id
      }
      webhooks.set(id, webhook)
      announce(webhook)
      return webhook
    })

  const update = (call: Api.Call) =>
    Effect.gen(function*() {
      const webhook = yield* find(call)
      yield* Api.check(Form.object({ name: Form.string({ min: 1, max: 80 }), channel_id: Form.snowflake }), call.json)
      const changed = { ...webhook, ...Api.pick(call.body, ["name", "avatar", "channel_id"]) }
      webhooks.set(Form.textAt(webhook, "id"), changed)
      announce(changed)
      return changed
    })

  const remove = (call: Api.Call) =>
    Effect.map(find(call), (webhook) => {
      webhooks.delete(Form.textAt(webhook, "id"))
      announce(webhook)
    })

  const execute = (call: Api.Call) =>
    Effect.gen(function*() {
      const interaction = yield* findInteraction(call)
      if (interaction !== undefined) {
        return yield* answers.followUp(interaction, call)
      }
      const webhook = yield* find(call)
      const channel = yield* Messages.findChannel(
        context,
        call.query.get("thread_id") ?? Form.textAt(webhook, "channel_id")
      )
      yield* Api.check(Form.object({ username: Form.string({ min: 1, max: 80 }), avatar_url: Form.url }), call.json)
      const message = yield* Messages.makeMessage(context, Form.textAt(channel, "id"), call, {
        webhook_id: webhook["id"],
        author: {
          id: webhook["id"],
          username: call.body["username"] ?? webhook["name"],
          discriminator: "0000",
          global_name: null,
          avatar: null,
          bot: true,
          public_flags: 0
        }
      })
      Messages.dispatchMessage(context, "MESSAGE_CREATE", message)
      return call.query.get("wait") === "true" ? message : undefined
    })

  /** A message that this webhook sent. */
  const findMessage = (call: Api.Call) =>
    Effect.gen(function*() {
      const webhook = yield* find(call)
      const channelId = call.query.get("thread_id") ?? Form.textAt(webhook, "channel_id")
      const message = world.message(channelId, call.params["message"] ?? "")
      return yield* Api.orUnknown(message?.["webhook_id"] === webhook["id"] ? message : undefined, 10008, "Message")
    })

  const getMessage = (call: Api.Call) =>
    Effect.flatMap(
      findInteraction(call),
      (interaction) =>
        interaction === undefined ? findMessage(call) : answers.get(interaction, call.params["message"] ?? "")
    )

  const editMessage = (call: Api.Call) =>
    Effect.gen(function*() {
      const interaction = yield* findInteraction(call)
      if (interaction !== undefined) {
        return yield* answers.edit(interaction, call.params["message"] ?? "", call)
      }
      const edited = yield* Messages.editMessage(context, yield* findMessage(call), call)
      Messages.dispatchMessage(context, "MESSAGE_UPDATE", edited)
      return edited
    })

  const removeMessage = (call: Api.Call) =>
    Effect.gen(function*() {
      const interaction = yield* findInteraction(call)
      if (interaction !== undefined) {
        return yield* answers.remove(interaction, call.params["message"] ?? "")
      }
      Messages.dispatchDelete(context, yield* findMessage(call))
    })

  const withToken = "/webhooks/:id/:token"
  const message = `${withToken}/messages/:message`
  return [
    { method: "POST", path: "/channels/:channel/webhooks", handle: create },
    {
      method: "GET",
      path: "/channels/:channel/webhooks",
      handle: ({ params }) => Effect.succeed(inChannel(params["channel"]))
    },
    {
      method: "GET",
      path: "/guilds/:guild/webhooks",
      handle: ({ params }) =>
        Effect.succeed(Array.from(webhooks.values()).filter((webhook) => webhook["guild_id"] === params["guild"]))
    },
    { method: "GET", path: "/webhooks/:id", handle: find },
    { method: "PATCH", path: "/webhooks/:id", handle: update },
    { method: "DELETE", path: "/webhooks/:id", handle: remove },
    { method: "GET", path: withToken, handle: find, isOpen: true },
    { method: "PATCH", path: withToken, handle: update, isOpen: true },
    { method: "DELETE", path: withToken, handle: remove, isOpen: true },
    { method: "POST", path: withToken, handle: execute, isOpen: true, limit },
    { method: "GET", path: message, handle: getMessage, isOpen: true, limit },
    { method: "PATCH", path: message, handle: editMessage, isOpen: true, limit },
    { method: "DELETE", path: message, handle: removeMessage, isOpen: true, limit }
  ]
}
