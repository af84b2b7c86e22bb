/** What goes on in guilds: a mix of events like that of a busy bot, presences and typing first, messages next. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as Utils from "effect/Utils"
import { chance, type Guild, type Ids, makeMember, type Member, noFlags, pick, presenceState } from "./objects.js"
import * as People from "./people.js"

/** A guild in which things change. */
interface Place {
  readonly guild: Guild
  readonly members: Array<Member>
  /** The last messages, for edits, deletions and reactions. */
  readonly messages: Array<Dispatch.DataOf<"MESSAGE_CREATE">>
}

interface Happening {
  readonly t: EventType.EventType
  readonly d: unknown
  readonly guildId: string
}

const rememberedMessages = 20

/** Checks the body against the event's own type, then forgets it: happenings of all kinds go one way. */
const event = <T extends EventType.EventType>(t: T, guild: Guild, d: Dispatch.DataOf<T>): Happening => ({
  t,
  d,
  guildId: guild.id
})

const text = (random: Utils.PCGRandom): string => {
  // Most messages are short; some are long.
  const length = chance(random, 0.05) ? 60 + random.integer(120) : 1 + random.integer(20)
  return Array.from({ length }, () => pick(random, People.words)).join(" ")
}

const textChannel = (random: Utils.PCGRandom, { guild }: Place) =>
  pick(random, guild.channels.filter((channel) => channel.type === 0)).id

const voiceChannel = (random: Utils.PCGRandom, { guild }: Place) =>
  pick(random, guild.channels.filter((channel) => channel.type === 2)).id

const withoutUser = ({ user: _, ...member }: Member) => member

const createMessage = (random: Utils.PCGRandom, ids: Ids, place: Place, now: number): Happening => {
  const author = pick(random, place.members)
  const message: Dispatch.DataOf<"MESSAGE_CREATE"> = {
    id: ids.next(now),
    type: 0,
    channel_id: textChannel(random, place),
    guild_id: place.guild.id,
    author: author.user,
    member: withoutUser(author),
    content: text(random),
    timestamp: new Date(now).toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    pinned: false,
    flags: noFlags,
    channel_type: 0
  }
  place.messages.push(message)
  if (place.messages.length > rememberedMessages) {
    place.messages.shift()
  }
  return event("MESSAGE_CREATE", place.guild, message)
}

const aboutMessage = (random: Utils.PCGRandom, place: Place, now: number, kind: number): Happening | undefined => {
  const { guild, messages } = place
  if (messages.length === 0) {
    return undefined
  }
  const message = pick(random, messages)
  const where = { channel_id: message.channel_id, guild_id: guild.id }
  const member = pick(random, place.members)
  const emoji = { id: null, name: pick(random, People.emojis) }
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

const changeMembers = (random: Utils.PCGRandom, ids: Ids, place: Place, now: number, kind: number): Happening => {
  const { guild, members } = place
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
  const changed = { ...member, nick: pick(random, People.things) }
  members.splice(members.indexOf(member), 1, changed)
  return event("GUILD_MEMBER_UPDATE", guild, { ...changed, avatar: null, banner: null, guild_id: guild.id })
}

const moveVoice = (random: Utils.PCGRandom, place: Place): Happening => {
  const member = pick(random, place.members)
  return event("VOICE_STATE_UPDATE", place.guild, {
    guild_id: place.guild.id,
    channel_id: chance(random, 0.3) ? null : voiceChannel(random, place),
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

const happen = (random: Utils.PCGRandom, ids: Ids, place: Place, now: number): Happening => {
  const kind = random.number()
  const { guild } = place
  if (kind < 0.4) {
    const member = pick(random, place.members)
    const presence = { user: { id: member.user.id }, guild_id: guild.id, ...presenceState(random) }
    return event("PRESENCE_UPDATE", guild, presence)
  }
  if (kind < 0.55) {
    const member = pick(random, place.members)
    return event("TYPING_START", guild, {
      channel_id: textChannel(random, place),
      guild_id: guild.id,
      user_id: member.user.id,
      timestamp: Math.floor(now / 1_000),
      member
    })
  }
  if (kind < 0.8) {
    return createMessage(random, ids, place, now)
  }
  if (kind < 0.9) {
    return aboutMessage(random, place, now, random.number()) ?? createMessage(random, ids, place, now)
  }
  return kind < 0.95 ? moveVoice(random, place) : changeMembers(random, ids, place, now, random.number())
}

export const make = (random: Utils.PCGRandom, ids: Ids, guilds: ReadonlyArray<Guild>): (now: number) => Happening => {
  const places = guilds.map((guild): Place => ({ guild, members: guild.members.slice(), messages: [] }))
  return (now) => happen(random, ids, pick(random, places), now)
}
