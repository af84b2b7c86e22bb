/**
 * Channels, and threads, which are channels.
 *
 * @see https://docs.discord.com/developers/resources/channel
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { GuildMember } from "./GuildMember.js"
import { User } from "./User.js"
import { Enum, Flags, Id, Integer, optionalFields, Permissions, Timestamp } from "./Wire.js"

/**
 * Permissions of a role or a member in a channel that differ from the guild's.
 *
 * @see https://docs.discord.com/developers/resources/channel#overwrite-object-overwrite-structure
 * @since 0.1.0
 * @category schemas
 */
export class Overwrite extends Schema.Struct({
  id: Id,
  type: Enum,
  allow: Permissions,
  deny: Permissions
}).annotations({ identifier: "Overwrite" }) {}

/**
 * Fields of threads only.
 *
 * @see https://docs.discord.com/developers/resources/channel#thread-metadata-object-thread-metadata-structure
 * @since 0.1.0
 * @category schemas
 */
export class ThreadMetadata extends Schema.Struct({
  archived: Schema.Boolean,
  auto_archive_duration: Integer,
  archive_timestamp: Timestamp,
  locked: Schema.Boolean,
  invitable: Schema.optional(Schema.Boolean),
  create_timestamp: Schema.optional(Schema.NullOr(Timestamp))
}).annotations({ identifier: "ThreadMetadata" }) {}

/**
 * Someone in a thread.
 *
 * @see https://docs.discord.com/developers/resources/channel#thread-member-object-thread-member-structure
 * @since 0.1.0
 * @category schemas
 */
export class ThreadMember extends Schema.Struct({
  id: Schema.optional(Id),
  user_id: Schema.optional(Id),
  join_timestamp: Timestamp,
  flags: Flags,
  member: Schema.optional(GuildMember)
}).annotations({ identifier: "ThreadMember" }) {}

/**
 * The emoji that a forum puts under its posts.
 *
 * @see https://docs.discord.com/developers/resources/channel#default-reaction-object-default-reaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class DefaultReaction extends Schema.Struct({
  emoji_id: Schema.NullOr(Id),
  emoji_name: Schema.NullOr(Schema.String)
}).annotations({ identifier: "DefaultReaction" }) {}

/**
 * A tag that posts in a forum can have.
 *
 * @see https://docs.discord.com/developers/resources/channel#forum-tag-object-forum-tag-structure
 * @since 0.1.0
 * @category schemas
 */
export class ForumTag extends Schema.Struct({
  id: Id,
  name: Schema.String,
  moderated: Schema.Boolean,
  emoji_id: Schema.NullOr(Id),
  emoji_name: Schema.NullOr(Schema.String)
}).annotations({ identifier: "ForumTag" }) {}

/**
 * A channel of any type. Which fields it has depends on the type.
 *
 * @see https://docs.discord.com/developers/resources/channel#channel-object-channel-structure
 * @since 0.1.0
 * @category schemas
 */
export class Channel extends Schema.Struct({
  id: Id,
  type: Enum,
  guild_id: Schema.optional(Id),
  position: Schema.optional(Integer),
  permission_overwrites: Schema.optional(Schema.Array(Overwrite)),
  name: Schema.optional(Schema.NullOr(Schema.String)),
  topic: Schema.optional(Schema.NullOr(Schema.String)),
  nsfw: Schema.optional(Schema.Boolean),
  last_message_id: Schema.optional(Schema.NullOr(Id)),
  bitrate: Schema.optional(Integer),
  user_limit: Schema.optional(Integer),
  rate_limit_per_user: Schema.optional(Integer),
  recipients: Schema.optional(Schema.Array(User)),
  icon: Schema.optional(Schema.NullOr(Schema.String)),
  owner_id: Schema.optional(Id),
  application_id: Schema.optional(Schema.NullOr(Id)),
  managed: Schema.optional(Schema.Boolean),
  parent_id: Schema.optional(Schema.NullOr(Id)),
  last_pin_timestamp: Schema.optional(Schema.NullOr(Timestamp)),
  rtc_region: Schema.optional(Schema.NullOr(Schema.String)),
  video_quality_mode: Schema.optional(Enum),
  message_count: Schema.optional(Integer),
  member_count: Schema.optional(Integer),
  thread_metadata: Schema.optional(ThreadMetadata),
  member: Schema.optional(ThreadMember),
  default_auto_archive_duration: Schema.optional(Integer),
  permissions: Schema.optional(Permissions),
  app_permissions: Schema.optional(Permissions),
  flags: Schema.optional(Flags),
  total_message_sent: Schema.optional(Integer),
  available_tags: Schema.optional(Schema.Array(ForumTag)),
  applied_tags: Schema.optional(Schema.Array(Id)),
  default_reaction_emoji: Schema.optional(Schema.NullOr(DefaultReaction)),
  default_thread_rate_limit_per_user: Schema.optional(Integer),
  default_sort_order: Schema.optional(Schema.NullOr(Enum)),
  default_forum_layout: Schema.optional(Enum)
}).annotations({ identifier: "Channel" }) {}

/**
 * A channel of which only the id is required.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialChannel extends Schema.Struct({ ...optionalFields(Channel.fields), id: Id }) {}
