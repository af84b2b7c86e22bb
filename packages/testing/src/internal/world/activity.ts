/** Generates events of guilds in the mix that a busy bot receives: presences and typing first, then messages. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as Utils from "effect/Utils"
import type * as World from "../../World.js"
import { chance, type Ids, makeMember, type Member, noFlags, pick, presenceState } from "./guilds.js"
import { plainMessage } from "./message.js"
import * as Words from "./words.js"

/** A guild and its state. */
interface ActiveGuild {
  readonly guild: World.Guild
  readonly members: Array<Member>
  /** Recent messages, for edits, deletions and reactions. */
  readonly messages: Array<Dispatch.DataOf<"MESSAGE_CREATE">>
}

interface WorldEvent {
  readonly t: EventType.EventType
  readonly d: unknown
  readonly guildId: string
}

const rememberedMessages = 20

/** Checks the body against the type of its event, then widens it. */
const event = <T extends EventType.EventType>(t: T, guild: World.Guild, d: Dispatch.DataOf<T>): WorldEvent => ({
  t,
  d,
  guildId: guild.id
})

const text = (random: Utils.PCGRandom): string => {
  // Most messages are short.
  const length = chance(random, 0.05) ? 60 + random.integer(120) : 1 + random.integer(20)
  return Array.from({ length }, () => pick(random, Words.words)).join(" ")
}

const textChannel = (random: Utils.PCGRandom, { guild }: ActiveGuild) =>
  pick(random, guild.channels.filter((channel) => channel.type === 0)).id

const voiceChannel = (random: Utils.PCGRandom, { guild }: ActiveGuild) =>
  pick(random, guild.channels.filter((channel) => channel.type === 2)).id

const withoutUser = ({ user: _, ...member }: Member) => member

const createMessage = (random: Utils.PCGRandom, ids: Ids, state: ActiveGuild, now: number): WorldEvent => {
  const author = pick(random, state.members)
  const message: Dispatch.DataOf<"MESSAGE_CREATE"> = {
    id: ids.next(now),
    type: 0,
    channel_id: textChannel(random, state),
    guild_id: state.guild.id,
    author: author.user,
    member: withoutUser(author),
    content: text(random),
    timestamp: new Date(now).toISOString(),
    ...plainMessage,
    flags: noFlags,
    channel_type: 0
  }
  state.messages.push(message)
  if (state.messages.length > rememberedMessages) {
    state.messages.shift()
  }
  return event("MESSAGE_CREATE", state.guild, message)
}

const changeMessage = (
  random: Utils.PCGRandom,
  state: ActiveGuild,
  now: number,
  kind: number
): WorldEvent | undefined => {
  const { guild, messages } = state
  if (messages.length === 0) {
    return undefined
  }
  const message = pick(random, messages)
  const where = { channel_id: message.channel_id, guild_id: guild.id }
  const member = pick(random, state.members)
  const emoji = { id: null, name: pick(random, Words.emojis) }
  if (kind < 0.3) {
    const edited = { ...message, content: text(random), edited_timestamp: new Date(now).toISOString() }
    return event("MESSAGE_UPDATE", guild, edited)
  }
  if (kind < 0.4) {
    messages.splice(messages.indexOf(message), 1)
    return event("MESSAGE_DELETE", guild, { id: message.id, ...where })
  }
  const reaction = { user_id: member.user.id, message_id: message.id, ...where, emoji, burst: false, type: 0 }
  return kind < 0.85
    ? event("MESSAGE_REACTION_ADD", guild, {
      ...reaction,
      member,
      message_author_id: message.author.id,
      burst_colors: []
    })
    : event("MESSAGE_REACTION_REMOVE", guild, reaction)
}

const changeMembers = (
  random: Utils.PCGRandom,
  ids: Ids,
  state: ActiveGuild,
  now: number,
  kind: number
): WorldEvent => {
  const { guild, members } = state
  if (kind < 0.2) {
    const member = makeMember(random, ids, now, guild.roles.slice(1).map((role) => role.id))
    members.push(member)
    return event("GUILD_MEMBER_ADD", guild, { ...member, guild_id: guild.id })
  }
  const member = pick(random, members)
  if (kind < 0.3 && members.length > 2) {
    members.splice(members.indexOf(member), 1)
    return event("GUILD_MEMBER_REMOVE", guild, { guild_id: guild.id, user: member.user })
  }
  const changed = { ...member, nick: pick(random, Words.things) }
  members.splice(members.indexOf(member), 1, changed)
  return event("GUILD_MEMBER_UPDATE", guild, { ...changed, avatar: null, banner: null, guild_id: guild.id })
}

const moveVoice = (random: Utils.PCGRandom, state: ActiveGuild): WorldEvent => {
  const member = pick(random, state.members)
  return event("VOICE_STATE_UPDATE", state.guild, {
    guild_id: state.guild.id,
    channel_id: chance(random, 0.3) ? null : voiceChannel(random, state),
    user_id: member.user.id,
    member,
    session_id: random.integer(0x7fffffff).toString(16).padStart(32, "0"),
    deaf: false,
    mute: false,
    self_deaf: false,
    self_mute: chance(random, 0.5),
    self_video: false,
    suppress: false,
    request_to_speak_timestamp: null
  })
}

const nextEvent = (random: Utils.PCGRandom, ids: Ids, state: ActiveGuild, now: number): WorldEvent => {
  const kind = random.number()
  const { guild } = state
  if (kind < 0.4) {
    const member = pick(random, state.members)
    const presence = { user: { id: member.user.id }, guild_id: guild.id, ...presenceState(random) }
    return event("PRESENCE_UPDATE", guild, presence)
  }
  if (kind < 0.55) {
    const member = pick(random, state.members)
    return event("TYPING_START", guild, {
      channel_id: textChannel(random, state),
      guild_id: guild.id,
      user_id: member.user.id,
      timestamp: Math.floor(now / 1_000),
      member
    })
  }
  if (kind < 0.8) {
    return createMessage(random, ids, state, now)
  }
  if (kind < 0.9) {
    return changeMessage(random, state, now, random.number()) ?? createMessage(random, ids, state, now)
  }
  return kind < 0.95 ? moveVoice(random, state) : changeMembers(random, ids, state, now, random.number())
}

/** Returns a generator of events, each in a random guild. */
export const make = (
  random: Utils.PCGRandom,
  ids: Ids,
  guilds: ReadonlyArray<World.Guild>
): (now: number) => WorldEvent => {
  const states = guilds.map((guild): ActiveGuild => ({ guild, members: guild.members.slice(), messages: [] }))
  return (now) => nextEvent(random, ids, pick(random, states), now)
}
