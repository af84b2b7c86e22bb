/**
 * Guilds with their members, bans and roles, and users.
 *
 * @see https://docs.discord.com/developers/resources/guild
 */
import * as Effect from "effect/Effect"
import { Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Bot, type State } from "../world/index.js"
import * as Api from "./api.js"

const maxTimeout = 28 * 86_400_000

const memberForm = Form.object({
  nick: Form.string({ max: 32 }),
  roles: Form.list(Form.snowflake),
  mute: Form.boolean,
  deaf: Form.boolean,
  channel_id: Form.snowflake,
  communication_disabled_until: Form.string(),
  flags: Form.integer()
})

const roleForm = Form.object({
  name: Form.string({ max: 100 }),
  permissions: Form.string(),
  color: Form.integer({ min: 0, max: 0xffffff }),
  hoist: Form.boolean,
  mentionable: Form.boolean
})

const banForm = Form.object({ delete_message_seconds: Form.integer({ min: 0, max: 604_800 }) })
const roleFields = ["name", "permissions", "color", "colors", "hoist", "icon", "unicode_emoji", "mentionable"]
const memberFields = ["nick", "roles", "mute", "deaf", "communication_disabled_until", "flags"]

/** A guild as the API returns it, without the lists of GUILD_CREATE. */
const toGuild = ({ body, roles }: State.GuildState): Body => {
  const lists = ["channels", "members", "presences", "threads", "voice_states", "stage_instances", "soundboard_sounds"]
  return { ...Object.fromEntries(Object.entries(body).filter(([field]) => !lists.includes(field))), roles }
}

export const routes = (context: Api.Context): ReadonlyArray<Api.Route> => {
  const { world } = context
  const findGuild = ({ params: { guild = "" } }: Api.Call) => Api.orUnknown(world.guild(guild), 10004, "Guild")

  const dispatch = (t: string, guild: State.GuildState, d: Body) =>
    context.dispatch({ t, guildId: guild.id, d: { guild_id: guild.id, ...d } })

  const userId = ({ params: { user = "" } }: Api.Call) => user === "@me" ? Bot.id : user

  const findMember = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      const member = yield* Api.orUnknown(world.member(guild, userId(call)), 10007, "Member")
      return { guild, member }
    })

  const findRole = (guild: State.GuildState, id = "") =>
    Api.orUnknown(
      guild.roles.find((role) => role["id"] === id) ?? (world.isOpen ? { id } : undefined),
      10011,
      "Role"
    )

  const listRoles = (member: Body): ReadonlyArray<unknown> => Array.isArray(member["roles"]) ? member["roles"] : []

  const updateMember = (call: Api.Call) =>
    Effect.gen(function*() {
      const { guild, member } = yield* findMember(call)
      yield* Api.check(memberForm, call.json)
      const until = Form.textAt(call.body, "communication_disabled_until")
      if (until !== "" && !(Date.parse(until) - context.date() <= maxTimeout)) {
        return yield* Api.fail(400, 50035, "Invalid Form Body", {
          communication_disabled_until: Form.problem("DATE_TYPE_MAX", "The maximum is 28 days from now.")
        })
      }
      yield* Effect.forEach(listRoles(call.body), (id) => findRole(guild, String(id)), { discard: true })
      const changed = { ...member, ...Api.pick(call.body, memberFields) }
      dispatch("GUILD_MEMBER_UPDATE", guild, changed)
      return changed
    })

  const changeRole = (isAdded: boolean) => (call: Api.Call) =>
    Effect.gen(function*() {
      const { guild, member } = yield* findMember(call)
      const { id } = yield* findRole(guild, call.params["role"])
      const roles = [...listRoles(member).filter((other) => other !== id), ...(isAdded ? [id] : [])]
      dispatch("GUILD_MEMBER_UPDATE", guild, { ...member, roles })
    })

  const kick = (call: Api.Call) =>
    Effect.map(
      findMember(call),
      ({ guild, member }) => void dispatch("GUILD_MEMBER_REMOVE", guild, { user: member["user"] })
    )

  const search = (call: Api.Call) =>
    Effect.map(findGuild(call), ({ members }) => {
      const query = (call.query.get("query") ?? "").toLowerCase()
      return members
        .filter(({ nick, user }) =>
          [Form.textAt(user, "username"), String(nick ?? "")].some((name) => name.toLowerCase().startsWith(query))
        )
        .slice(0, Api.readLimit(call.query, 1, 1_000))
    })

  const list = (call: Api.Call) =>
    Effect.map(findGuild(call), ({ members }) => {
      const after = BigInt(call.query.get("after") ?? "0")
      return members
        .filter(({ user }) => BigInt(Form.textAt(user, "id")) > after)
        .slice(0, Api.readLimit(call.query, 1, 1_000))
    })

  const banUser = (guild: State.GuildState, id: string): void => {
    const user = world.user(id) ?? { id, username: `user_${id}`, discriminator: "0", global_name: null, avatar: null }
    if (guild.members.some((member) => Form.textAt(member["user"], "id") === id)) {
      dispatch("GUILD_MEMBER_REMOVE", guild, { user })
    }
    dispatch("GUILD_BAN_ADD", guild, { user })
  }

  const ban = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      yield* Api.check(banForm, call.json ?? {})
      banUser(guild, userId(call))
    })

  const banMany = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      yield* Api.check(
        Form.object({ user_ids: Form.need(Form.list(Form.snowflake, { min: 1, max: 200 })) }),
        call.json
      )
      const ids = Array.isArray(call.body["user_ids"]) ? call.body["user_ids"].map(String) : []
      ids.forEach((id) => banUser(guild, id))
      return { banned_users: ids, failed_users: [] }
    })

  const findBan = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      const found = guild.bans.find(({ user }) => Form.textAt(user, "id") === userId(call))
      return { guild, ban: yield* Api.orUnknown(found, 10026, "Ban") }
    })

  const unban = (call: Api.Call) =>
    Effect.map(findBan(call), ({ ban, guild }) => void dispatch("GUILD_BAN_REMOVE", guild, { user: ban["user"] }))

  const createRole = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      yield* Api.check(roleForm, call.json ?? {})
      const role = {
        id: context.nextId(),
        name: "new role",
        color: 0,
        colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
        hoist: false,
        icon: null,
        unicode_emoji: null,
        position: 1,
        permissions: "0",
        managed: false,
        mentionable: false,
        flags: 0,
        ...Api.pick(call.body, roleFields)
      }
      dispatch("GUILD_ROLE_CREATE", guild, { role })
      return role
    })

  const updateRole = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      const role = { ...(yield* findRole(guild, call.params["role"])), ...Api.pick(call.body, roleFields) }
      yield* Api.check(roleForm, call.json)
      dispatch("GUILD_ROLE_UPDATE", guild, { role })
      return role
    })

  const removeRole = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      const { id } = yield* findRole(guild, call.params["role"])
      dispatch("GUILD_ROLE_DELETE", guild, { role_id: id })
    })

  const updateGuild = (call: Api.Call) =>
    Effect.gen(function*() {
      const guild = yield* findGuild(call)
      yield* Api.check(Form.object({ name: Form.string({ min: 2, max: 100 }) }), call.json)
      const changed = { ...toGuild(guild), ...Api.pick(call.body, ["name", "description", "owner_id"]) }
      context.dispatch({ t: "GUILD_UPDATE", guildId: guild.id, d: changed })
      return changed
    })

  const one = "/guilds/:guild"
  const member = `${one}/members/:user`
  return [
    {
      method: "GET",
      path: "/users/@me/guilds",
      handle: () =>
        Effect.sync(() => world.guilds().map(({ features, icon, id, name }) => ({ id, name, icon, features })))
    },
    { method: "GET", path: "/users/:user", handle: (call) => Api.orUnknown(world.user(userId(call)), 10013, "User") },
    { method: "GET", path: one, handle: (call) => Effect.map(findGuild(call), toGuild) },
    { method: "PATCH", path: one, handle: updateGuild },
    { method: "GET", path: `${one}/members`, handle: list },
    { method: "GET", path: `${one}/members/search`, handle: search },
    { method: "GET", path: member, handle: (call) => Effect.map(findMember(call), ({ member }) => member) },
    { method: "PATCH", path: member, handle: updateMember },
    { method: "DELETE", path: member, handle: kick },
    { method: "PUT", path: `${member}/roles/:role`, handle: changeRole(true) },
    { method: "DELETE", path: `${member}/roles/:role`, handle: changeRole(false) },
    { method: "GET", path: `${one}/bans`, handle: (call) => Effect.map(findGuild(call), ({ bans }) => bans) },
    { method: "GET", path: `${one}/bans/:user`, handle: (call) => Effect.map(findBan(call), ({ ban }) => ban) },
    { method: "PUT", path: `${one}/bans/:user`, handle: ban },
    { method: "DELETE", path: `${one}/bans/:user`, handle: unban },
    { method: "POST", path: `${one}/bulk-ban`, handle: banMany },
    { method: "GET", path: `${one}/roles`, handle: (call) => Effect.map(findGuild(call), ({ roles }) => roles) },
    {
      method: "GET",
      path: `${one}/roles/:role`,
      handle: (call) => Effect.flatMap(findGuild(call), (guild) => findRole(guild, call.params["role"]))
    },
    { method: "POST", path: `${one}/roles`, handle: createRole },
    { method: "PATCH", path: `${one}/roles/:role`, handle: updateRole },
    { method: "DELETE", path: `${one}/roles/:role`, handle: removeRole }
  ]
}
