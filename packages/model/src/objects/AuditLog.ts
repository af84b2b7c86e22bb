/**
 * Audit logs of guilds.
 *
 * @see https://docs.discord.com/developers/resources/audit-log
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Id } from "./Wire.js"

/**
 * A field that was changed.
 *
 * @see https://docs.discord.com/developers/resources/audit-log#audit-log-change-object-audit-log-change-structure
 * @since 0.1.0
 * @category schemas
 */
export class AuditLogChange extends Schema.Struct({
  new_value: Schema.optional(Schema.Unknown),
  old_value: Schema.optional(Schema.Unknown),
  key: Schema.String
}).annotations({ identifier: "AuditLogChange" }) {}

/**
 * Additional fields by the type of an entry.
 *
 * @see https://docs.discord.com/developers/resources/audit-log#audit-log-entry-object-optional-audit-entry-info
 * @since 0.1.0
 * @category schemas
 */
export class OptionalAuditEntryInfo extends Schema.Struct({
  application_id: Schema.optional(Id),
  auto_moderation_rule_name: Schema.optional(Schema.String),
  auto_moderation_rule_trigger_type: Schema.optional(Schema.String),
  channel_id: Schema.optional(Id),
  count: Schema.optional(Schema.String),
  delete_member_days: Schema.optional(Schema.String),
  id: Schema.optional(Id),
  members_removed: Schema.optional(Schema.String),
  message_id: Schema.optional(Id),
  role_name: Schema.optional(Schema.String),
  type: Schema.optional(Schema.String),
  integration_type: Schema.optional(Schema.String),
  status: Schema.optional(Schema.String)
}).annotations({ identifier: "OptionalAuditEntryInfo" }) {}

/**
 * An action of a user.
 *
 * @see https://docs.discord.com/developers/resources/audit-log#audit-log-entry-object-audit-log-entry-structure
 * @since 0.1.0
 * @category schemas
 */
export class AuditLogEntry extends Schema.Struct({
  target_id: Schema.NullOr(Schema.String),
  changes: Schema.optional(Schema.Array(AuditLogChange)),
  user_id: Schema.NullOr(Id),
  id: Id,
  action_type: Enum,
  options: Schema.optional(OptionalAuditEntryInfo),
  reason: Schema.optional(Schema.String)
}).annotations({ identifier: "AuditLogEntry" }) {}
