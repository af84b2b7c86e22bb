/**
 * Discord's rules for the permissions of a member, as functions of roles and overwrites. `GuildState` applies them to its state.
 *
 * @see https://docs.discord.com/developers/topics/permissions
 * @since 0.1.0
 */
import * as Permissions from "@vesper/model/Permissions"
import * as Either from "effect/Either"

/**
 * The part of a guild that decides on permissions.
 *
 * @since 0.1.0
 * @category models
 */
export interface GuildRoles {
  readonly id: string
  readonly ownerId: string
  /** All roles by id, with the one of everyone, whose id is that of the guild. */
  readonly roles: ReadonlyMap<string, { readonly permissions: string }>
}

/**
 * The part of a member that decides on permissions. A body of Discord has these fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemberRoles {
  readonly user: { readonly id: string }
  readonly roles: ReadonlyArray<string>
  /** The end of a timeout, in ISO 8601. */
  readonly communication_disabled_until?: string | null | undefined
}

/**
 * An overwrite of a channel for a role or a member.
 *
 * @since 0.1.0
 * @category models
 */
export interface Overwrite {
  readonly id: string
  readonly allow: string
  readonly deny: string
}

/**
 * The part of a channel that decides on permissions.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChannelOverwrites {
  readonly type: number
  readonly permission_overwrites?: ReadonlyArray<Overwrite> | undefined
}

const parse = (text: string | undefined): Permissions.Permissions =>
  Either.getOrElse(Permissions.fromString(text ?? "0"), () => Permissions.none)

/** Keeps or removes bits. The result of both is a set again. */
const keep = (self: Permissions.Permissions, bits: bigint): Permissions.Permissions =>
  Either.getOrElse(Permissions.fromBits(self & bits), () => Permissions.none)

const remove = (self: Permissions.Permissions, bits: bigint): Permissions.Permissions => keep(self, ~bits)

const inTimeout = Permissions.of("ViewChannel", "ReadMessageHistory")

/** Discord ignores these while a member cannot send messages. */
const needSending = Permissions.of("MentionEveryone", "SendTtsMessages", "AttachFiles", "EmbedLinks")

/** Discord ignores these while a member cannot connect to the voice channel. */
const needConnecting = Permissions.of(
  "ManageChannels",
  "ManageRoles",
  "PrioritySpeaker",
  "Stream",
  "Speak",
  "MuteMembers",
  "DeafenMembers",
  "MoveMembers",
  "UseVad",
  "RequestToSpeak",
  "ManageEvents",
  "CreateEvents",
  "UseEmbeddedActivities",
  "UseSoundboard",
  "UseExternalSounds",
  "SetVoiceChannelStatus"
)

const isVoice = ({ type }: ChannelOverwrites): boolean => type === 2 || type === 13

const isTimedOut = ({ communication_disabled_until: until }: MemberRoles, now: number): boolean =>
  typeof until === "string" && Date.parse(until) > now

const isUnlimited = (permissions: Permissions.Permissions): boolean => Permissions.has(permissions, "Administrator")

/** Keeps the permissions that a member has in a timeout, if the member is in one. */
const withTimeout = (permissions: Permissions.Permissions, member: MemberRoles, now: number): Permissions.Permissions =>
  isTimedOut(member, now) ? keep(permissions, inTimeout) : permissions

/** The permissions of the roles. The owner and administrators have all. A role that the guild does not have counts as none. */
const ofRoles = ({ id, ownerId, roles }: GuildRoles, member: MemberRoles): Permissions.Permissions => {
  const permissions = member.roles.reduce(
    (sum, role) => Permissions.union(sum, parse(roles.get(role)?.permissions)),
    parse(roles.get(id)?.permissions)
  )
  return member.user.id === ownerId || isUnlimited(permissions) ? Permissions.all : permissions
}

/** An overwrite makes no administrator. */
const withoutAdministrator = (overwrite: bigint): bigint => overwrite & ~Permissions.of("Administrator")

const applyOverwrites = (
  base: Permissions.Permissions,
  overwrites: ReadonlyArray<Overwrite>
): Permissions.Permissions => {
  const allow = overwrites.reduce((sum, overwrite) => sum | parse(overwrite.allow), 0n)
  const deny = overwrites.reduce((sum, overwrite) => sum | parse(overwrite.deny), 0n)
  const allowed = Either.getOrElse(Permissions.fromBits(withoutAdministrator(allow)), () => Permissions.none)
  return Permissions.union(remove(base, deny), allowed)
}

/**
 * Returns the permissions of a member in a channel by roles and overwrites alone, as discord.js does: without implicit denials and
 * timeouts.
 *
 * @since 0.1.0
 * @category rules
 */
export const explicitInChannel = (
  guild: GuildRoles,
  channel: ChannelOverwrites,
  member: MemberRoles
): Permissions.Permissions => {
  const base = ofRoles(guild, member)
  if (isUnlimited(base)) {
    return base
  }
  const overwrites = channel.permission_overwrites ?? []
  const appliesTo = (id: string) => (overwrite: Overwrite) => overwrite.id === id
  const steps = [
    overwrites.filter(appliesTo(guild.id)),
    overwrites.filter(({ id }) => id !== guild.id && member.roles.includes(id)),
    overwrites.filter(appliesTo(member.user.id))
  ]
  return steps.reduce(applyOverwrites, base)
}

/**
 * Returns the permissions of a member in a guild: those of its roles, all for the owner and administrators, and two for a member in a
 * timeout.
 *
 * @since 0.1.0
 * @category rules
 */
export const inGuild = (guild: GuildRoles, member: MemberRoles, now: number): Permissions.Permissions => {
  const permissions = ofRoles(guild, member)
  return isUnlimited(permissions) ? permissions : withTimeout(permissions, member, now)
}

/** Removes the permissions that Discord ignores without `ViewChannel`, without the right to send, and without `Connect`. */
const removeIgnored = (
  permissions: Permissions.Permissions,
  channel: ChannelOverwrites,
  sending: "SendMessages" | "SendMessagesInThreads"
): Permissions.Permissions => {
  if (!Permissions.has(permissions, "ViewChannel")) {
    return Permissions.none
  }
  const silenced = Permissions.has(permissions, sending) ? permissions : remove(permissions, needSending)
  return isVoice(channel) && !Permissions.has(permissions, "Connect") ? remove(silenced, needConnecting) : silenced
}

/**
 * Returns the permissions of a member in a channel: roles, then the overwrites of everyone, of roles and of the member. The owner and
 * administrators have all.
 *
 * - Without `ViewChannel` there are none.
 * - Without `SendMessages`, mentions of everyone, TTS, files and embeds are removed.
 * - In a voice or stage channel without `Connect`, permissions of voice and to manage the channel are removed.
 * - A member in a timeout has `ViewChannel` and `ReadMessageHistory` at most.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Permissions } from "@vesper/model"
 * import { PermissionRules } from "@vesper/state"
 *
 * const sending = Permissions.of("ViewChannel", "SendMessages")
 * const guild = { id: "1", ownerId: "2", roles: new Map([["1", { permissions: Permissions.toString(sending) }]]) }
 * const channel = { type: 0, permission_overwrites: [{ id: "1", allow: "0", deny: "2048" }] }
 * const permissions = PermissionRules.inChannel(guild, channel, { user: { id: "3" }, roles: [] }, 0)
 * assert.deepStrictEqual(Permissions.names(permissions), ["ViewChannel"])
 * ```
 *
 * @since 0.1.0
 * @category rules
 */
export const inChannel = (
  guild: GuildRoles,
  channel: ChannelOverwrites,
  member: MemberRoles,
  now: number
): Permissions.Permissions => {
  const permissions = explicitInChannel(guild, channel, member)
  return isUnlimited(permissions)
    ? permissions
    : removeIgnored(withTimeout(permissions, member, now), channel, "SendMessages")
}

/**
 * Returns the permissions of a member in a thread. They are those in the parent channel, except that `SendMessages` is not inherited:
 * `SendMessagesInThreads` is the permission to send. Whether the member sees a private thread depends on its members, which is not a
 * permission.
 *
 * @since 0.1.0
 * @category rules
 */
export const inThread = (
  guild: GuildRoles,
  parent: ChannelOverwrites,
  member: MemberRoles,
  now: number
): Permissions.Permissions => {
  const permissions = explicitInChannel(guild, parent, member)
  if (isUnlimited(permissions)) {
    return permissions
  }
  const inherited = Permissions.remove(permissions, "SendMessages")
  return removeIgnored(withTimeout(inherited, member, now), parent, "SendMessagesInThreads")
}
