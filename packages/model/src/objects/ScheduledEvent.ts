/**
 * Events that a guild plans.
 *
 * @see https://docs.discord.com/developers/resources/guild-scheduled-event
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { User } from "./User.js"
import { Enum, Id, Integer, Timestamp } from "./Wire.js"

/**
 * Additional fields by the kind of an event.
 *
 * @see https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-entity-metadata
 * @since 0.1.0
 * @category schemas
 */
export class EntityMetadata extends Schema.Struct({
  location: Schema.optional(Schema.String)
}).annotations({ identifier: "GuildScheduledEventEntityMetadata" }) {}

/**
 * A weekday in a month, such as the second Monday.
 *
 * @see https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-nweekday-structure
 * @since 0.1.0
 * @category schemas
 */
export class RecurrenceRuleWeekday extends Schema.Struct({
  n: Integer,
  day: Enum
}).annotations({ identifier: "GuildScheduledEventRecurrenceRuleNWeekday" }) {}

/**
 * The recurrence of an event.
 *
 * @see https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object-guild-scheduled-event-recurrence-rule-structure
 * @since 0.1.0
 * @category schemas
 */
export class RecurrenceRule extends Schema.Struct({
  start: Timestamp,
  end: Schema.NullOr(Timestamp),
  frequency: Enum,
  interval: Integer,
  by_weekday: Schema.NullOr(Schema.Array(Enum)),
  by_n_weekday: Schema.NullOr(Schema.Array(RecurrenceRuleWeekday)),
  by_month: Schema.NullOr(Schema.Array(Enum)),
  by_month_day: Schema.NullOr(Schema.Array(Integer)),
  by_year_day: Schema.NullOr(Schema.Array(Integer)),
  count: Schema.NullOr(Integer)
}).annotations({ identifier: "GuildScheduledEventRecurrenceRule" }) {}

/**
 * An event that a guild plans.
 *
 * @see https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-structure
 * @since 0.1.0
 * @category schemas
 */
export class ScheduledEvent extends Schema.Struct({
  id: Id,
  guild_id: Id,
  channel_id: Schema.NullOr(Id),
  creator_id: Schema.optional(Schema.NullOr(Id)),
  name: Schema.String,
  description: Schema.optional(Schema.NullOr(Schema.String)),
  scheduled_start_time: Timestamp,
  scheduled_end_time: Schema.NullOr(Timestamp),
  privacy_level: Enum,
  status: Enum,
  entity_type: Enum,
  entity_id: Schema.NullOr(Id),
  entity_metadata: Schema.NullOr(EntityMetadata),
  creator: Schema.optional(User),
  user_count: Schema.optional(Integer),
  image: Schema.optional(Schema.NullOr(Schema.String)),
  recurrence_rule: Schema.NullOr(RecurrenceRule)
}).annotations({ identifier: "GuildScheduledEvent" }) {}
