/**
 * Roles of a guild.
 *
 * @see https://docs.discord.com/developers/topics/permissions#role-object
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Flags, Id, Integer, Permissions } from "./Wire.js"

/**
 * The colors of a role; with more than one, a gradient.
 *
 * @see https://docs.discord.com/developers/topics/permissions#role-object-role-colors-object
 * @since 0.1.0
 * @category schemas
 */
export class RoleColors extends Schema.Struct({
  primary_color: Integer,
  secondary_color: Schema.NullOr(Integer),
  tertiary_color: Schema.NullOr(Integer)
}).annotations({ identifier: "RoleColors" }) {}

/**
 * Tags of a role. A field with the value null means true.
 *
 * @see https://docs.discord.com/developers/topics/permissions#role-object-role-tags-structure
 * @since 0.1.0
 * @category schemas
 */
export class RoleTags extends Schema.Struct({
  bot_id: Schema.optional(Id),
  integration_id: Schema.optional(Id),
  premium_subscriber: Schema.optional(Schema.Null),
  subscription_listing_id: Schema.optional(Id),
  available_for_purchase: Schema.optional(Schema.Null),
  guild_connections: Schema.optional(Schema.Null)
}).annotations({ identifier: "RoleTags" }) {}

/**
 * A role.
 *
 * @see https://docs.discord.com/developers/topics/permissions#role-object-role-structure
 * @since 0.1.0
 * @category schemas
 */
export class Role extends Schema.Struct({
  id: Id,
  name: Schema.String,
  color: Integer,
  colors: RoleColors,
  hoist: Schema.Boolean,
  icon: Schema.optional(Schema.NullOr(Schema.String)),
  unicode_emoji: Schema.optional(Schema.NullOr(Schema.String)),
  position: Integer,
  permissions: Permissions,
  managed: Schema.Boolean,
  mentionable: Schema.Boolean,
  tags: Schema.optional(RoleTags),
  flags: Flags
}).annotations({ identifier: "Role" }) {}
