/**
 * Sets of named bits, as numbers, one kind per flags field of events. Unknown bits are kept.
 *
 * @since 0.1.0
 */
import * as BitSet from "./internal/bitSet.js"

/**
 * Operations on one kind of flags.
 *
 * @since 0.1.0
 * @category models
 */
export interface Flags<Name extends string> {
  /** All names, in the order of their bits. */
  readonly allNames: ReadonlyArray<Name>
  readonly none: number
  /** All flags that have a name. */
  readonly all: number
  readonly of: (...names: ReadonlyArray<Name>) => number
  readonly has: {
    (name: Name): (self: number) => boolean
    (self: number, name: Name): boolean
  }
  readonly add: {
    (name: Name): (self: number) => number
    (self: number, name: Name): number
  }
  readonly remove: {
    (name: Name): (self: number) => number
    (self: number, name: Name): number
  }
  readonly union: {
    (that: number): (self: number) => number
    (self: number, that: number): number
  }
  /** The names of the flags in a set. */
  readonly names: (self: number) => ReadonlyArray<Name>
  /** The positions of the unknown bits in a set. */
  readonly unknownBits: (self: number) => ReadonlyArray<number>
}

const make = <Name extends string>(table: Readonly<Record<Name, number>>): Flags<Name> =>
  BitSet.make(table, BitSet.asNumber)

/**
 * Flags of an activity.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-flags
 * @since 0.1.0
 * @category constants
 */
export const Activity = make({
  Instance: 0,
  Join: 1,
  Spectate: 2,
  JoinRequest: 3,
  Sync: 4,
  Play: 5,
  PartyPrivacyFriends: 6,
  PartyPrivacyVoiceChannel: 7,
  Embedded: 8
})

/**
 * Flags of an application.
 *
 * @see https://docs.discord.com/developers/resources/application#application-object-application-flags
 * @since 0.1.0
 * @category constants
 */
export const Application = make({
  ApplicationAutoModerationRuleCreateBadge: 6,
  GatewayPresence: 12,
  GatewayPresenceLimited: 13,
  GatewayGuildMembers: 14,
  GatewayGuildMembersLimited: 15,
  VerificationPendingGuildLimit: 16,
  Embedded: 17,
  GatewayMessageContent: 18,
  GatewayMessageContentLimited: 19,
  ApplicationCommandBadge: 23
})

/**
 * Flags of an attachment.
 *
 * @see https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags
 * @since 0.1.0
 * @category constants
 */
export const Attachment = make({
  IsClip: 0,
  IsThumbnail: 1,
  IsRemix: 2,
  IsSpoiler: 3,
  IsAnimated: 5
})

/**
 * Flags of a channel.
 *
 * @see https://docs.discord.com/developers/resources/channel#channel-object-channel-flags
 * @since 0.1.0
 * @category constants
 */
export const Channel = make({
  Pinned: 1,
  RequireTag: 4,
  HideMediaDownloadOptions: 15,
  IsSpoilerChannel: 21
})

/**
 * Flags of an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-flags
 * @since 0.1.0
 * @category constants
 */
export const Embed = make({
  IsContentInventoryEntry: 5
})

/**
 * Flags of an image or a video in an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-media-flags
 * @since 0.1.0
 * @category constants
 */
export const EmbedMedia = make({
  IsAnimated: 5
})

/**
 * Flags of an invite.
 *
 * @see https://docs.discord.com/developers/resources/invite#invite-object-guild-invite-flags
 * @since 0.1.0
 * @category constants
 */
export const GuildInvite = make({
  IsGuestInvite: 0
})

/**
 * Flags of a guild member.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-flags
 * @since 0.1.0
 * @category constants
 */
export const GuildMember = make({
  DidRejoin: 0,
  CompletedOnboarding: 1,
  BypassesVerification: 2,
  StartedOnboarding: 3,
  IsGuest: 4,
  StartedHomeActions: 5,
  CompletedHomeActions: 6,
  AutomodQuarantinedUsername: 7,
  DmSettingsUpsellAcknowledged: 9,
  AutomodQuarantinedGuildTag: 10
})

/**
 * Flags of a message.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Flags } from "@vesper/model"
 *
 * assert.deepStrictEqual(Flags.Message.names(64 + 4096), ["Ephemeral", "SuppressNotifications"])
 * assert.strictEqual(Flags.Message.of("Ephemeral"), 64)
 * ```
 *
 * @see https://docs.discord.com/developers/resources/message#message-object-message-flags
 * @since 0.1.0
 * @category constants
 */
export const Message = make({
  Crossposted: 0,
  IsCrosspost: 1,
  SuppressEmbeds: 2,
  SourceMessageDeleted: 3,
  Urgent: 4,
  HasThread: 5,
  Ephemeral: 6,
  Loading: 7,
  FailedToMentionSomeRolesInThread: 8,
  SuppressNotifications: 12,
  IsVoiceMessage: 13,
  HasSnapshot: 14,
  IsComponentsV2: 15
})

/**
 * Flags of a role.
 *
 * @see https://docs.discord.com/developers/topics/permissions#role-object-role-flags
 * @since 0.1.0
 * @category constants
 */
export const Role = make({
  InPrompt: 0
})

/**
 * For whom something can be bought.
 *
 * @see https://docs.discord.com/developers/resources/sku#sku-object-sku-flags
 * @since 0.1.0
 * @category constants
 */
export const Sku = make({
  Available: 2,
  GuildSubscription: 7,
  UserSubscription: 8
})

/**
 * Announcements that a guild's system channel suppresses.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-object-system-channel-flags
 * @since 0.1.0
 * @category constants
 */
export const SystemChannel = make({
  SuppressJoinNotifications: 0,
  SuppressPremiumSubscriptions: 1,
  SuppressGuildReminderNotifications: 2,
  SuppressJoinNotificationReplies: 3,
  SuppressRoleSubscriptionPurchaseNotifications: 4,
  SuppressRoleSubscriptionPurchaseNotificationReplies: 5
})

/**
 * Flags of a file or URL in a component.
 *
 * @see https://docs.discord.com/developers/components/reference#unfurled-media-item-unfurled-media-item-flags
 * @since 0.1.0
 * @category constants
 */
export const UnfurledMediaItem = make({
  IsAnimated: 0
})

/**
 * Flags of a user.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object-user-flags
 * @since 0.1.0
 * @category constants
 */
export const User = make({
  Staff: 0,
  Partner: 1,
  Hypesquad: 2,
  BugHunterLevel1: 3,
  HypesquadOnlineHouse1: 6,
  HypesquadOnlineHouse2: 7,
  HypesquadOnlineHouse3: 8,
  PremiumEarlySupporter: 9,
  TeamPseudoUser: 10,
  BugHunterLevel2: 14,
  VerifiedBot: 16,
  VerifiedDeveloper: 17,
  CertifiedModerator: 18,
  BotHttpInteractions: 19
})
