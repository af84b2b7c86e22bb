/**
 * Decides by a session's intents which events it receives, and which fields of them.
 *
 * A body that lacks the fields by which Discord decides, as tests send (`{ content: "hi" }`), passes unchanged with any of
 * the event's intents.
 *
 * @see https://docs.discord.com/developers/events/gateway#gateway-intents
 */
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Predicate from "effect/Predicate"
import type * as World from "../../World.js"
import type { Body } from "../payload/index.js"
import { Bot } from "../world/index.js"

/** The session's properties that decide. */
export interface Viewer {
  readonly intents: Intents.Intents
  /** Member count above which GUILD_CREATE omits offline members. */
  readonly largeThreshold: number
}

/** The member count above which GUILD_CREATE lists only the bot and members in voice. */
const maxListedGuild = 75_000

const isDirectIntent = (name: Intents.Name) => name.startsWith("Direct")

/** The intents of an event in a guild or in a direct message, or either if the body does not name its place. */
const requiredIntents = (
  t: EventType.EventType,
  d: unknown,
  guildId: string | undefined
): ReadonlyArray<Intents.Name> => {
  const all = EventType.intents(t)
  const isInGuild = guildId !== undefined || Predicate.hasProperty(d, "guild_id")
  const isKnownPlace = isInGuild || Predicate.hasProperty(d, "channel_id")
  return isKnownPlace && all.some(isDirectIntent) ? all.filter((name) => isDirectIntent(name) !== isInGuild) : all
}

const userId = (value: unknown): unknown => Predicate.hasProperty(value, "id") ? value.id : undefined

const includesBot = (members: unknown): boolean =>
  Array.isArray(members) &&
  members.some((member) => member === Bot.id || Predicate.hasProperty(member, "user_id") && member.user_id === Bot.id)

/** Decides if a session receives an event. */
export const isVisible = ({ intents }: Viewer, t: string, d: unknown, guildId: string | undefined): boolean => {
  if (!EventType.isKnown(t)) {
    return true
  }
  const names = requiredIntents(t, d, guildId)
  const isAllowed = EventType.intents(t).length === 0 || names.some((name) => Intents.has(intents, name))
  switch (t) {
    case "GUILD_MEMBER_UPDATE":
      return isAllowed || (Predicate.hasProperty(d, "user") && userId(d.user) === Bot.id)
    case "THREAD_MEMBERS_UPDATE":
      return isAllowed && (
        Intents.has(intents, "GuildMembers") || !Predicate.hasProperty(d, "member_count") ||
        (Predicate.hasProperty(d, "added_members") && includesBot(d.added_members)) ||
        (Predicate.hasProperty(d, "removed_member_ids") && includesBot(d.removed_member_ids))
      )
    default:
      return isAllowed
  }
}

const every = (values: unknown, isValid: (value: unknown) => boolean): boolean =>
  Array.isArray(values) && values.every(isValid)

/** Narrows to a guild whose members have users, which a test's body may lack. */
const isGuild = (d: unknown): d is World.Guild =>
  Predicate.isRecord(d) && every(d["presences"], Predicate.isRecord) &&
  every(d["members"], (member) => Predicate.hasProperty(member, "user") && Predicate.isRecord(member.user)) &&
  every(d["voice_states"], (state) => Predicate.hasProperty(state, "user_id"))

/** The ids of the bot and of members in voice. */
const alwaysListed = (guild: World.Guild): ReadonlyArray<string> => [
  Bot.id,
  ...guild.voice_states.map((state) => state.user_id)
]

const withMembers = (guild: World.Guild, ids: ReadonlyArray<string>): World.Guild => {
  const listed = new Set(ids)
  return { ...guild, members: guild.members.filter(({ user }) => listed.has(user.id)) }
}

/**
 * Without GUILD_MEMBERS or GUILD_PRESENCES, GUILD_CREATE lists the bot and members in voice only, and it lists presences
 * with GUILD_PRESENCES only.
 */
const guildFor = ({ intents }: Viewer, guild: World.Guild): World.Guild => {
  const hasPresences = Intents.has(intents, "GuildPresences")
  const visible = hasPresences && Intents.has(intents, "GuildMembers") ? guild : withMembers(guild, alwaysListed(guild))
  return hasPresences ? visible : { ...visible, presences: [] }
}

/** Omits offline members of a large guild, and all but the bot and members in voice of a very large one. */
export const withoutOffline = ({ largeThreshold }: Viewer, guild: World.Guild): World.Guild => {
  const { member_count: count, presences } = guild
  const online = count > maxListedGuild ? [] : presences.map(({ user }) => user.id)
  return count > largeThreshold
    ? { ...withMembers(guild, [...alwaysListed(guild), ...online]), large: true }
    : { ...guild, large: false }
}

const isMessage = (d: unknown): d is Body =>
  Predicate.isRecord(d) && Predicate.hasProperty(d, "author") && Predicate.hasProperty(d, "channel_id")

const isReadable = (message: Body, isDirect: boolean): boolean =>
  isDirect || userId(message["author"]) === Bot.id ||
  (Array.isArray(message["mentions"]) && message["mentions"].some((user) => userId(user) === Bot.id))

const withoutContent = ({ poll: _, ...message }: Body): Body => ({
  ...message,
  content: "",
  embeds: [],
  attachments: [],
  components: []
})

/**
 * Empties the content of a message that neither is direct, nor the bot's own, nor mentions the bot, and of the messages
 * inside it.
 */
const messageFor = (message: Body, isDirect: boolean): Body => {
  const { message_snapshots: snapshots, referenced_message: referenced } = message
  const isOpen = isReadable(message, isDirect)
  return {
    ...(isOpen ? message : withoutContent(message)),
    ...(isMessage(referenced) && { referenced_message: messageFor(referenced, isDirect) }),
    ...(Array.isArray(snapshots) && !isOpen && {
      message_snapshots: snapshots.map((snapshot: unknown) =>
        Predicate.hasProperty(snapshot, "message") && Predicate.isRecord(snapshot.message)
          ? { ...snapshot, message: withoutContent(snapshot.message) }
          : snapshot
      )
    })
  }
}

/**
 * Returns a message as the HTTP API does: a request has no session, so that the intents decide that the application may
 * request, whether or not it has requested them.
 *
 * @see https://docs.discord.com/developers/events/gateway#message-content-intent
 */
export const messageOverHttp = (allowed: Intents.Intents, message: Body, isDirect: boolean): Body =>
  isMessage(message) && !Intents.has(allowed, "MessageContent") ? messageFor(message, isDirect) : message

/** Returns the body as the session receives it. */
export const bodyFor = (viewer: Viewer, t: string, d: unknown): unknown => {
  switch (t) {
    case "GUILD_CREATE":
      return isGuild(d) ? guildFor(viewer, d) : d
    case "MESSAGE_CREATE":
    case "MESSAGE_UPDATE":
      return isMessage(d) && !Intents.has(viewer.intents, "MessageContent")
        ? messageFor(d, d["guild_id"] === undefined)
        : d
    case "AUTO_MODERATION_ACTION_EXECUTION":
      return Predicate.isRecord(d) && "content" in d && !Intents.has(viewer.intents, "MessageContent")
        ? { ...d, content: "", matched_content: "" }
        : d
    default:
      return d
  }
}
