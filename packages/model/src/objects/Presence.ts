/**
 * Presences of users.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#presence-update
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialUser } from "./User.js"
import { Enum, Flags, Id, Integer } from "./Wire.js"

/**
 * The status of a user by device.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#client-status-object
 * @since 0.1.0
 * @category schemas
 */
export class ClientStatus extends Schema.Struct({
  desktop: Schema.optional(Schema.String),
  mobile: Schema.optional(Schema.String),
  web: Schema.optional(Schema.String),
  vr: Schema.optional(Schema.String)
}).annotations({ identifier: "ClientStatus" }) {}

/**
 * The start and the end of an activity, in milliseconds since 1970.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-timestamps
 * @since 0.1.0
 * @category schemas
 */
export class ActivityTimestamps extends Schema.Struct({
  start: Schema.optional(Integer),
  end: Schema.optional(Integer)
}).annotations({ identifier: "ActivityTimestamps" }) {}

/**
 * The emoji of a custom status. It may be null in discord-api-types, but not in the documentation.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-emoji
 * @since 0.1.0
 * @category schemas
 */
export class ActivityEmoji extends Schema.Struct({
  name: Schema.NullOr(Schema.String),
  id: Schema.optional(Schema.NullOr(Id)),
  animated: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "ActivityEmoji" }) {}

/**
 * The party of an activity.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-party
 * @since 0.1.0
 * @category schemas
 */
export class ActivityParty extends Schema.Struct({
  id: Schema.optional(Schema.String),
  size: Schema.optional(Schema.Tuple(Integer, Integer))
}).annotations({ identifier: "ActivityParty" }) {}

/**
 * The images of an activity, and their texts.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-assets
 * @since 0.1.0
 * @category schemas
 */
export class ActivityAssets extends Schema.Struct({
  large_image: Schema.optional(Schema.String),
  large_text: Schema.optional(Schema.String),
  large_url: Schema.optional(Schema.String),
  small_image: Schema.optional(Schema.String),
  small_text: Schema.optional(Schema.String),
  small_url: Schema.optional(Schema.String),
  invite_cover_image: Schema.optional(Schema.String)
}).annotations({ identifier: "ActivityAssets" }) {}

/**
 * Secrets for joining and spectating.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-secrets
 * @since 0.1.0
 * @category schemas
 */
export class ActivitySecrets extends Schema.Struct({
  join: Schema.optional(Schema.String),
  spectate: Schema.optional(Schema.String),
  match: Schema.optional(Schema.String)
}).annotations({ identifier: "ActivitySecrets" }) {}

/**
 * A button below an activity.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-buttons
 * @since 0.1.0
 * @category schemas
 */
export class ActivityButton extends Schema.Struct({
  label: Schema.String,
  url: Schema.String
}).annotations({ identifier: "ActivityButtons" }) {}

/**
 * An activity of a user.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object-activity-structure
 * @since 0.1.0
 * @category schemas
 */
export class Activity extends Schema.Struct({
  name: Schema.String,
  type: Enum,
  url: Schema.optional(Schema.NullOr(Schema.String)),
  created_at: Integer,
  timestamps: Schema.optional(ActivityTimestamps),
  application_id: Schema.optional(Id),
  status_display_type: Schema.optional(Schema.NullOr(Enum)),
  details: Schema.optional(Schema.NullOr(Schema.String)),
  details_url: Schema.optional(Schema.NullOr(Schema.String)),
  state: Schema.optional(Schema.NullOr(Schema.String)),
  state_url: Schema.optional(Schema.NullOr(Schema.String)),
  emoji: Schema.optional(Schema.NullOr(ActivityEmoji)),
  party: Schema.optional(ActivityParty),
  assets: Schema.optional(ActivityAssets),
  secrets: Schema.optional(ActivitySecrets),
  instance: Schema.optional(Schema.Boolean),
  flags: Schema.optional(Flags),
  // Sent with their URLs, received as their labels.
  buttons: Schema.optional(Schema.Array(Schema.Union(ActivityButton, Schema.String)))
}).annotations({ identifier: "Activity" }) {}

/**
 * The status and activities of a user. Only the id of the user is required.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#presence-update-presence-update-event-fields
 * @since 0.1.0
 * @category schemas
 */
export class UserPresence extends Schema.Struct({
  user: PartialUser,
  guild_id: Schema.optional(Id),
  status: Schema.optional(Schema.String),
  activities: Schema.optional(Schema.Array(Activity)),
  client_status: Schema.optional(ClientStatus)
}).annotations({ identifier: "PresenceUpdate" }) {}
