/**
 * Integrations of a guild.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-object
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { User } from "./User.js"
import { Enum, Id, Integer, Timestamp } from "./Wire.js"

/**
 * The account of an integration.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-account-object-integration-account-structure
 * @since 0.1.0
 * @category schemas
 */
export class IntegrationAccount extends Schema.Struct({
  id: Schema.String,
  name: Schema.String
}).annotations({ identifier: "IntegrationAccount" }) {}

/**
 * The app of an integration.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-application-object-integration-application-structure
 * @since 0.1.0
 * @category schemas
 */
export class IntegrationApplication extends Schema.Struct({
  id: Id,
  name: Schema.String,
  icon: Schema.NullOr(Schema.String),
  description: Schema.String,
  bot: Schema.optional(User)
}).annotations({ identifier: "IntegrationApplication" }) {}

/**
 * An integration of a guild.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-object-integration-structure
 * @since 0.1.0
 * @category schemas
 */
export class Integration extends Schema.Struct({
  id: Id,
  name: Schema.String,
  type: Schema.String,
  enabled: Schema.Boolean,
  syncing: Schema.optional(Schema.Boolean),
  role_id: Schema.optional(Id),
  enable_emoticons: Schema.optional(Schema.Boolean),
  expire_behavior: Schema.optional(Enum),
  expire_grace_period: Schema.optional(Integer),
  user: Schema.optional(User),
  account: IntegrationAccount,
  synced_at: Schema.optional(Timestamp),
  subscriber_count: Schema.optional(Integer),
  revoked: Schema.optional(Schema.Boolean),
  application: Schema.optional(IntegrationApplication),
  scopes: Schema.optional(Schema.Array(Schema.String))
}).annotations({ identifier: "Integration" }) {}
