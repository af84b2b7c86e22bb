/**
 * Where the bot is in voice, as `Shard.updateVoiceState` is told.
 *
 * @see https://docs.discord.com/developers/topics/voice-connections#retrieving-voice-server-information
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest wait for the answer, the time without a connection not counted. Default: 10 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * All that a voice connection needs to begin.
 *
 * @since 0.1.0
 * @category models
 */
export interface VoiceConnection {
  /** The bot's own voice state, with the session id. */
  readonly state: Dispatch.DataOf<"VOICE_STATE_UPDATE">
  /** The voice server, with endpoint and token; none after leaving. */
  readonly server: Option.Option<Dispatch.DataOf<"VOICE_SERVER_UPDATE">>
}
