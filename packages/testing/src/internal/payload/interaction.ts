/**
 * Interactions of each kind, with the fields that Discord sends for it.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
 */
import type * as World from "../../World.js"
import { Bot } from "../world/index.js"
import { type Body, isRemoved, merge, objectAt, setGuild } from "./merge.js"

const commandType = 2
const componentType = 3
const autocompleteType = 4
const modalType = 5
const userCommand = 2
const messageCommand = 3
const buttonType = 2
const stringSelectType = 3
const directContext = 1
const guildInstall = "0"

const firstEntry = (objects: Body): readonly [id: string, object: unknown] | undefined => Object.entries(objects)[0]

/** The first object of a kind in `resolved`, under another id if one is given. */
const resolvedTarget = (resolved: Body, kind: string, id: unknown): Body => {
  const [ownId, object] = firstEntry(objectAt(resolved, kind)) ?? ["", {}]
  const target = typeof id === "string" ? id : ownId
  // A member in `resolved` has no id, because its user is there too.
  return { [target]: kind === "members" ? object : merge(object, { id: target }) }
}

const contextCommandData = (data: Body, fields: Body, message: Body): Body => {
  const { id, name, guild_id } = data
  const common = { id, name, guild_id, type: fields["type"] }
  const targetId = fields["target_id"]
  if (fields["type"] === messageCommand) {
    const target = typeof targetId === "string" ? targetId : message["id"]
    return {
      ...common,
      target_id: target,
      resolved: { messages: { [String(target)]: merge(message, { id: target }) } }
    }
  }
  const resolved = objectAt(data, "resolved")
  const users = resolvedTarget(resolved, "users", targetId)
  return {
    ...common,
    target_id: Object.keys(users)[0],
    resolved: { users, members: resolvedTarget(resolved, "members", Object.keys(users)[0]) }
  }
}

const slashCommandData = (data: Body, fields: Body): Body => {
  const { resolved, ...rest } = data
  // The objects of the default options, which other options do not refer to.
  return "options" in fields ? rest : { ...rest, resolved }
}

const componentData = (data: Body, fields: Body): Body => {
  const type = fields["component_type"] ?? buttonType
  const resolved = objectAt(data, "resolved")
  const common = { custom_id: "count", component_type: type }
  // Each selected id is resolved.
  const select = (kinds: readonly [string, ...Array<string>]): Body => {
    const ids = Array.isArray(fields["values"]) ? fields["values"] : Object.keys(objectAt(resolved, kinds[0]))
    const resolve = (kind: string) => Object.assign({}, ...ids.map((id: unknown) => resolvedTarget(resolved, kind, id)))
    return { ...common, values: ids, resolved: Object.fromEntries(kinds.map((kind) => [kind, resolve(kind)])) }
  }
  switch (type) {
    case stringSelectType:
      return { ...common, values: ["emperor"] }
    case 5:
      return select(["users", "members"])
    case 6:
      return select(["roles"])
    case 7:
      return select(["users", "members"])
    case 8:
      return select(["channels"])
    default:
      return common
  }
}

const modalData = {
  custom_id: "sighting",
  components: [{ type: 18, id: 1, component: { type: 4, id: 2, custom_id: "species", value: "emperor" } }]
}

const autocompleteData = ({ resolved: _, ...data }: Body): Body => ({
  ...data,
  options: [{ name: "species", type: 3, value: "emp", focused: true }]
})

const makeData = (kind: unknown, data: Body, fields: Body, message: Body): Body => {
  switch (kind) {
    case commandType:
      return fields["type"] === userCommand || fields["type"] === messageCommand
        ? contextCommandData(data, fields, message)
        : slashCommandData(data, fields)
    case componentType:
      return componentData(data, fields)
    case autocompleteType:
      return autocompleteData(data)
    case modalType:
      return modalData
    default:
      return data
  }
}

/** Options of channels and roles, which a user cannot choose in a direct message. */
const guildOptions: ReadonlyArray<unknown> = [7, 8]

/** Moves an interaction from a guild into a direct message with the bot. */
const toDirect = (whole: Body): Body => {
  const { guild: _guild, guild_id: _id, guild_locale: _locale, member, ...rest } = whole
  const { user } = objectAt(whole, "member")
  const data = objectAt(rest, "data")
  const { channels: _channels, members: _members, roles: _roles, ...resolved } = objectAt(data, "resolved")
  const options = Array.isArray(data["options"])
    ? data["options"].filter((option: Body) => !guildOptions.includes(option["type"]))
    : undefined
  return {
    ...rest,
    user,
    context: directContext,
    channel: { id: whole["channel_id"], type: 1 },
    authorizing_integration_owners: { [guildInstall]: "0" },
    data: { ...data, ...("resolved" in data && { resolved }), ...(options !== undefined && { options }) }
  }
}

/** Changes the messages that the data of a message command refers to. */
const mapMessages = (data: Body, change: (message: Body) => Body): Body => {
  const resolved = objectAt(data, "resolved")
  const messages = objectAt(resolved, "messages")
  const changed = Object.fromEntries(Object.keys(messages).map((id) => [id, change(objectAt(messages, id))]))
  return "messages" in resolved ? { ...data, resolved: { ...resolved, messages: changed } } : data
}

/** Makes the ids of guild, channel and user the same everywhere. */
const alignIds = (whole: Body): Body => {
  const { channel_id: channelId, guild_id: guildId, message, user = objectAt(whole, "member")["user"] } = whole
  const isInGuild = guildId !== undefined
  const owners = objectAt(whole, "authorizing_integration_owners")
  const inChannel = (value: Body): Body => ({ ...value, channel_id: channelId })
  const aligned: Body = {
    ...whole,
    ...(isInGuild && {
      guild: { ...objectAt(whole, "guild"), id: guildId },
      authorizing_integration_owners: guildInstall in owners ? { ...owners, [guildInstall]: guildId } : owners
    }),
    channel: { ...objectAt(whole, "channel"), id: channelId, ...(isInGuild && { guild_id: guildId }) },
    ...(message !== undefined && { message: inChannel(objectAt(whole, "message")) }),
    ...("data" in whole && { data: mapMessages(objectAt(whole, "data"), inChannel) }),
    ...(Array.isArray(whole["entitlements"]) && {
      entitlements: whole["entitlements"].map((entitlement: Body) => ({
        ...entitlement,
        application_id: whole["application_id"],
        user_id: objectAt({ user }, "user")["id"]
      }))
    })
  }
  // Two objects, of which the first is one.
  return setGuild(aligned, guildId) as Body
}

const isText = (value: unknown): value is string => typeof value === "string"

/** The ids of guild and channel that are requested, as such or inside of the objects. */
const requestedIds = (fields: Body): Body => {
  const guildId = fields["guild_id"] ?? objectAt(fields, "guild")["id"]
  const channelId = fields["channel_id"] ?? objectAt(fields, "channel")["id"]
  return { ...(isText(guildId) && { guild_id: guildId }), ...(isText(channelId) && { channel_id: channelId }) }
}

/** The fields that place an interaction into a guild of a world. */
export const placeIn = ({ guilds }: World.World, fields: Body): Body => {
  const { channel_id: channelId, guild_id: guildId } = requestedIds(fields)
  const guild = guildId === undefined ? guilds[0] : guilds.find(({ id }) => id === guildId)
  return guild === undefined || isRemoved(fields, "guild_id") ? {} : placeFields(guild, channelId)
}

/** The guild with the fields that an interaction has, a channel of it and a member who is not the bot. */
const placeFields = (guild: World.Guild, channelId: unknown): Body => {
  const { description, features, icon, id, name, preferred_locale } = guild
  const isIt = channelId === undefined
    ? ({ type }: { readonly type: number }) => type === 0
    : ({ id }: { readonly id: string }) => id === channelId
  const channel = guild.channels.find(isIt)
  const member = guild.members.find(({ user }) => user.id !== Bot.id)
  return {
    guild_id: id,
    guild: { id, name, icon, features, description, preferred_locale },
    ...(channel !== undefined && { channel_id: channel.id, channel: { ...channel } }),
    ...(member !== undefined && { member })
  }
}

/** Moves an interaction into a guild. */
export const moveTo = (guild: World.Guild, d: Body): Body =>
  // `merge` returns an object for two objects.
  alignIds(merge(d, placeFields(guild, undefined)) as Body)

/** Completes an interaction from the fixture of a slash command and a message. */
export const complete = (fixture: Body, message: Body, fields: Body, place: Body = {}): Body => {
  const kind = fields["type"] ?? commandType
  const data = makeData(kind, objectAt(fixture, "data"), objectAt(fields, "data"), message)
  const own = { ...message, author: Bot.user }
  const whole = { ...fixture, type: kind, data, ...(kind === componentType && { message: own }) }
  const placed = isRemoved(fields, "guild_id") ? toDirect(whole) : merge(whole, place)
  // `merge` returns an object for two objects.
  return merge(alignIds(merge(placed, requestedIds(fields)) as Body), fields) as Body
}
