/**
 * Stages that are live.
 *
 * @see https://docs.discord.com/developers/resources/stage-instance
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Id } from "./Wire.js"

/**
 * A stage that is live.
 *
 * @see https://docs.discord.com/developers/resources/stage-instance#stage-instance-object-stage-instance-structure
 * @since 0.1.0
 * @category schemas
 */
export class StageInstance extends Schema.Struct({
  id: Id,
  guild_id: Id,
  channel_id: Id,
  topic: Schema.String,
  privacy_level: Enum,
  discoverable_disabled: Schema.Boolean,
  guild_scheduled_event_id: Schema.NullOr(Id)
}).annotations({ identifier: "StageInstance" }) {}
