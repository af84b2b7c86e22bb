/**
 * Sounds to play in voice channels.
 *
 * @see https://docs.discord.com/developers/resources/soundboard
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { User } from "./User.js"
import { Float, Id } from "./Wire.js"

/**
 * A sound to play in a voice channel.
 *
 * @see https://docs.discord.com/developers/resources/soundboard#soundboard-sound-object-soundboard-sound-structure
 * @since 0.1.0
 * @category schemas
 */
export class SoundboardSound extends Schema.Struct({
  name: Schema.String,
  sound_id: Id,
  volume: Float,
  emoji_id: Schema.NullOr(Id),
  emoji_name: Schema.NullOr(Schema.String),
  guild_id: Schema.optional(Id),
  available: Schema.Boolean,
  user: Schema.optional(User)
}).annotations({ identifier: "SoundboardSound" }) {}
