/**
 * Types of `Shard.updateVoiceState`.
 *
 * @see https://docs.discord.com/developers/topics/voice-connections#retrieving-voice-server-information
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

/**
 * Options of an update.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The longest wait for the answer, excluding the time without a connection. It restarts when the session ends and the update
   * is sent in the next one. Default: 10 seconds.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * The data that opens a voice connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface VoiceConnection {
  /** The bot's own voice state, with the session id. */
  readonly state: Dispatch.DataOf<"VOICE_STATE_UPDATE">
  /** The voice server, with endpoint and token; none after the bot has left. */
  readonly server: Option.Option<Dispatch.DataOf<"VOICE_SERVER_UPDATE">>
}
