/** Completes the bodies of events. */
import * as EventType from "@vesper/model/EventType"
import * as Predicate from "effect/Predicate"
import * as Fixture from "../../Fixture.js"
import type * as World from "../../World.js"
import * as Interaction from "./interaction.js"
import { type Body, merge, omitUnless } from "./merge.js"

// Fields of messages that are not ordinary ones: replies, forwards, crossposts, webhooks, interactions, polls, calls.
const specialFields = [
  "activity",
  "application",
  "application_id",
  "call",
  "components",
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

const fixtureOf = (type: EventType.EventType): Body => {
  const d: unknown = Fixture.of(type).d
  return Predicate.isRecord(d) ? d : {}
}

/** An ordinary message, with the special fields that are requested. */
const message = (fields: Body): unknown => {
  const ordinary = omitUnless(fixtureOf("MESSAGE_CREATE"), specialFields, fields)
  return merge({ ...ordinary, type: 0, flags: 0, edited_timestamp: null, pinned: false, components: [] }, fields)
}

/** The message of a component or a message command: as the API returns it, without the fields of the event. */
const interactionMessage = (fields: Body): Body => {
  const { channel_type: _type, guild_id: _guild, member: _member, nonce: _nonce, ...rest } = message({}) as Body
  return { ...rest, ...(typeof fields["channel_id"] === "string" && { channel_id: fields["channel_id"] }) }
}

/** Returns the complete body of an event with the fields. */
export const complete = (type: EventType.EventType, fields: Body): unknown => {
  switch (type) {
    case "MESSAGE_CREATE":
      return message(fields)
    case "INTERACTION_CREATE":
      return Interaction.complete(fixtureOf(type), interactionMessage(fields), fields)
    default:
      return merge(Fixture.of(type).d, fields)
  }
}

/** The fields that place an event into the first guild of a world, or a message into a direct one if there is none. */
const placeIn = ({ guilds: [guild] }: World.World, whole: Body, fields: Body): Body => {
  const member = guild?.members[0]
  if (guild === undefined && "author" in whole && !("guild_id" in fields)) {
    return { guild_id: undefined, member: undefined }
  }
  if (guild === undefined || member === undefined || !("guild_id" in whole)) {
    return {}
  }
  const channel = guild.channels.find(({ type }) => type === 0)
  const { user, ...partial } = member
  const place: Body = {
    guild_id: guild.id,
    channel_id: channel?.id ?? guild.id,
    author: user,
    user_id: user.id,
    member: "author" in whole ? partial : member
  }
  return Object.fromEntries(Object.entries(place).filter(([name]) => name in whole && !(name in fields)))
}

/** Completes any event, in the first guild of a world. A body of an unknown event is returned as it is. */
export const completeIn = (world: World.World, type: string, d: unknown): unknown => {
  if (!EventType.isKnown(type) || !(d === undefined || Predicate.isRecord(d))) {
    return d
  }
  const fields: Body = Predicate.isRecord(d) ? d : {}
  const whole = complete(type, fields)
  return Predicate.isRecord(whole) ? complete(type, { ...placeIn(world, whole, fields), ...fields }) : whole
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
export const guildIdOf = (type: string, d: unknown): string | undefined => {
  const id = Predicate.hasProperty(d, "guild_id")
    ? d.guild_id
    : /^GUILD_(CREATE|UPDATE|DELETE)$/.test(type) && Predicate.hasProperty(d, "id")
    ? d.id
    : undefined
  return typeof id === "string" ? id : undefined
}
