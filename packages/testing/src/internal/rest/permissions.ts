/**
 * Permissions that the bot needs for a route. Without a permission Discord answers 50013, and 50001 for a channel that the
 * bot cannot see.
 *
 * @see https://docs.discord.com/developers/topics/permissions
 */
import * as Permissions from "@vesper/model/Permissions"
import * as Effect from "effect/Effect"
import { Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import { Bot, type State } from "../world/index.js"
import * as Api from "./api.js"

type Names = ReadonlyArray<Permissions.Name>

/** A request with the objects that it names. */
interface Place {
  readonly call: Api.Call
  readonly channel: Body
  readonly isThread: boolean
  readonly isOwnMessage: boolean
}

const one = "/channels/:channel"
const message = `${one}/messages/:message`
const guild = "/guilds/:guild"

const manageChannel = ({ call: { body }, isThread }: Place): Names =>
  !isThread ? ["ManageChannels"] : body["archived"] === false ? ["SendMessages"] : ["ManageThreads"]

const always = (...names: Names) => (): Names => names

const memberFields: Readonly<Record<string, Permissions.Name>> = {
  nick: "ManageNicknames",
  roles: "ManageRoles",
  mute: "MuteMembers",
  deaf: "DeafenMembers",
  channel_id: "MoveMembers",
  communication_disabled_until: "ModerateMembers"
}

/** The permissions by the route. Routes that are not listed need access to their channel only. */
const needs: Readonly<Record<string, (place: Place) => Names>> = {
  [`POST ${one}/messages`]: ({ isThread }) => [isThread ? "SendMessagesInThreads" : "SendMessages"],
  [`POST ${one}/messages/bulk-delete`]: always("ManageMessages"),
  [`DELETE ${message}`]: ({ isOwnMessage }) => isOwnMessage ? [] : ["ManageMessages"],
  [`POST ${message}/crosspost`]: always("SendMessages"),
  [`PUT ${message}/reactions/:emoji/@me`]: always("ReadMessageHistory", "AddReactions"),
  [`DELETE ${message}/reactions/:emoji/:user`]: ({ call }) => call.params["user"] === "@me" ? [] : ["ManageMessages"],
  [`DELETE ${message}/reactions/:emoji`]: always("ManageMessages"),
  [`DELETE ${message}/reactions`]: always("ManageMessages"),
  [`PUT ${one}/messages/pins/:message`]: always("PinMessages"),
  [`DELETE ${one}/messages/pins/:message`]: always("PinMessages"),
  [`PATCH ${one}`]: manageChannel,
  [`DELETE ${one}`]: manageChannel,
  [`PUT ${one}/permissions/:overwrite`]: always("ManageRoles"),
  [`DELETE ${one}/permissions/:overwrite`]: always("ManageRoles"),
  [`POST ${message}/threads`]: always("CreatePublicThreads"),
  [`POST ${one}/threads`]: ({ call, channel }) =>
    channel["type"] === 15 || channel["type"] === 16
      ? ["SendMessages"]
      : [(call.body["type"] ?? 12) === 12 ? "CreatePrivateThreads" : "CreatePublicThreads"],
  [`DELETE ${one}/thread-members/:user`]: ({ call }) => call.params["user"] === "@me" ? [] : ["ManageThreads"],
  [`POST ${one}/webhooks`]: always("ManageWebhooks"),
  [`GET ${one}/webhooks`]: always("ManageWebhooks"),
  [`GET ${guild}/webhooks`]: always("ManageWebhooks"),
  [`POST ${guild}/channels`]: always("ManageChannels"),
  [`PATCH ${guild}`]: always("ManageGuild"),
  [`PATCH ${guild}/members/:user`]: ({ call: { body, params } }) =>
    params["user"] === "@me" ? ["ChangeNickname"] : Object.keys(body).flatMap((field) => memberFields[field] ?? []),
  [`DELETE ${guild}/members/:user`]: always("KickMembers"),
  [`PUT ${guild}/members/:user/roles/:role`]: always("ManageRoles"),
  [`DELETE ${guild}/members/:user/roles/:role`]: always("ManageRoles"),
  [`GET ${guild}/bans`]: always("BanMembers"),
  [`GET ${guild}/bans/:user`]: always("BanMembers"),
  [`PUT ${guild}/bans/:user`]: always("BanMembers"),
  [`DELETE ${guild}/bans/:user`]: always("BanMembers"),
  [`POST ${guild}/bulk-ban`]: always("BanMembers", "ManageGuild"),
  [`POST ${guild}/roles`]: always("ManageRoles"),
  [`PATCH ${guild}/roles/:role`]: always("ManageRoles"),
  [`DELETE ${guild}/roles/:role`]: always("ManageRoles")
}

const listIds = (member: Body | undefined): ReadonlyArray<unknown> =>
  Array.isArray(member?.["roles"]) ? member["roles"] : []

const bits = (value: unknown): bigint => BigInt(typeof value === "string" ? value : 0)

const union = (all: ReadonlyArray<Body>, field: string): bigint =>
  all.reduce((sum, entry) => sum | bits(entry[field]), 0n)

/** The permissions of the bot in a guild, or in a channel of it. */
export const getPermissions = (world: State.State, guild: State.GuildState, channel?: Body): bigint => {
  const ids = [guild.id, ...listIds(world.member(guild, Bot.id))]
  const base = union(guild.roles.filter(({ id }) => ids.includes(id)), "permissions")
  if ((base & Permissions.of("Administrator")) !== 0n || guild.body["owner_id"] === Bot.id) {
    return Permissions.all
  }
  const parent = world.channel(Form.textAt(channel, "parent_id"))
  const place = channel?.["thread_metadata"] === undefined ? channel : parent
  const overwrites = Form.listAt(place, "permission_overwrites")
  const apply = (present: bigint, isIt: (id: unknown) => boolean) => {
    const own = overwrites.filter(({ id }) => isIt(id))
    return (present & ~union(own, "deny")) | union(own, "allow")
  }
  const ofEveryone = apply(base, (id) => id === guild.id)
  const ofRoles = apply(ofEveryone, (id) => id !== guild.id && ids.includes(id))
  return apply(ofRoles, (id) => id === Bot.id)
}

const highest = (guild: State.GuildState, ids: ReadonlyArray<unknown>): number =>
  Math.max(0, ...guild.roles.filter(({ id }) => ids.includes(id)).map(({ position }) => Number(position)))

/** True if the bot may act on the member and the role that a request changes, which are below its highest role. */
const outranks = (
  world: State.State,
  guild: State.GuildState,
  { role = "", user = "" }: Api.Call["params"]
): boolean => {
  const own = highest(guild, listIds(world.member(guild, Bot.id)))
  return user !== guild.body["owner_id"] && (role === "" || highest(guild, [role]) < own) &&
    (role !== "" || user === "" || user === "@me" || highest(guild, listIds(world.member(guild, user))) < own)
}

/** Fails if the bot of a simulator with given permissions lacks one that the route needs. */
export const check = (
  { settings, world }: Api.Context,
  route: string,
  call: Api.Call
): Effect.Effect<void, Api.ApiError> =>
  Effect.suspend(() => {
    const { channel: channelId = "", guild: guildId = "", message: messageId = "" } = call.params
    const channel = channelId === "" ? undefined : world.channel(channelId)
    const guild = world.guild(guildId || Form.textAt(channel, "guild_id"))
    if (settings.permissions === undefined || guild === undefined) {
      return Effect.void
    }
    const present = getPermissions(world, guild, channel)
    const has = (name: Permissions.Name) => (present & Permissions.of(name)) !== 0n
    if (channel !== undefined && !has("ViewChannel")) {
      return Api.fail(403, 50001, "Missing Access")
    }
    const author = Form.textAt(world.message(channelId, messageId)?.["author"], "id")
    const isThread = channel?.["thread_metadata"] !== undefined
    const needed = needs[route]?.({ call, channel: channel ?? {}, isThread, isOwnMessage: author === Bot.id }) ?? []
    const isChange = needed.length > 0 && !route.startsWith("GET")
    return needed.every(has) && (!isChange || outranks(world, guild, call.params))
      ? Effect.void
      : Api.fail(403, 50013, "Missing Permissions")
  })
