/**
 * Users and bots.
 *
 * @see https://docs.discord.com/developers/resources/user
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Flags, Id, Integer, optionalFields } from "./Wire.js"

/**
 * The decoration of an avatar.
 *
 * @see https://docs.discord.com/developers/resources/user#avatar-decoration-data-object-avatar-decoration-data-structure
 * @since 0.1.0
 * @category schemas
 */
export class AvatarDecorationData extends Schema.Struct({
  asset: Schema.String,
  sku_id: Id
}).annotations({ identifier: "AvatarDecorationData" }) {}

/**
 * The decoration of a name.
 *
 * @see https://docs.discord.com/developers/resources/user#nameplate-nameplate-structure
 * @since 0.1.0
 * @category schemas
 */
export class Nameplate extends Schema.Struct({
  sku_id: Id,
  asset: Schema.String,
  label: Schema.String,
  palette: Schema.String
}).annotations({ identifier: "Nameplate" }) {}

/**
 * Collectibles that a user shows.
 *
 * @see https://docs.discord.com/developers/resources/user#collectibles-collectible-structure
 * @since 0.1.0
 * @category schemas
 */
export class Collectibles extends Schema.Struct({
  nameplate: Schema.optional(Nameplate)
}).annotations({ identifier: "Collectible" }) {}

/**
 * The guild whose tag a user wears.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object-user-primary-guild
 * @since 0.1.0
 * @category schemas
 */
export class PrimaryGuild extends Schema.Struct({
  identity_guild_id: Schema.NullOr(Id),
  identity_enabled: Schema.NullOr(Schema.Boolean),
  tag: Schema.NullOr(Schema.String),
  badge: Schema.NullOr(Schema.String)
}).annotations({ identifier: "UserPrimaryGuild" }) {}

/**
 * A user or a bot.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object-user-structure
 * @since 0.1.0
 * @category schemas
 */
export class User extends Schema.Struct({
  id: Id,
  username: Schema.String,
  discriminator: Schema.String,
  global_name: Schema.NullOr(Schema.String),
  avatar: Schema.NullOr(Schema.String),
  bot: Schema.optional(Schema.Boolean),
  system: Schema.optional(Schema.Boolean),
  mfa_enabled: Schema.optional(Schema.Boolean),
  banner: Schema.optional(Schema.NullOr(Schema.String)),
  accent_color: Schema.optional(Schema.NullOr(Integer)),
  locale: Schema.optional(Schema.String),
  verified: Schema.optional(Schema.Boolean),
  email: Schema.optional(Schema.NullOr(Schema.String)),
  flags: Schema.optional(Flags),
  premium_type: Schema.optional(Enum),
  public_flags: Schema.optional(Flags),
  avatar_decoration_data: Schema.optional(Schema.NullOr(AvatarDecorationData)),
  collectibles: Schema.optional(Schema.NullOr(Collectibles)),
  primary_guild: Schema.optional(Schema.NullOr(PrimaryGuild))
}).annotations({ identifier: "User" }) {}

/**
 * A user of which only the id is required.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialUser extends Schema.Struct({ ...optionalFields(User.fields), id: Id }) {}
