/**
 * Channels and threads.
 *
 * @see https://docs.discord.com/developers/resources/channel
 * @see https://docs.discord.com/developers/topics/threads
 */
import * as Effect from "effect/Effect"
import { Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Bot } from "../world/index.js"
import * as Api from "./api.js"
import * as Messages from "./messages.js"

const maxChannels = 500
const threadTypes: ReadonlyArray<unknown> = [10, 11, 12]
const forumTypes: ReadonlyArray<unknown> = [15, 16]

const channelFields: Readonly<Record<string, Form.Check>> = {
  type: Form.integer({ min: 0, max: 16 }),
  topic: Form.string({ max: 4_096 }),
  rate_limit_per_user: Form.integer({ min: 0, max: 21_600 }),
  position: Form.integer(),
  parent_id: Form.snowflake,
  nsfw: Form.boolean,
  permission_overwrites: Form.list(Form.object({ id: Form.need(Form.snowflake) })),
  archived: Form.boolean,
  locked: Form.boolean,
  auto_archive_duration: Form.choice(60, 1_440, 4_320, 10_080)
}
const name = Form.string({ min: 1, max: 100 })
const newChannel = Form.object({ ...channelFields, name: Form.need(name) })
const changedChannel = Form.object({ ...channelFields, name })

const kept = Object.keys(channelFields).concat(
  "name",
  "bitrate",
  "user_limit",
  "flags",
  "available_tags",
  "applied_tags"
)
const metadata = ["archived", "locked", "auto_archive_duration", "invitable"]

const isThread = (channel: Body): boolean => threadTypes.includes(channel["type"])

export const routes = (context: Api.Context): ReadonlyArray<Api.Route> => {
  const find = ({ params }: Api.Call) => Messages.findChannel(context, params["channel"])
  const findGuild = (id = "") => Api.orUnknown(context.world.guild(id), 10004, "Guild")

  const dispatch = (t: string, channel: Body, d: Body = channel) =>
    context.dispatch({ t, guildId: Messages.getGuildId(channel), d })

  const create = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call.params["guild"])
      yield* Api.check(newChannel, call.json)
      if (guild.channels.length >= maxChannels) {
        return yield* Api.fail(400, 30013, `Maximum number of guild channels reached (${maxChannels})`)
      }
      const channel = {
        id: context.nextId(),
        type: 0,
        guild_id: guild.id,
        position: guild.channels.length,
        flags: 0,
        parent_id: null,
        topic: null,
        nsfw: false,
        rate_limit_per_user: 0,
        permission_overwrites: [],
        last_message_id: null,
        ...Api.pick(call.body, kept)
      }
      dispatch("CHANNEL_CREATE", channel)
      return channel
    })

  const update = (call: Api.Call) =>
    Effect.gen(function*() {
      const channel = yield* find(call)
      yield* Api.check(changedChannel, call.json)
      const state = isThread(channel) ? Object(channel["thread_metadata"]) : undefined
      // An archived thread can be unarchived, and nothing else.
      if (state?.["archived"] === true && call.body["archived"] !== false) {
        return yield* Api.fail(400, 50083, "Thread is archived")
      }
      const changed: Body = {
        ...channel,
        ...Api.pick(call.body, kept.filter((field) => !metadata.includes(field))),
        ...(state !== undefined && {
          thread_metadata: {
            ...state,
            ...Api.pick(call.body, metadata),
            archive_timestamp: new Date(context.date()).toISOString()
          }
        })
      }
      dispatch(isThread(channel) ? "THREAD_UPDATE" : "CHANNEL_UPDATE", changed)
      return changed
    })

  const remove = (call: Api.Call) =>
    Effect.map(find(call), (channel) => {
      if (channel["type"] !== 1) {
        dispatch(
          isThread(channel) ? "THREAD_DELETE" : "CHANNEL_DELETE",
          channel,
          isThread(channel) ? Api.pick(channel, ["id", "guild_id", "parent_id", "type"]) : channel
        )
      }
      return channel
    })

  const overwrites = (channel: Body, id: string) =>
    Form.listAt(channel, "permission_overwrites").filter((overwrite) => overwrite["id"] !== id)

  const setOverwrite = (isKept: boolean) => (call: Api.Call) =>
    Effect.gen(function*() {
      const channel = yield* find(call)
      const { overwrite: id = "" } = call.params
      const added = { allow: "0", deny: "0", ...Api.pick(call.body, ["type", "allow", "deny"]), id }
      const permission_overwrites = [...overwrites(channel, id), ...(isKept ? [added] : [])]
      dispatch("CHANNEL_UPDATE", { ...channel, permission_overwrites })
    })

  const threadMember = (thread: Body, userId: string): Body => ({
    id: thread["id"],
    user_id: userId,
    join_timestamp: new Date(context.date()).toISOString(),
    flags: 0
  })

  /** Creates a thread in a channel, with the id of its message if it has one. */
  const startThread = (call: Api.Call, id: string, type: number, over: Body = {}) =>
    Effect.gen(function*() {
      const parent = yield* find(call)
      yield* Api.check(newChannel, call.json)
      if (isThread(parent) || parent["type"] === 1) {
        return yield* Api.fail(400, 50024, "Cannot execute action on this channel type")
      }
      if (context.world.channel(id)?.["thread_metadata"] !== undefined) {
        return yield* Api.fail(400, 160004, "A thread has already been created for this message")
      }
      const thread: Body = {
        id,
        type,
        guild_id: parent["guild_id"],
        parent_id: parent["id"],
        owner_id: Bot.id,
        name: call.body["name"],
        last_message_id: null,
        message_count: 0,
        member_count: 1,
        total_message_sent: 0,
        rate_limit_per_user: call.body["rate_limit_per_user"] ?? 0,
        flags: 0,
        thread_metadata: {
          archived: false,
          archive_timestamp: new Date(context.date()).toISOString(),
          auto_archive_duration: call.body["auto_archive_duration"] ?? 1_440,
          locked: false,
          create_timestamp: new Date(context.date()).toISOString()
        },
        ...Api.pick(call.body, ["applied_tags"]),
        ...over
      }
      dispatch("THREAD_CREATE", thread, { ...thread, newly_created: true, member: threadMember(thread, Bot.id) })
      return thread
    })

  const threadOfMessage = (call: Api.Call) =>
    Effect.gen(function*() {
      const { channel = "", message: id = "" } = call.params
      yield* find(call)
      const message = context.world.message(channel, id)
      if (message === undefined && !context.world.isOpen) {
        return yield* Api.unknown(10008, "Message")
      }
      const thread = yield* startThread(call, id, 11)
      if (message !== undefined) {
        Messages.dispatchMessage(context, "MESSAGE_UPDATE", {
          ...message,
          thread,
          flags: Number(message["flags"]) | 32
        })
      }
      return thread
    })

  const thread = (call: Api.Call) =>
    Effect.gen(function*() {
      const parent = yield* find(call)
      if (!forumTypes.includes(parent["type"])) {
        return yield* startThread(call, context.nextId(), Number(call.body["type"] ?? 12))
      }
      const id = context.nextId()
      const body = Object(call.body["message"])
      const message = yield* Messages.makeMessage(context, id, { body, json: body, files: call.files }, { id })
      const started = yield* startThread(call, id, 11)
      Messages.dispatchMessage(context, "MESSAGE_CREATE", message)
      return { ...started, message }
    })

  const changeMember = (isAdded: boolean) => (call: Api.Call) =>
    Effect.gen(function*() {
      const found = yield* find(call)
      const user = call.params["user"] === "@me" ? Bot.id : call.params["user"] ?? ""
      if (!isThread(found)) {
        return yield* Api.fail(400, 50024, "Cannot execute action on this channel type")
      }
      if (Object(found["thread_metadata"])["archived"] === true) {
        return yield* Api.fail(400, 50083, "Thread is archived")
      }
      dispatch("THREAD_MEMBERS_UPDATE", found, {
        id: found["id"],
        guild_id: found["guild_id"],
        member_count: Number(found["member_count"]) + (isAdded ? 1 : -1),
        ...(isAdded ? { added_members: [threadMember(found, user)] } : { removed_member_ids: [user] })
      })
    })

  const typing = (call: Api.Call) =>
    Effect.map(find(call), (channel) => {
      const guildId = Messages.getGuildId(channel)
      dispatch("TYPING_START", channel, {
        channel_id: channel["id"],
        user_id: Bot.id,
        timestamp: Math.floor(context.date() / 1_000),
        ...(guildId !== undefined && { guild_id: guildId })
      })
    })

  const listThreads = (threads: ReadonlyArray<Body>, isArchived: boolean) => ({
    threads: threads.filter((entry) => (Object(entry["thread_metadata"])["archived"] === true) === isArchived),
    members: [],
    ...(isArchived && { has_more: false })
  })

  const archived = (call: Api.Call) =>
    Effect.gen(function*() {
      const parent = yield* find(call)
      const guild = context.world.guild(Messages.getGuildId(parent) ?? "")
      const own = guild?.threads.filter((entry) => entry["parent_id"] === parent["id"]) ?? []
      return listThreads(own, true)
    })

  const one = "/channels/:channel"
  const member = `${one}/thread-members/:user`
  return [
    {
      method: "GET",
      path: "/guilds/:guild/channels",
      handle: ({ params }) => Effect.map(findGuild(params["guild"]), ({ channels }) => channels)
    },
    { method: "POST", path: "/guilds/:guild/channels", handle: create },
    {
      method: "GET",
      path: "/guilds/:guild/threads/active",
      handle: ({ params }) => Effect.map(findGuild(params["guild"]), ({ threads }) => listThreads(threads, false))
    },
    { method: "GET", path: one, handle: find },
    { method: "PATCH", path: one, handle: update, limit: { count: 5, window: 15_000 } },
    { method: "DELETE", path: one, handle: remove },
    { method: "PUT", path: `${one}/permissions/:overwrite`, handle: setOverwrite(true) },
    { method: "DELETE", path: `${one}/permissions/:overwrite`, handle: setOverwrite(false) },
    { method: "POST", path: `${one}/typing`, handle: typing },
    { method: "POST", path: `${one}/messages/:message/threads`, handle: threadOfMessage, status: 201 },
    { method: "POST", path: `${one}/threads`, handle: thread, status: 201 },
    { method: "GET", path: `${one}/threads/archived/public`, handle: archived },
    { method: "PUT", path: member, handle: changeMember(true) },
    { method: "DELETE", path: member, handle: changeMember(false) },
    {
      method: "POST",
      path: "/users/@me/channels",
      handle: ({ body, json }) =>
        Effect.zipRight(
          Api.check(Form.object({ recipient_id: Form.need(Form.snowflake) }), json),
          Effect.suspend(() => {
            const id = String(body["recipient_id"])
            return context.world.user(id) === undefined
              ? Api.unknown(10013, "User")
              : Effect.succeed(context.world.openDirect(id))
          })
        )
    }
  ]
}
