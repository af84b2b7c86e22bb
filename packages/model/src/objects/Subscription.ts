/**
 * Subscriptions of users.
 *
 * @see https://docs.discord.com/developers/resources/subscription
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Id, Timestamp } from "./Wire.js"

/**
 * Subscriptions of users.
 *
 * @see https://docs.discord.com/developers/resources/subscription#subscription-object
 * @since 0.1.0
 * @category schemas
 */
export class Subscription extends Schema.Struct({
  id: Id,
  user_id: Id,
  sku_ids: Schema.Array(Id),
  entitlement_ids: Schema.Array(Id),
  renewal_sku_ids: Schema.NullOr(Schema.Array(Id)),
  current_period_start: Timestamp,
  current_period_end: Timestamp,
  status: Enum,
  canceled_at: Schema.NullOr(Timestamp),
  country: Schema.optional(Schema.String)
}).annotations({ identifier: "Subscription" }) {}
