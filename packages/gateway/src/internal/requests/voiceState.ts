/** Joins and leaves voice channels, and waits for the data that a voice connection needs. */
import * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as ShardError from "../../ShardError.js"
import type * as VoiceState from "../../VoiceState.js"
import { BotId } from "../session/index.js"
import { Outgoing } from "../commands/index.js"
import type { ShardState } from "../state/index.js"
import * as Answer from "./answer.js"

type Failure = ShardError.SendError | ShardError.NoAnswerError

/** One writing of the command, with the answers to it. An event from before it was written answers something else. */
interface Attempt {
  readonly own: Deferred.Deferred<Dispatch.DataOf<"VOICE_STATE_UPDATE">>
  readonly server: Deferred.Deferred<Dispatch.DataOf<"VOICE_SERVER_UPDATE">>
  readonly sessionEnded: Deferred.Deferred<void>
}

const makeAttempt = (): Attempt => ({
  own: Deferred.unsafeMake(FiberId.none),
  server: Deferred.unsafeMake(FiberId.none),
  sessionEnded: Deferred.unsafeMake(FiberId.none)
})

const defaultTimeout = Duration.seconds(10)

const hintAfter = (attempts: number): string =>
  "Discord does not answer if the bot may not see or join the channel, or is in it already" +
  (attempts > 1 ? "; the session ended meanwhile, and the update was sent again" : "")

/** Returns the bot's own id. A shard that resumes the session of an earlier process has seen no READY that contains it. */
const ownId = (state: ShardState.ShardState): string | undefined =>
  state.userId ?? Option.getOrUndefined(BotId.fromToken(state.config.token))

const failed = (reason: ShardError.NoAnswerError["reason"], detail: string) =>
  new ShardError.NoAnswerError({ reason, request: "voice state update", detail })

const checkIntent = (state: ShardState.ShardState) =>
  Intents.has(state.config.intents, "GuildVoiceStates")
    ? Effect.void
    : Effect.fail(failed(
      "MissingIntent",
      "Discord sends a bot's own voice state only to shards with the intent GuildVoiceStates; add it to the config"
    ))

const listen = (state: ShardState.ShardState, d: Command.VoiceStateUpdate["d"], current: () => Attempt | undefined) =>
  Effect.gen(function*() {
    const { listeners } = state.log
    yield* listeners.listen("VOICE_STATE_UPDATE", (voice) => {
      const attempt = current()
      const isOwn = voice.guild_id === d.guild_id && voice.user_id === ownId(state)
      if (attempt !== undefined && isOwn && voice.channel_id === d.channel_id) {
        Deferred.unsafeDone(attempt.own, Effect.succeed(voice))
      }
    })
    yield* listeners.listen("VOICE_SERVER_UPDATE", (voice) => {
      const attempt = current()
      // An event without an endpoint is followed by another once there is a server.
      if (attempt !== undefined && voice.guild_id === d.guild_id && voice.endpoint !== null) {
        Deferred.unsafeDone(attempt.server, Effect.succeed(voice))
      }
    })
    yield* listeners.listen("READY", () => {
      const attempt = current()
      if (attempt !== undefined) {
        Deferred.unsafeDone(attempt.sessionEnded, Effect.void)
      }
    })
  })

export const update = (state: ShardState.ShardState) =>
(
  d: Command.VoiceStateUpdate["d"],
  options: VoiceState.Options = {}
): Effect.Effect<VoiceState.VoiceConnection, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    yield* checkIntent(state)
    const command = yield* Outgoing.fromConstructor(Command.updateVoiceState(d))
    const timeout = Duration.decode(options.timeout ?? defaultTimeout)
    let attempts = 0
    let attempt: Attempt | undefined
    yield* listen(state, d, () => attempt)
    const send = state.commands.send(command, () => {
      attempts++
      attempt = makeAttempt()
    })
    const answerTo = (
      { own, server, sessionEnded }: Attempt
    ): Effect.Effect<Option.Option<VoiceState.VoiceConnection>> =>
      Effect.raceFirst(
        Effect.asSome(Effect.all({
          state: Deferred.await(own),
          server: d.channel_id === null ? Effect.succeedNone : Effect.asSome(Deferred.await(server))
        })),
        Effect.as(Deferred.await(sessionEnded), Option.none())
      )
    /** A session takes the voice state along when it ends: the new one has to be asked again. */
    const ask: Effect.Effect<VoiceState.VoiceConnection, Failure> = Effect.flatMap(send, (outcome) => {
      if (outcome === "Replaced" || attempt === undefined) {
        return Effect.fail(failed("Replaced", "a newer voice state of the same guild was sent in its stead"))
      }
      const answer = Answer.wait(state, answerTo(attempt), timeout, "voice state update", () => hintAfter(attempts))
      return Effect.flatMap(
        answer,
        Option.match({
          onSome: (connection) => Effect.succeed(connection),
          onNone: () =>
            attempts < Answer.maxAttempts ? ask : Effect.fail(failed(
              "SessionEnded",
              `${attempts} sessions ended before an answer came; ask again once the shard is stable`
            ))
        })
      )
    })
    return yield* ask
  }))
