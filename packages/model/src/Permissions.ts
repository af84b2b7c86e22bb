/**
 * Permissions of a role or a member: a set of named bits. It has more bits than a number can hold, so Discord sends it
 * as a decimal string.
 *
 * @see https://docs.discord.com/developers/topics/permissions
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as BitSet from "./internal/bitSet.js"

/**
 * The set. Unknown bits are kept. `ModelSchema.Permissions` is its Schema.
 *
 * @since 0.1.0
 * @category models
 */
export type Permissions = bigint & Brand.Brand<"@vesper/model/Permissions">

const table = {
  CreateInstantInvite: 0,
  KickMembers: 1,
  BanMembers: 2,
  Administrator: 3,
  ManageChannels: 4,
  ManageGuild: 5,
  AddReactions: 6,
  ViewAuditLog: 7,
  PrioritySpeaker: 8,
  Stream: 9,
  ViewChannel: 10,
  SendMessages: 11,
  SendTtsMessages: 12,
  ManageMessages: 13,
  EmbedLinks: 14,
  AttachFiles: 15,
  ReadMessageHistory: 16,
  MentionEveryone: 17,
  UseExternalEmojis: 18,
  ViewGuildInsights: 19,
  Connect: 20,
  Speak: 21,
  MuteMembers: 22,
  DeafenMembers: 23,
  MoveMembers: 24,
  UseVad: 25,
  ChangeNickname: 26,
  ManageNicknames: 27,
  ManageRoles: 28,
  ManageWebhooks: 29,
  ManageGuildExpressions: 30,
  UseApplicationCommands: 31,
  RequestToSpeak: 32,
  ManageEvents: 33,
  ManageThreads: 34,
  CreatePublicThreads: 35,
  CreatePrivateThreads: 36,
  UseExternalStickers: 37,
  SendMessagesInThreads: 38,
  UseEmbeddedActivities: 39,
  ModerateMembers: 40,
  ViewCreatorMonetizationAnalytics: 41,
  UseSoundboard: 42,
  CreateGuildExpressions: 43,
  CreateEvents: 44,
  UseExternalSounds: 45,
  SendVoiceMessages: 46,
  SetVoiceChannelStatus: 48,
  SendPolls: 49,
  UseExternalApps: 50,
  PinMessages: 51,
  BypassSlowmode: 52
} as const

/**
 * The name of a permission.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = keyof typeof table

// Unions, differences and sums of single bits are never negative.
const fromBits_ = (bits: bigint): Permissions => bits as Permissions

const set = BitSet.make<Permissions, Name>(table, { toBits: (self) => self, fromBits: fromBits_ })

/**
 * Not a set of permissions.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidPermissions extends Data.TaggedError("InvalidPermissions")<{ readonly input: string }> {
  override get message(): string {
    return `"${this.input}" is no set of permissions; give a whole number of 0 or more, as Discord sends it`
  }
}

/**
 * The names of all permissions, in the order of their bits.
 *
 * @since 0.1.0
 * @category constants
 */
export const allNames: ReadonlyArray<Name> = set.allNames

/**
 * The empty set.
 *
 * @since 0.1.0
 * @category constants
 */
export const none: Permissions = set.none

/**
 * All permissions that have a name.
 *
 * @since 0.1.0
 * @category constants
 */
export const all: Permissions = set.all

/**
 * Makes a set of permissions by name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of: (...names: ReadonlyArray<Name>) => Permissions = set.of

/**
 * A set as Discord sends it, such as `role.permissions`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Permissions } from "@vesper/model"
 * import { Either } from "effect"
 *
 * const permissions = Either.getOrThrow(Permissions.fromString("2251799813685249"))
 * assert.deepStrictEqual(Permissions.names(permissions), ["CreateInstantInvite", "PinMessages"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromString = (text: string): Either.Either<Permissions, InvalidPermissions> =>
  /^\d{1,100}$/.test(text)
    ? Either.right(fromBits_(BigInt(text)))
    : Either.left(new InvalidPermissions({ input: text.slice(0, 60) }))

/**
 * A set from its number.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromBits = (bits: bigint): Either.Either<Permissions, InvalidPermissions> =>
  bits >= 0n ? Either.right(fromBits_(bits)) : Either.left(new InvalidPermissions({ input: String(bits) }))

/**
 * As Discord takes it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toString = (self: Permissions): string => String(self)

/**
 * Returns true if the bit itself is set. `allows` also considers administrators.
 *
 * @since 0.1.0
 * @category getters
 */
export const has: {
  (name: Name): (self: Permissions) => boolean
  (self: Permissions, name: Name): boolean
} = set.has

/**
 * Returns true if these permissions allow an action: an administrator may do everything.
 *
 * @since 0.1.0
 * @category getters
 */
export const allows: {
  (name: Name): (self: Permissions) => boolean
  (self: Permissions, name: Name): boolean
} = dual(2, (self: Permissions, name: Name): boolean => has(self, "Administrator") || has(self, name))

/**
 * The names of the permissions in a set.
 *
 * @since 0.1.0
 * @category getters
 */
export const names: (self: Permissions) => ReadonlyArray<Name> = set.names

/**
 * The positions of the unknown bits in a set.
 *
 * @since 0.1.0
 * @category getters
 */
export const unknownBits: (self: Permissions) => ReadonlyArray<number> = set.unknownBits

/**
 * Adds a permission to the set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const add: {
  (name: Name): (self: Permissions) => Permissions
  (self: Permissions, name: Name): Permissions
} = set.add

/**
 * Removes a permission from the set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remove: {
  (name: Name): (self: Permissions) => Permissions
  (self: Permissions, name: Name): Permissions
} = set.remove

/**
 * Unites two sets.
 *
 * @since 0.1.0
 * @category combinators
 */
export const union: {
  (that: Permissions): (self: Permissions) => Permissions
  (self: Permissions, that: Permissions): Permissions
} = set.union
