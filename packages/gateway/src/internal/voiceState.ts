/** Joins and leaves voice channels, and waits for what a voice connection needs to know. */
import * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ShardError from "../ShardError.js"
import type * as VoiceState from "../VoiceState.js"
import * as Answer from "./answer.js"
import * as BotId from "./session/botId.js"
import * as Sender from "./sender.js"
import type { ShardState } from "./shardState.js"

const defaultTimeout = Duration.seconds(10)

const hint = "Discord does not answer if the bot may not see or join the channel, or is in it already"

/** The bot's own id: READY says it, which a shard that resumes the session of an earlier process has not seen. */
const ownId = (state: ShardState): string | undefined =>
  state.userId ?? Option.getOrUndefined(BotId.fromToken(state.config.token))

const failed = (reason: ShardError.NoAnswerError["reason"], detail: string) =>
  new ShardError.NoAnswerError({ reason, request: "voice state update", detail })

const checkIntent = (state: ShardState) =>
  Intents.has(state.config.intents, "GuildVoiceStates")
    ? Effect.void
    : Effect.fail(failed(
      "MissingIntent",
      "Discord tells a bot's own voice state only to shards with the intent GuildVoiceStates; add it to the config"
    ))

export const update = (state: ShardState) =>
(
  d: Command.VoiceStateUpdate["d"],
  options: VoiceState.Options = {}
): Effect.Effect<VoiceState.VoiceConnection, ShardError.SendError | ShardError.NoAnswerError> =>
  Effect.scoped(Effect.gen(function*() {
    yield* checkIntent(state)
    const command = yield* Sender.valid(Command.updateVoiceState(d))
    const own = yield* Deferred.make<Dispatch.DataOf<"VOICE_STATE_UPDATE">>()
    const server = yield* Deferred.make<Dispatch.DataOf<"VOICE_SERVER_UPDATE">>()
    // What comes before the command was written answers something else.
    let isWritten = false
    yield* state.log.listeners.listen("VOICE_STATE_UPDATE", (voice) => {
      const isOwn = voice.guild_id === d.guild_id && voice.user_id === ownId(state)
      if (isWritten && isOwn && voice.channel_id === d.channel_id) {
        Deferred.unsafeDone(own, Effect.succeed(voice))
      }
    })
    yield* state.log.listeners.listen("VOICE_SERVER_UPDATE", (voice) => {
      // Without an endpoint there is no server yet, and another event follows.
      if (isWritten && voice.guild_id === d.guild_id && voice.endpoint !== null) {
        Deferred.unsafeDone(server, Effect.succeed(voice))
      }
    })
    const outcome = yield* Sender.deliver(state, command, () => {
      isWritten = true
    })
    if (outcome === "Replaced") {
      return yield* failed("Replaced", "a newer voice state of the same guild was sent in its stead")
    }
    const both = Effect.all({
      state: Deferred.await(own),
      server: d.channel_id === null ? Effect.succeedNone : Effect.asSome(Deferred.await(server))
    })
    const timeout = Duration.decode(options.timeout ?? defaultTimeout)
    return yield* Answer.wait(state, both, timeout, "voice state update", hint)
  }))
