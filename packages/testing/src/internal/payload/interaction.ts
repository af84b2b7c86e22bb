/**
 * Interactions of each kind, with the fields that Discord sends for it.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
 */
import { type Body, isRemoved, merge, objectAt } from "./merge.js"

const commandType = 2
const componentType = 3
const autocompleteType = 4
const modalType = 5
const userCommand = 2
const messageCommand = 3
const buttonType = 2
const stringSelectType = 3
const directContext = 1

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

/** Moves an interaction from a guild into a direct message with the bot. */
const toDirect = (whole: Body): Body => {
  const { guild: _guild, guild_id: _id, guild_locale: _locale, member, ...rest } = whole
  const user = objectAt({ member }, "member")["user"]
  const { guild_id: _dataGuild, ...data } = objectAt(rest, "data")
  const { members: _members, roles: _roles, ...resolved } = objectAt(data, "resolved")
  return {
    ...rest,
    user,
    context: directContext,
    channel: { id: whole["channel_id"], type: 1 },
    authorizing_integration_owners: { 0: "0" },
    data: "resolved" in data ? { ...data, resolved } : data
  }
}

/** Makes the ids of guild and channel the same everywhere. */
const alignPlaces = (whole: Body): Body => {
  const { channel_id: channelId, guild_id: guildId } = whole
  const inGuild = (value: Body, id: Body) => ({ ...value, ...id, ...(guildId !== undefined && { guild_id: guildId }) })
  const data = objectAt(whole, "data")
  return {
    ...whole,
    ...("guild" in whole && { guild: { ...objectAt(whole, "guild"), id: guildId } }),
    ...("channel" in whole && { channel: inGuild(objectAt(whole, "channel"), { id: channelId }) }),
    ...("message" in whole && { message: { ...objectAt(whole, "message"), channel_id: channelId } }),
    ...("guild_id" in data && { data: { ...data, guild_id: guildId } })
  }
}

/** Completes an interaction from the fixture of a slash command and a message. */
export const complete = (fixture: Body, message: Body, fields: Body): Body => {
  const kind = fields["type"] ?? commandType
  const data = makeData(kind, objectAt(fixture, "data"), objectAt(fields, "data"), message)
  const whole = { ...fixture, type: kind, data, ...(kind === componentType && { message }) }
  const placed = isRemoved(fields, "guild_id") ? toDirect(whole) : whole
  const ids = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => /^(guild|channel)_id$/.test(name) && value !== undefined)
  )
  // `merge` returns an object for two objects.
  return merge(alignPlaces({ ...placed, ...ids }), fields) as Body
}
