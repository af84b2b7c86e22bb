/**
 * Voice states.
 *
 * @see https://docs.discord.com/developers/resources/voice
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { GuildMember } from "./GuildMember.js"
import { Id, Timestamp } from "./Wire.js"

/**
 * The voice connection of a user.
 *
 * @see https://docs.discord.com/developers/resources/voice#voice-state-object-voice-state-structure
 * @since 0.1.0
 * @category schemas
 */
export class VoiceState extends Schema.Struct({
  guild_id: Schema.optional(Id),
  channel_id: Schema.NullOr(Id),
  user_id: Id,
  member: Schema.optional(GuildMember),
  session_id: Schema.String,
  deaf: Schema.Boolean,
  mute: Schema.Boolean,
  self_deaf: Schema.Boolean,
  self_mute: Schema.Boolean,
  self_stream: Schema.optional(Schema.Boolean),
  self_video: Schema.Boolean,
  suppress: Schema.Boolean,
  request_to_speak_timestamp: Schema.NullOr(Timestamp)
}).annotations({ identifier: "VoiceState" }) {}

/**
 * A voice state without the guild, which the enclosing object names.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialVoiceState extends Schema.Struct(Struct.omit(VoiceState.fields, "guild_id")) {}
