/**
 * Guilds.
 *
 * @see https://docs.discord.com/developers/resources/guild
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Emoji } from "./Emoji.js"
import { Role } from "./Role.js"
import { Sticker } from "./Sticker.js"
import { Enum, Flags, Id, Integer, optionalFields, Permissions, Timestamp } from "./Wire.js"

/**
 * A guild that is unavailable, or not yet received.
 *
 * @since 0.1.0
 * @category schemas
 */
export class UnavailableGuild extends Schema.Struct({
  id: Id,
  unavailable: Schema.Boolean
}).annotations({ identifier: "UnavailableGuild" }) {}

/**
 * A channel that a welcome screen shows.
 *
 * @see https://docs.discord.com/developers/resources/guild#welcome-screen-object-welcome-screen-channel-structure
 * @since 0.1.0
 * @category schemas
 */
export class WelcomeScreenChannel extends Schema.Struct({
  channel_id: Id,
  description: Schema.String,
  emoji_id: Schema.NullOr(Id),
  emoji_name: Schema.NullOr(Schema.String)
}).annotations({ identifier: "WelcomeScreenChannel" }) {}

/**
 * The welcome screen of a guild.
 *
 * @see https://docs.discord.com/developers/resources/guild#welcome-screen-object-welcome-screen-structure
 * @since 0.1.0
 * @category schemas
 */
export class WelcomeScreen extends Schema.Struct({
  description: Schema.NullOr(Schema.String),
  welcome_channels: Schema.Array(WelcomeScreenChannel)
}).annotations({ identifier: "WelcomeScreen" }) {}

/**
 * Measures of a guild against raids.
 *
 * @see https://docs.discord.com/developers/resources/guild#incidents-data-object-incidents-data-structure
 * @since 0.1.0
 * @category schemas
 */
export class IncidentsData extends Schema.Struct({
  invites_disabled_until: Schema.NullOr(Timestamp),
  dms_disabled_until: Schema.NullOr(Timestamp),
  dm_spam_detected_at: Schema.optional(Schema.NullOr(Timestamp)),
  raid_detected_at: Schema.optional(Schema.NullOr(Timestamp))
}).annotations({ identifier: "IncidentsData" }) {}

/**
 * A guild.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-object-guild-structure
 * @since 0.1.0
 * @category schemas
 */
export class Guild extends Schema.Struct({
  id: Id,
  name: Schema.String,
  icon: Schema.NullOr(Schema.String),
  icon_hash: Schema.optional(Schema.NullOr(Schema.String)),
  splash: Schema.NullOr(Schema.String),
  discovery_splash: Schema.NullOr(Schema.String),
  owner: Schema.optional(Schema.Boolean),
  owner_id: Id,
  permissions: Schema.optional(Permissions),
  region: Schema.optional(Schema.NullOr(Schema.String)),
  afk_channel_id: Schema.NullOr(Id),
  afk_timeout: Integer,
  widget_enabled: Schema.optional(Schema.Boolean),
  widget_channel_id: Schema.optional(Schema.NullOr(Id)),
  verification_level: Enum,
  default_message_notifications: Enum,
  explicit_content_filter: Enum,
  roles: Schema.Array(Role),
  emojis: Schema.Array(Emoji),
  features: Schema.Array(Schema.String),
  mfa_level: Enum,
  application_id: Schema.NullOr(Id),
  system_channel_id: Schema.NullOr(Id),
  system_channel_flags: Flags,
  rules_channel_id: Schema.NullOr(Id),
  max_presences: Schema.optional(Schema.NullOr(Integer)),
  max_members: Schema.optional(Integer),
  vanity_url_code: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  banner: Schema.NullOr(Schema.String),
  premium_tier: Enum,
  premium_subscription_count: Schema.optional(Integer),
  preferred_locale: Schema.String,
  public_updates_channel_id: Schema.NullOr(Id),
  max_video_channel_users: Schema.optional(Integer),
  max_stage_video_channel_users: Schema.optional(Integer),
  approximate_member_count: Schema.optional(Integer),
  approximate_presence_count: Schema.optional(Integer),
  welcome_screen: Schema.optional(WelcomeScreen),
  nsfw_level: Enum,
  stickers: Schema.optional(Schema.Array(Sticker)),
  premium_progress_bar_enabled: Schema.Boolean,
  safety_alerts_channel_id: Schema.NullOr(Id),
  incidents_data: Schema.NullOr(IncidentsData)
}).annotations({ identifier: "Guild" }) {}

/**
 * A guild of which only the id is required.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialGuild extends Schema.Struct({ ...optionalFields(Guild.fields), id: Id }) {}
