/**
 * Members of guilds.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-member-object
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { AvatarDecorationData, Collectibles, User } from "./User.js"
import { Flags, Id, optionalFields, Permissions, Timestamp } from "./Wire.js"

/**
 * A member of a guild.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-structure
 * @since 0.1.0
 * @category schemas
 */
export class GuildMember extends Schema.Struct({
  user: Schema.optional(User),
  nick: Schema.optional(Schema.NullOr(Schema.String)),
  avatar: Schema.optional(Schema.NullOr(Schema.String)),
  banner: Schema.optional(Schema.NullOr(Schema.String)),
  roles: Schema.Array(Id),
  joined_at: Schema.NullOr(Timestamp),
  premium_since: Schema.optional(Schema.NullOr(Timestamp)),
  deaf: Schema.Boolean,
  mute: Schema.Boolean,
  flags: Flags,
  pending: Schema.optional(Schema.Boolean),
  permissions: Schema.optional(Permissions),
  communication_disabled_until: Schema.optional(Schema.NullOr(Timestamp)),
  avatar_decoration_data: Schema.optional(Schema.NullOr(AvatarDecorationData)),
  collectibles: Schema.optional(Schema.NullOr(Collectibles))
}).annotations({ identifier: "GuildMember" }) {}

/**
 * A member without its user, which is sent separately.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialGuildMember extends Schema.Struct(optionalFields(GuildMember.fields)) {}
