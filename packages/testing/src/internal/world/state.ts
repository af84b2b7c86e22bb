/**
 * The state of the simulated world: guilds with their channels, threads, roles, members, voice states and bans, and recent
 * messages. An event changes it when it is dispatched, whether a test, the HTTP API or a command of the bot causes it.
 */
import type * as Permissions from "@vesper/model/Permissions"
import * as Predicate from "effect/Predicate"
import type * as GatewaySimulator from "../../GatewaySimulator.js"
import type * as World from "../../World.js"
import type { Body } from "../payload/index.js"
import * as Bot from "./bot.js"

type ListName = "bans" | "channels" | "members" | "presences" | "roles" | "threads" | "voice_states"

/** A guild, with its lists apart. */
export interface GuildState extends Readonly<Record<ListName, ReadonlyArray<Body>>> {
  readonly id: string
  readonly body: Body
}

interface Reaction {
  readonly emoji: Body
  readonly users: ReadonlyArray<string>
}

interface StoredMessage {
  readonly body: Body
  readonly reactions: ReadonlyMap<string, Reaction>
}

export interface State {
  /** Without guilds of its own, a world has any channel, guild and member that a request names. */
  readonly isOpen: boolean
  /** Bodies of GUILD_CREATE. */
  readonly guilds: () => ReadonlyArray<World.Guild>
  readonly guild: (id: string) => GuildState | undefined
  /** Returns true for a guild of the world, or one that an event named. */
  readonly isNamed: (guildId: string) => boolean
  /** A channel of a guild, a thread or a direct channel. */
  readonly channel: (id: string) => Body | undefined
  readonly member: (guild: GuildState, userId: string) => Body | undefined
  readonly user: (id: string) => Body | undefined
  readonly message: (channelId: string, id: string) => Body | undefined
  /** The messages of a channel, newest first. */
  readonly messages: (channelId: string) => ReadonlyArray<Body>
  /** The ids of the users who reacted to a message with an emoji. */
  readonly reactedBy: (messageId: string, emojiKey: string) => ReadonlyArray<string>
  /** Opens the direct channel with a user. */
  readonly openDirect: (userId: string) => Body
  /** Changes the state by an event. */
  readonly apply: (event: GatewaySimulator.Event) => void
}

/** Messages above which the oldest is forgotten. */
const maxMessages = 5_000
const maxPlaces = 5_000

const text = (value: unknown): string => typeof value === "string" ? value : ""

const record = (value: unknown): Body => Predicate.isRecord(value) ? value : {}

const userId = (entry: Body): string => text(record(entry["user"])["id"])

/** The id of an entry, or of its user. */
const toKey = (name: ListName, entry: Body): string => {
  switch (name) {
    case "bans":
    case "members":
    case "presences":
      return userId(entry)
    case "voice_states":
      return text(entry["user_id"])
    default:
      return text(entry["id"])
  }
}

/** A custom emoji by its id, another one by its name. */
export const emojiKey = (emoji: unknown): string => text(record(emoji)["id"]) || text(record(emoji)["name"])

const makeUser = (id: string): Body =>
  id === Bot.id ? { ...Bot.user } : {
    id,
    username: `user_${id}`,
    discriminator: "0",
    global_name: null,
    avatar: null,
    public_flags: 0
  }

const makeMember = (id: string): Body => ({
  user: makeUser(id),
  nick: null,
  avatar: null,
  banner: null,
  roles: [],
  joined_at: "2020-01-01T00:00:00.000000+00:00",
  premium_since: null,
  deaf: false,
  mute: false,
  flags: 0,
  pending: false,
  communication_disabled_until: null
})

const bodies = (list: ReadonlyArray<unknown>): ReadonlyArray<Body> => list.filter(Predicate.isRecord)

const toState = (guild: World.Guild): GuildState => ({
  id: guild.id,
  body: guild,
  channels: bodies(guild.channels),
  threads: bodies(guild.threads),
  roles: bodies(guild.roles),
  members: bodies(guild.members),
  presences: bodies(guild.presences),
  voice_states: bodies(guild.voice_states),
  bans: []
})

/** A guild of an open world, with the role @everyone and the bot. */
const makeOpenGuild = (id: string): GuildState => ({
  id,
  body: { id, name: `guild ${id}`, owner_id: "2", features: [], emojis: [], stickers: [] },
  channels: [],
  threads: [],
  roles: [{ id, name: "@everyone", permissions: "2248473465835073", position: 0, color: 0, flags: 0 }],
  members: [makeMember(Bot.id)],
  presences: [],
  voice_states: [],
  bans: []
})

const toGuild = ({ bans: _, body, id: _id, ...lists }: GuildState): World.Guild =>
  // The lists began as those of a guild, and events of their kind changed them.
  ({ ...body, ...lists }) as unknown as World.Guild

/** Counts the members of a guild by the change of its list, which may be shorter than its count. */
const countMembers = (guild: GuildState, members: ReadonlyArray<Body>): GuildState => ({
  ...guild,
  members,
  body: { ...guild.body, member_count: Number(guild.body["member_count"]) + members.length - guild.members.length }
})

/** Returns the list with the entry, which is merged into the one of its id. */
const put = (list: ReadonlyArray<Body>, name: ListName, entry: Body): ReadonlyArray<Body> => {
  const key = toKey(name, entry)
  const index = list.findIndex((other) => toKey(name, other) === key)
  return index < 0 ? [...list, entry] : list.with(index, { ...list[index], ...entry })
}

const remove = (list: ReadonlyArray<Body>, name: ListName, key: string): ReadonlyArray<Body> =>
  list.filter((entry) => toKey(name, entry) !== key)

/** Applies an event of a guild's lists; returns the guild unchanged for another event. */
const reduceGuild = (guild: GuildState, t: string, d: Body): GuildState => {
  const { guild_id: _, ...entry } = d
  switch (t) {
    case "GUILD_UPDATE":
      return { ...guild, body: { ...guild.body, ...d } }
    case "CHANNEL_CREATE":
    case "CHANNEL_UPDATE":
      return { ...guild, channels: put(guild.channels, "channels", d) }
    case "CHANNEL_DELETE":
      return {
        ...guild,
        channels: remove(guild.channels, "channels", text(d["id"])),
        threads: guild.threads.filter((thread) => thread["parent_id"] !== d["id"]),
        voice_states: guild.voice_states.filter((state) => state["channel_id"] !== d["id"])
      }
    case "THREAD_CREATE":
    case "THREAD_UPDATE":
      return { ...guild, threads: put(guild.threads, "threads", d) }
    case "THREAD_DELETE":
      return { ...guild, threads: remove(guild.threads, "threads", text(d["id"])) }
    case "GUILD_ROLE_CREATE":
    case "GUILD_ROLE_UPDATE":
      return { ...guild, roles: put(guild.roles, "roles", record(d["role"])) }
    case "GUILD_ROLE_DELETE": {
      const members = guild.members.map((member) =>
        Array.isArray(member["roles"]) && member["roles"].includes(d["role_id"])
          ? { ...member, roles: member["roles"].filter((id) => id !== d["role_id"]) }
          : member
      )
      return { ...guild, members, roles: remove(guild.roles, "roles", text(d["role_id"])) }
    }
    case "GUILD_MEMBER_ADD":
    case "GUILD_MEMBER_UPDATE":
      return countMembers(guild, put(guild.members, "members", entry))
    case "GUILD_MEMBER_REMOVE":
      return {
        ...countMembers(guild, remove(guild.members, "members", userId(d))),
        presences: remove(guild.presences, "presences", userId(d)),
        voice_states: remove(guild.voice_states, "voice_states", userId(d))
      }
    case "VOICE_STATE_UPDATE":
      return {
        ...guild,
        voice_states: d["channel_id"] === null
          ? remove(guild.voice_states, "voice_states", toKey("voice_states", d))
          : put(guild.voice_states, "voice_states", entry)
      }
    case "GUILD_BAN_ADD":
      return { ...guild, bans: put(guild.bans, "bans", { reason: null, ...entry }) }
    case "GUILD_BAN_REMOVE":
      return { ...guild, bans: remove(guild.bans, "bans", userId(d)) }
    default:
      return guild
  }
}

const reduceReaction = (message: StoredMessage, t: string, d: Body): StoredMessage => {
  const key = emojiKey(d["emoji"])
  const reactions = new Map(message.reactions)
  const { emoji, users } = reactions.get(key) ?? { emoji: record(d["emoji"]), users: [] }
  const others = users.filter((id) => id !== d["user_id"])
  switch (t) {
    case "MESSAGE_REACTION_ADD":
      reactions.set(key, { emoji, users: [...others, text(d["user_id"])] })
      break
    case "MESSAGE_REACTION_REMOVE":
      reactions.set(key, { emoji, users: others })
      break
    case "MESSAGE_REACTION_REMOVE_EMOJI":
      reactions.delete(key)
      break
    default:
      reactions.clear()
  }
  if (reactions.get(key)?.users.length === 0) {
    reactions.delete(key)
  }
  return { ...message, reactions }
}

/** A message as the API returns it. */
const toMessage = ({ body, reactions }: StoredMessage): Body => {
  const { channel_type: _type, guild_id: _guild, member: _member, ...message } = body
  return reactions.size === 0 ? message : {
    ...message,
    reactions: Array.from(reactions.values(), ({ emoji, users }) => ({
      emoji,
      count: users.length,
      count_details: { burst: 0, normal: users.length },
      me: users.includes(Bot.id),
      me_burst: false,
      burst_colors: []
    }))
  }
}

/** Sets an entry as the newest, and forgets the oldest above a limit. */
const setBounded = <A>(map: Map<string, A>, key: string, value: A, limit: number) => {
  map.set(key, value)
  if (map.size > limit) {
    for (const oldest of map.keys()) {
      map.delete(oldest)
      return
    }
  }
}

export const make = (initial: ReadonlyArray<World.Guild>, permissions: Permissions.Permissions | undefined): State => {
  const isOpen = initial.length === 0
  const guilds = new Map(initial.map((guild) => [guild.id, toState(Bot.join(guild, permissions))]))
  const views = new WeakMap<GuildState, World.Guild>()
  const openGuilds = new Map<string, GuildState>()
  const directs = new Map<string, Body>()
  const messages = new Map<string, StoredMessage>()
  /** Guilds that events named. */
  const named = new Map<string, true>()
  /** The guild of each channel of an open world that an event named. */
  const places = new Map<string, unknown>()

  /** The body of a guild, made once for each state of it. */
  const view = (state: GuildState): World.Guild => {
    const made = views.get(state) ?? toGuild(state)
    views.set(state, made)
    return made
  }

  const user = (id: string): Body | undefined => {
    for (const { members } of guilds.values()) {
      const found = members.find((member) => userId(member) === id)
      if (found !== undefined) {
        return record(found["user"])
      }
    }
    return isOpen || id === Bot.id ? makeUser(id) : undefined
  }

  const guild = (id: string): GuildState | undefined => {
    const found = guilds.get(id) ?? openGuilds.get(id)
    if (found !== undefined || !isOpen) {
      return found
    }
    const opened = makeOpenGuild(id)
    setBounded(openGuilds, id, opened, maxPlaces)
    return opened
  }

  const channel = (id: string): Body | undefined => {
    for (const { channels, threads } of [...guilds.values(), ...openGuilds.values()]) {
      const found = channels.find((entry) => entry["id"] === id) ?? threads.find((entry) => entry["id"] === id)
      if (found !== undefined) {
        return found
      }
    }
    const guildId = places.get(id)
    const place = guildId === undefined ? { type: 1 } : { type: 0, guild_id: guildId, name: "general" }
    return directs.get(id) ?? (isOpen ? { id, ...place, flags: 0, last_message_id: null } : undefined)
  }

  const applyToMessage = (t: string, d: Body) => {
    const id = text(d["id"] ?? d["message_id"])
    const stored = messages.get(id)
    switch (t) {
      case "MESSAGE_CREATE":
        return setBounded(messages, id, { body: d, reactions: new Map() }, maxMessages)
      case "MESSAGE_UPDATE":
        return stored === undefined ? undefined : messages.set(id, { ...stored, body: { ...stored.body, ...d } })
      case "MESSAGE_DELETE":
        return messages.delete(id)
      case "MESSAGE_DELETE_BULK":
        return Array.isArray(d["ids"]) ? d["ids"].forEach((one) => messages.delete(text(one))) : undefined
      default:
        return stored === undefined ? undefined : messages.set(id, reduceReaction(stored, t, d))
    }
  }

  return {
    isOpen,
    guilds: () => Array.from(guilds.values(), view),
    guild,
    isNamed: (id) => guilds.has(id) || named.has(id),
    channel,
    member: (state, id) =>
      state.members.find((member) => userId(member) === id) ?? (isOpen ? makeMember(id) : undefined),
    user,
    message: (channelId, id) => {
      const stored = messages.get(id)
      return stored?.body["channel_id"] === channelId ? toMessage(stored) : undefined
    },
    messages: (channelId) =>
      Array.from(messages.values()).filter(({ body }) => body["channel_id"] === channelId).map(toMessage).reverse(),
    reactedBy: (messageId, key) => messages.get(messageId)?.reactions.get(key)?.users ?? [],
    openDirect: (id) => {
      const channelId = String(BigInt(id) + 1n)
      const direct = directs.get(channelId) ??
        { id: channelId, type: 1, flags: 0, last_message_id: null, recipients: [user(id) ?? makeUser(id)] }
      setBounded(directs, channelId, direct, maxPlaces)
      return direct
    },
    apply: ({ d, guildId, t }) => {
      if (guildId !== undefined) {
        setBounded(named, guildId, true, maxPlaces)
      }
      if (!Predicate.isRecord(d)) {
        return
      }
      if (isOpen && typeof d["channel_id"] === "string" && d["guild_id"] !== undefined) {
        setBounded(places, d["channel_id"], d["guild_id"], maxPlaces)
      }
      if (t.startsWith("MESSAGE_") && !t.startsWith("MESSAGE_POLL")) {
        return void applyToMessage(t, d)
      }
      const id = text(/^GUILD_(UPDATE|DELETE)$/.test(t) ? d["id"] : d["guild_id"])
      const kept = guilds.has(id) ? guilds : openGuilds
      if (t === "GUILD_DELETE" && d["unavailable"] !== true) {
        kept.delete(id)
      }
      const before = kept.get(id)
      if (before !== undefined) {
        kept.set(id, reduceGuild(before, t, d))
      }
    }
  }
}
