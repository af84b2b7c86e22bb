/**
 * Rules by which Discord moderates.
 *
 * @see https://docs.discord.com/developers/resources/auto-moderation
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Id, Integer } from "./Wire.js"

/**
 * Additional fields by the type of an action.
 *
 * @see https://docs.discord.com/developers/resources/auto-moderation#auto-moderation-action-object-action-metadata
 * @since 0.1.0
 * @category schemas
 */
export class ActionMetadata extends Schema.Struct({
  channel_id: Schema.optional(Id),
  duration_seconds: Schema.optional(Integer),
  // The documentation knows of no null, but discord-api-types does.
  custom_message: Schema.optional(Schema.NullOr(Schema.String))
}).annotations({ identifier: "ActionMetadata" }) {}

/**
 * An action that follows a violation of a rule.
 *
 * @see https://docs.discord.com/developers/resources/auto-moderation#auto-moderation-action-object-auto-moderation-action-structure
 * @since 0.1.0
 * @category schemas
 */
export class AutoModerationAction extends Schema.Struct({
  type: Enum,
  metadata: Schema.optional(ActionMetadata)
}).annotations({ identifier: "AutoModerationAction" }) {}

/**
 * Additional fields by the trigger of a rule.
 *
 * @see https://docs.discord.com/developers/resources/auto-moderation#auto-moderation-rule-object-trigger-metadata
 * @since 0.1.0
 * @category schemas
 */
export class TriggerMetadata extends Schema.Struct({
  keyword_filter: Schema.optional(Schema.Array(Schema.String)),
  regex_patterns: Schema.optional(Schema.Array(Schema.String)),
  presets: Schema.optional(Schema.Array(Enum)),
  allow_list: Schema.optional(Schema.Array(Schema.String)),
  mention_total_limit: Schema.optional(Integer),
  mention_raid_protection_enabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "TriggerMetadata" }) {}

/**
 * A rule by which Discord moderates.
 *
 * @see https://docs.discord.com/developers/resources/auto-moderation#auto-moderation-rule-object-auto-moderation-rule-structure
 * @since 0.1.0
 * @category schemas
 */
export class AutoModerationRule extends Schema.Struct({
  id: Id,
  guild_id: Id,
  name: Schema.String,
  creator_id: Id,
  event_type: Enum,
  trigger_type: Enum,
  trigger_metadata: TriggerMetadata,
  actions: Schema.Array(AutoModerationAction),
  enabled: Schema.Boolean,
  exempt_roles: Schema.Array(Id),
  exempt_channels: Schema.Array(Id)
}).annotations({ identifier: "AutoModerationRule" }) {}
