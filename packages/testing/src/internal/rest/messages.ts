/**
 * Messages and reactions.
 *
 * @see https://docs.discord.com/developers/resources/message
 */
import * as Snowflake from "@vesper/model/Snowflake"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { Form, MessageForm } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Visibility } from "../protocol/index.js"
import { Bot, plainMessage, State } from "../world/index.js"
import * as Api from "./api.js"

const fileLimit = 10 * 1024 * 1024
const maxReactions = 20
const maxNonces = 100
const bulkDeleteAge = 14 * 86_400_000

const readFlags = (value: unknown): number => typeof value === "number" ? value : 0

/** A channel that exists. */
export const findChannel = (context: Api.Context, id = "") => Api.orUnknown(context.world.channel(id), 10003, "Channel")

export const getGuildId = (channel: Body): string | undefined => Form.textAt(channel, "guild_id") || undefined

const checkFiles = (files: ReadonlyArray<Api.File>) =>
  files.some(({ size }) => size > fileLimit)
    ? Api.fail(413, 40005, "Request entity too large")
    : files.length > 10
    ? Api.fail(400, 50035, "Invalid Form Body", Form.problem("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."))
    : Effect.void

const makeAttachments = (context: Api.Context, channelId: string, body: Body, files: ReadonlyArray<Api.File>) =>
  files.map((file, index) => {
    const number = /\d+/.exec(file.field)?.[0] ?? String(index)
    const described = Form.listAt(body, "attachments").find((entry) => String(entry["id"]) === number)
    const id = context.nextId()
    const url = `https://cdn.simulator.test/attachments/${channelId}/${id}/${encodeURIComponent(file.name)}`
    return {
      id,
      filename: Form.textAt(described, "filename") || file.name,
      size: file.size,
      url,
      proxy_url: url,
      content_type: file.type,
      ...(described !== undefined && Api.pick(described, ["description", "title"]))
    }
  })

/** Numbers components without an id, as Discord does. */
const withIds = (components: unknown): unknown => {
  let next = 0
  const number = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      return value.map(number)
    }
    if (typeof value !== "object" || value === null || !("type" in value)) {
      return value
    }
    const id = ++next
    return Object.fromEntries(
      Object.entries({ id, ...value }).map(([key, inner]) =>
        key === "components" || key === "accessory" || key === "component" ? [key, number(inner)] : [key, inner]
      )
    )
  }
  return number(components ?? [])
}

const isEmpty = (message: Body): boolean =>
  Form.textAt(message, "content") === "" && message["poll"] === undefined &&
  message["message_snapshots"] === undefined &&
  ["embeds", "attachments", "components", "sticker_items"].every((key) => Form.listAt(message, key).length === 0)

/** The users with these ids that exist. */
const findUsers = (context: Api.Context, ids: Iterable<string>): ReadonlyArray<Body> =>
  Array.from(ids, context.world.user).filter(Predicate.isNotUndefined)

const mentionsIn = (context: Api.Context, content: string): ReadonlyArray<Body> =>
  findUsers(context, new Set(Array.from(content.matchAll(/<@!?(\d+)>/g), ([, id = ""]) => id)))

const rich = (embeds: unknown): unknown =>
  Array.isArray(embeds) ? embeds.map((embed: object) => ({ type: "rich", ...embed })) : []

/** The fields that a request sets on a new or an edited message. */
const contentFields = (context: Api.Context, channelId: string, body: Body, files: ReadonlyArray<Api.File>): Body => ({
  ...("content" in body && {
    content: String(body["content"] ?? ""),
    mentions: mentionsIn(context, String(body["content"] ?? ""))
  }),
  ...("embeds" in body && { embeds: rich(body["embeds"]) }),
  ...("components" in body && { components: withIds(body["components"]) }),
  ...(files.length > 0 && { attachments: makeAttachments(context, channelId, body, files) })
})

const checkMessage = (call: Pick<Api.Call, "files" | "json">, flags: number) =>
  Effect.zipRight(checkFiles(call.files), Api.check(MessageForm.message(flags), call.json))

const referenced = (context: Api.Context, channelId: string, body: Body) =>
  Effect.gen(function*() {
    const reference = body["message_reference"]
    const id = Form.textAt(reference, "message_id")
    if (id === "") {
      return {}
    }
    const from = Form.textAt(reference, "channel_id") || channelId
    const found = context.world.message(from, id)
    const place = { message_id: id, channel_id: from, ...Api.pick(Object(reference), ["guild_id", "type"]) }
    if (Object(reference)["type"] === 1) {
      const message = yield* Api.orUnknown(found, 10008, "Message")
      const snapshot = Api.pick(message, ["type", "content", "embeds", "attachments", "timestamp", "flags", "mentions"])
      return { message_reference: place, message_snapshots: [{ message: snapshot }] }
    }
    if (found === undefined && !context.world.isOpen && Object(reference)["fail_if_not_exists"] !== false) {
      return yield* Api.fail(400, 50035, "Invalid Form Body", {
        message_reference: Form.problem("REPLIES_UNKNOWN_MESSAGE", "Unknown message")
      })
    }
    return { type: 19, message_reference: place, referenced_message: found ?? null }
  })

/** Makes a message of a request. `over` has the fields of webhooks and interactions. */
export const makeMessage = (
  context: Api.Context,
  channelId: string,
  call: Pick<Api.Call, "body" | "files" | "json">,
  over: Body = {}
): Effect.Effect<Body, Api.ApiError> =>
  Effect.gen(function*() {
    const { body, files } = call
    const flags = readFlags(body["flags"])
    yield* checkMessage(call, flags)
    const message: Body = {
      id: context.nextId(),
      type: 0,
      channel_id: channelId,
      author: Bot.user,
      content: "",
      timestamp: new Date(context.date()).toISOString(),
      ...plainMessage,
      tts: body["tts"] === true,
      flags,
      ...Api.pick(body, ["nonce", "poll"]),
      ...(Array.isArray(body["sticker_ids"]) &&
        { sticker_items: body["sticker_ids"].map((id) => ({ id, name: `sticker ${id}`, format_type: 1 })) }),
      ...contentFields(context, channelId, body, files),
      ...(yield* referenced(context, channelId, body)),
      ...over
    }
    return isEmpty(message) && (flags & MessageForm.loading) === 0
      ? yield* Api.fail(400, 50006, "Cannot send an empty message")
      : message
  })

/** Applies an edit to a message. */
export const editMessage = (
  context: Api.Context,
  message: Body,
  call: Pick<Api.Call, "body" | "files" | "json">
): Effect.Effect<Body, Api.ApiError> =>
  Effect.gen(function*() {
    const before = readFlags(message["flags"])
    const flags = readFlags(call.body["flags"] ?? before)
    yield* checkMessage(call, flags | (before & MessageForm.componentsV2))
    const kept = Form.listAt(call.body, "attachments").map((entry) => String(entry["id"]))
    const fields = contentFields(context, Form.textAt(message, "channel_id"), call.body, call.files)
    const attachments = [
      ...Form.listAt(message, "attachments").filter((entry) =>
        !("attachments" in call.body) || kept.includes(String(entry["id"]))
      ),
      ...Form.listAt(fields, "attachments")
    ]
    const edited = {
      ...message,
      ...fields,
      attachments,
      // An edit changes the suppression of embeds and the kind of components only.
      flags: (before & ~4) | (flags & (4 | MessageForm.componentsV2)),
      edited_timestamp: new Date(context.date()).toISOString()
    }
    return isEmpty(edited) ? yield* Api.fail(400, 50006, "Cannot send an empty message") : edited
  })

/** Dispatches a message of the bot or of a webhook to the guild of its channel. */
export const dispatchMessage = (
  context: Api.Context,
  t: "MESSAGE_CREATE" | "MESSAGE_UPDATE",
  message: Body
): void => {
  const channel = context.world.channel(Form.textAt(message, "channel_id")) ?? {}
  const guildId = getGuildId(channel)
  const guild = guildId === undefined ? undefined : context.world.guild(guildId)
  const author = Form.textAt(message["author"], "id")
  const { user: _, ...member } = (guild && context.world.member(guild, author)) ?? {}
  const isWebhook = message["webhook_id"] !== undefined && message["application_id"] === undefined
  context.dispatch({
    t,
    guildId,
    d: {
      ...message,
      channel_type: channel["type"],
      ...(guildId !== undefined && { guild_id: guildId, ...(!isWebhook && { member }) })
    }
  })
}

/** Dispatches the deletion of a message. */
export const dispatchDelete = (context: Api.Context, message: Body): void => {
  const channelId = Form.textAt(message, "channel_id")
  const guildId = getGuildId(context.world.channel(channelId) ?? {})
  const place = { channel_id: channelId, ...(guildId !== undefined && { guild_id: guildId }) }
  context.dispatch({ t: "MESSAGE_DELETE", guildId, d: { id: message["id"], ...place } })
}

/** Returns a message as a response has it: without content that the intents of the application withhold. */
const toVisible = (context: Api.Context, message: Body): Body => {
  const channel = context.world.channel(Form.textAt(message, "channel_id")) ?? {}
  return Visibility.messageOverHttp(context.settings.allowedIntents, message, getGuildId(channel) === undefined)
}

/** A message that a request names. */
const findMessage = (context: Api.Context, { params: { channel = "", message = "" } }: Api.Call) =>
  Effect.zipRight(
    findChannel(context, channel),
    Api.orUnknown(
      context.world.message(channel, message) ??
        (context.world.isOpen ? { id: message, channel_id: channel, author: {} } : undefined),
      10008,
      "Message"
    )
  )

const isOwn = (message: Body): boolean => Form.textAt(message["author"], "id") === Bot.id

const parseEmoji = (text: string): Body => {
  const [, name = text, id = null] = /^(?:a:)?(\w+):(\d+)$/.exec(text) ?? []
  return { id, name }
}

/** Dispatches an event of a message's reactions. */
const react = (context: Api.Context, t: string, message: Body, fields: Body) => {
  const channelId = Form.textAt(message, "channel_id")
  const guildId = getGuildId(context.world.channel(channelId) ?? {})
  const guild = guildId === undefined ? undefined : context.world.guild(guildId)
  context.dispatch({
    t,
    guildId,
    d: {
      message_id: message["id"],
      channel_id: channelId,
      ...(guildId !== undefined && { guild_id: guildId }),
      ...(t === "MESSAGE_REACTION_ADD" && {
        message_author_id: Form.textAt(message["author"], "id"),
        ...(guild !== undefined && { member: context.world.member(guild, Bot.id) })
      }),
      ...fields
    }
  })
}

const single = { burst: false, type: 0 }

export const routes = (context: Api.Context): ReadonlyArray<Api.Route> => {
  /** Messages by their nonce, for `enforce_nonce`. */
  const nonces = new Map<string, Body>()
  const root = "/channels/:channel/messages"
  const emojiPath = `${root}/:message/reactions/:emoji`

  const create = (call: Api.Call) =>
    Effect.gen(function*() {
      const channel = yield* findChannel(context, call.params["channel"])
      const id = Form.textAt(channel, "id")
      if (channel["type"] === 4 || channel["type"] === 15 || channel["type"] === 16) {
        return yield* Api.fail(400, 50008, "Cannot send messages in a non-text channel")
      }
      const nonce = call.body["enforce_nonce"] === true ? `${id} ${String(call.body["nonce"])}` : undefined
      const sent = nonce === undefined ? undefined : nonces.get(nonce)
      if (sent !== undefined) {
        return sent
      }
      const message = yield* makeMessage(context, id, call)
      dispatchMessage(context, "MESSAGE_CREATE", message)
      if (nonce !== undefined) {
        nonces.set(nonce, message)
        Array.from(nonces.keys()).slice(0, -maxNonces).forEach((key) => nonces.delete(key))
      }
      return message
    })

  const edit = (call: Api.Call) =>
    Effect.gen(function*() {
      const message = yield* findMessage(context, call)
      // A bot with the permission to manage messages changes the flags of other users' messages, and nothing else.
      const isFlagsOnly = Object.keys(call.body).every((key) => key === "flags")
      if (!isOwn(message) && !context.world.isOpen && !isFlagsOnly) {
        return yield* Api.fail(403, 50005, "Cannot edit a message authored by another user")
      }
      const edited = yield* editMessage(context, message, call)
      dispatchMessage(context, "MESSAGE_UPDATE", edited)
      return edited
    })

  const list = ({ params, query }: Api.Call) =>
    Effect.map(findChannel(context, params["channel"]), (channel) => {
      const all = context.world.messages(Form.textAt(channel, "id"))
      const bound = (name: string) => BigInt(query.get(name) ?? "0")
      const found = all.filter((message) => {
        const id = BigInt(Form.textAt(message, "id"))
        return (!query.has("before") || id < bound("before")) && (!query.has("after") || id > bound("after"))
      })
      const limit = Api.readLimit(query, 50, 100)
      const around = found.findIndex((message) => message["id"] === query.get("around"))
      if (around >= 0) {
        return found.slice(Math.max(0, around - Math.floor(limit / 2))).slice(0, limit)
      }
      return query.has("after") ? found.slice(-limit) : found.slice(0, limit)
    })

  const bulkDelete = ({ body, json, params }: Api.Call) =>
    Effect.gen(function*() {
      const channel = yield* findChannel(context, params["channel"])
      yield* Api.check(Form.object({ messages: Form.need(Form.list(Form.snowflake)) }), json)
      const ids = Array.isArray(body["messages"]) ? body["messages"].map(String) : []
      if (ids.length < 2 || ids.length > 100) {
        return yield* Api.fail(400, 50016, "Provided too few or too many messages to delete.")
      }
      const oldest = BigInt(Math.max(0, context.date() - bulkDeleteAge - Snowflake.epoch)) << 22n
      if (ids.some((id) => BigInt(id) < oldest)) {
        return yield* Api.fail(400, 50034, "You can only bulk delete messages that are under 14 days old.")
      }
      const guildId = getGuildId(channel)
      const place = { channel_id: channel["id"], ...(guildId !== undefined && { guild_id: guildId }) }
      context.dispatch({ t: "MESSAGE_DELETE_BULK", guildId, d: { ids, ...place } })
    })

  const addReaction = (call: Api.Call) =>
    Effect.gen(function*() {
      const message = yield* findMessage(context, call)
      const emoji = parseEmoji(call.params["emoji"] ?? "")
      if (/^[\w:]*$/.test(String(emoji["name"])) && emoji["id"] === null) {
        return yield* Api.fail(400, 10014, "Unknown Emoji")
      }
      const key = State.emojiKey(emoji)
      const others = Form.listAt(message, "reactions").filter((reaction) => State.emojiKey(reaction["emoji"]) !== key)
      if (others.length >= maxReactions) {
        return yield* Api.fail(400, 30010, `Maximum number of reactions reached (${maxReactions})`)
      }
      if (!context.world.reactedBy(Form.textAt(message, "id"), key).includes(Bot.id)) {
        react(context, "MESSAGE_REACTION_ADD", message, { user_id: Bot.id, emoji, ...single, burst_colors: [] })
      }
    })

  const removeReaction = (call: Api.Call) =>
    Effect.map(findMessage(context, call), (message) => {
      const user = call.params["user"] ?? Bot.id
      react(context, "MESSAGE_REACTION_REMOVE", message, {
        user_id: user === "@me" ? Bot.id : user,
        emoji: parseEmoji(call.params["emoji"] ?? ""),
        ...single
      })
    })

  const remove = (call: Api.Call) =>
    Effect.map(findMessage(context, call), (message) => dispatchDelete(context, message))

  const pin = (isPinned: boolean) => (call: Api.Call) =>
    Effect.map(findMessage(context, call), (message) => {
      const guildId = getGuildId(context.world.channel(Form.textAt(message, "channel_id")) ?? {})
      dispatchMessage(context, "MESSAGE_UPDATE", { ...message, pinned: isPinned })
      context.dispatch({
        t: "CHANNEL_PINS_UPDATE",
        guildId,
        d: {
          channel_id: message["channel_id"],
          ...(guildId !== undefined && { guild_id: guildId }),
          last_pin_timestamp: isPinned ? new Date(context.date()).toISOString() : null
        }
      })
    })

  const pinned = ({ params: { channel = "" } }: Api.Call) =>
    context.world.messages(channel)
      .filter((message) => message["pinned"] === true)
      .map((message) => toVisible(context, message))

  const visible = (message: Body) => toVisible(context, message)
  const get = (call: Api.Call) => Effect.map(findMessage(context, call), visible)

  const write: Api.Limit = { count: 5, window: 5_000 }
  const reaction: Api.Limit = { count: 1, window: 250 }
  return [
    { method: "GET", path: root, handle: (call) => Effect.map(list(call), (messages) => messages.map(visible)) },
    { method: "POST", path: root, handle: (call) => Effect.map(create(call), visible), limit: write },
    { method: "POST", path: `${root}/bulk-delete`, handle: bulkDelete, limit: { count: 1, window: 3_000 } },
    {
      method: "GET",
      path: `${root}/pins`,
      handle: (call) =>
        Effect.succeed({
          items: pinned(call).map((message) => ({ pinned_at: message["timestamp"], message })),
          has_more: false
        })
    },
    { method: "PUT", path: `${root}/pins/:message`, handle: pin(true) },
    { method: "DELETE", path: `${root}/pins/:message`, handle: pin(false) },
    { method: "GET", path: "/channels/:channel/pins", handle: (call) => Effect.succeed(pinned(call)) },
    { method: "PUT", path: "/channels/:channel/pins/:message", handle: pin(true) },
    { method: "DELETE", path: "/channels/:channel/pins/:message", handle: pin(false) },
    { method: "GET", path: `${root}/:message`, handle: get },
    {
      method: "PATCH",
      path: `${root}/:message`,
      handle: (call) => Effect.map(edit(call), visible),
      limit: write
    },
    { method: "DELETE", path: `${root}/:message`, handle: remove, limit: { count: 5, window: 1_000 } },
    { method: "POST", path: `${root}/:message/crosspost`, handle: get },
    { method: "PUT", path: `${emojiPath}/@me`, handle: addReaction, limit: reaction },
    { method: "DELETE", path: `${emojiPath}/:user`, handle: removeReaction, limit: reaction },
    {
      method: "GET",
      path: emojiPath,
      handle: (call) =>
        Effect.map(findMessage(context, call), (message) =>
          findUsers(
            context,
            context.world.reactedBy(
              Form.textAt(message, "id"),
              State.emojiKey(parseEmoji(call.params["emoji"] ?? ""))
            )
          ).slice(0, Api.readLimit(call.query, 25, 100)))
    },
    {
      method: "DELETE",
      path: `${root}/:message/reactions`,
      handle: (call) =>
        Effect.map(findMessage(context, call), (message) => react(context, "MESSAGE_REACTION_REMOVE_ALL", message, {}))
    },
    {
      method: "DELETE",
      path: emojiPath,
      handle: (call) =>
        Effect.map(findMessage(context, call), (message) =>
          react(context, "MESSAGE_REACTION_REMOVE_EMOJI", message, {
            emoji: parseEmoji(call.params["emoji"] ?? "")
          }))
    }
  ]
}
