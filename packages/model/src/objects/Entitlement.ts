/**
 * Entitlements of users.
 *
 * @see https://docs.discord.com/developers/resources/entitlement
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Id, Timestamp } from "./Wire.js"

/**
 * Entitlements of users.
 *
 * @see https://docs.discord.com/developers/resources/entitlement#entitlement-object-entitlement-structure
 * @since 0.1.0
 * @category schemas
 */
export class Entitlement extends Schema.Struct({
  id: Id,
  sku_id: Id,
  application_id: Id,
  user_id: Schema.optional(Id),
  type: Enum,
  deleted: Schema.Boolean,
  starts_at: Schema.NullOr(Timestamp),
  ends_at: Schema.NullOr(Timestamp),
  guild_id: Schema.optional(Id),
  consumed: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "Entitlement" }) {}
