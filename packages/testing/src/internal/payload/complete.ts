/** Completes the bodies of events. */
import * as EventType from "@vesper/model/EventType"
import * as Predicate from "effect/Predicate"
import * as Fixture from "../../Fixture.js"
import type * as World from "../../World.js"
import { Bot, plainMessage } from "../world/index.js"
import * as Interaction from "./interaction.js"
import { type Body, isRemoved, merge, objectAt, omitUnless, setGuild } from "./merge.js"

// Fields of messages that are not ordinary ones: replies, forwards, crossposts, webhooks, interactions, polls, calls.
const specialFields = [
  "activity",
  "application",
  "application_id",
  "call",
  "interaction",
  "interaction_metadata",
  "mention_channels",
  "message_reference",
  "message_snapshots",
  "poll",
  "position",
  "reactions",
  "referenced_message",
  "resolved",
  "role_subscription_data",
  "shared_client_theme",
  "sticker_items",
  "stickers",
  "thread",
  "webhook_id"
]

const readFixture = (type: EventType.EventType): Body => {
  const d: unknown = Fixture.of(type).d
  return Predicate.isRecord(d) ? d : {}
}

/** Omits the mentions of a text, which its message would have to list. */
const withoutMentions = (content: unknown): string => String(content).replace(/\s*<@[!&]?\d+>/g, "")

const { edited_timestamp: _edited, pinned: _pinned, ...plainUpdate } = plainMessage

/** The fields of an ordinary message, without mentions, attachments, embeds or components. */
const toOrdinary = (body: Body, plain: Body): Body => ({
  ...body,
  ...plain,
  type: 0,
  flags: 0,
  content: withoutMentions(body["content"])
})

/** An ordinary message, with the special fields that are requested; a direct one if the guild is removed. */
const message = (fields: Body, type: "MESSAGE_CREATE" | "MESSAGE_UPDATE" = "MESSAGE_CREATE"): unknown => {
  const whole = omitUnless(readFixture(type), specialFields, fields)
  const ordinary = toOrdinary(whole, type === "MESSAGE_CREATE" ? plainMessage : plainUpdate)
  const referenced = objectAt(whole, "referenced_message")
  const { guild_id: _guild, member: _member, ...direct } = ordinary
  return merge({
    ...(isRemoved(fields, "guild_id") ? { ...direct, channel_type: 1 } : ordinary),
    ...("referenced_message" in whole && { referenced_message: toOrdinary(referenced, plainMessage) })
  }, fields)
}

/** The message of a component or a message command: as the API returns it, without the fields of the event. */
const interactionMessage = (): Body => {
  const { channel_type: _type, guild_id: _guild, member: _member, nonce: _nonce, ...rest } = message({}) as Body
  return rest
}

const interaction = (fields: Body, place: Body): Body =>
  Interaction.complete(readFixture("INTERACTION_CREATE"), interactionMessage(), fields, place)

/** Returns the complete body of an event with the fields. */
export const complete = (type: EventType.EventType, fields: Body): unknown => {
  switch (type) {
    case "MESSAGE_CREATE":
    case "MESSAGE_UPDATE":
      return message(fields, type)
    case "INTERACTION_CREATE":
      return interaction(fields, {})
    default:
      return merge(Fixture.of(type).d, fields)
  }
}

/** The fields that place an event into a guild, as far as the event has them. */
const placeIn = (guild: World.Guild, type: EventType.EventType, whole: Body, fields: Body): Body => {
  const [member] = guild.members
  if (member === undefined || (type !== "GUILD_UPDATE" && !("guild_id" in whole))) {
    return {}
  }
  const { user, ...partial } = member
  const channelType = type.startsWith("VOICE_") ? 2 : 0
  const place: Body = {
    ...(type === "GUILD_UPDATE" && { id: guild.id }),
    guild_id: guild.id,
    channel_id: guild.channels.find((channel) => channel.type === channelType)?.id ?? guild.id,
    author: user,
    ...(/^GUILD_MEMBER_(UPDATE|REMOVE)$/.test(type) && { user }),
    user_id: user.id,
    member: "author" in whole ? partial : member
  }
  return Object.fromEntries(Object.entries(place).filter(([name]) => name in whole && !(name in fields)))
}

/** Returns the complete body in a guild, or as a direct message in a world without guilds. */
const completeInGuild = ({ guilds }: World.World, type: EventType.EventType, fields: Body): unknown => {
  const whole = complete(type, fields)
  if (!Predicate.isRecord(whole)) {
    return whole
  }
  const id = getGuildId(type, fields)
  const guild = id === undefined ? guilds[0] : guilds.find((each) => each.id === id)
  if (guilds.length === 0) {
    return "author" in whole ? complete(type, { guild_id: undefined, ...fields }) : whole
  }
  const placed = merge(whole, guild === undefined ? {} : placeIn(guild, type, whole, fields))
  return merge(setGuild(placed, id ?? getGuildId(type, placed) ?? guild?.id), fields)
}

/** Completes any event, in the first guild of a world. A body of an unknown event is returned as it is. */
export const completeIn = (world: World.World, type: string, d: unknown): unknown => {
  if (!EventType.isKnown(type) || !(d === undefined || Predicate.isRecord(d))) {
    return d
  }
  const fields: Body = Predicate.isRecord(d) ? d : {}
  switch (type) {
    case "USER_UPDATE":
      return merge(complete(type, Bot.currentUser), fields)
    case "INTERACTION_CREATE":
      return interaction(fields, Interaction.placeIn(world, fields))
    default:
      return completeInGuild(world, type, fields)
  }
}

/** The fields of a new event at a time in milliseconds since 1970, with a unique id. */
export const freshFields = (type: string, id: string, now: number): Body => {
  switch (type) {
    case "MESSAGE_CREATE":
      return { id, timestamp: new Date(now).toISOString() }
    case "INTERACTION_CREATE":
      return { id }
    case "TYPING_START":
      return { timestamp: Math.floor(now / 1_000) }
    default:
      return {}
  }
}

/** Returns the guild of an event by its body. */
export const getGuildId = (type: string, d: unknown): string | undefined => {
  const id = Predicate.hasProperty(d, "guild_id")
    ? d.guild_id
    : /^GUILD_(CREATE|UPDATE|DELETE)$/.test(type) && Predicate.hasProperty(d, "id")
    ? d.id
    : undefined
  return typeof id === "string" ? id : undefined
}
