/** Joins and leaves voice channels, and waits for the data of the voice connection. */
import * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Shard from "../../Shard.js"
import * as ShardError from "../../ShardError.js"
import type * as ShardConfig from "../../ShardConfig.js"
import { Token } from "../config/index.js"
import { Outgoing } from "../commands/index.js"
import type { CommandQueue } from "../commands/index.js"
import type { EventLog } from "../events/log/index.js"
import * as Answer from "./awaitAnswer.js"

export interface VoiceRequester extends Answer.Requester {
  readonly commands: Pick<CommandQueue.CommandQueue, "awaitClosed" | "send">
  readonly config: Pick<ShardConfig.ShardConfig, "intents" | "token">
  readonly log: Pick<EventLog, "listeners">
  /** The bot's id; undefined before the first READY. */
  readonly userId: string | undefined
}

/** The answers to one write of the command. An event from before the write does not answer it. */
interface VoiceAttempt {
  readonly own: Deferred.Deferred<Dispatch.DataOf<"VOICE_STATE_UPDATE">>
  readonly server: Deferred.Deferred<Dispatch.DataOf<"VOICE_SERVER_UPDATE">>
  readonly sessionEnded: Deferred.Deferred<void>
}

const makeAttempt = (): VoiceAttempt => ({
  own: Deferred.unsafeMake(FiberId.none),
  server: Deferred.unsafeMake(FiberId.none),
  sessionEnded: Deferred.unsafeMake(FiberId.none)
})

const defaultTimeout = Duration.seconds(10)

const makeHint = (attempts: number): string =>
  "Discord does not answer if the bot may not view or join the channel, or is already in it" +
  (attempts > 1 ? "; the session ended during the wait, and the update was sent again" : "")

/** Returns the bot's own id, from the token if the shard has received no READY, as after a resume. */
const ownId = (shard: VoiceRequester): string | undefined =>
  shard.userId ?? Option.getOrUndefined(Token.botId(shard.config.token))

const failed = (reason: ShardError.NoAnswerError["reason"], detail: string) =>
  new ShardError.NoAnswerError({ reason, request: "voice state update", detail })

const checkIntent = (shard: VoiceRequester) =>
  Intents.has(shard.config.intents, "GuildVoiceStates")
    ? Effect.void
    : Effect.fail(failed(
      "MissingIntent",
      "Discord sends the bot's own voice state only to shards with the intent GuildVoiceStates; add it to the config"
    ))

const listen = (shard: VoiceRequester, d: Command.VoiceStateUpdate["d"], current: () => VoiceAttempt | undefined) =>
  Effect.gen(function*() {
    const { listeners } = shard.log
    yield* listeners.listen("VOICE_STATE_UPDATE", (voice) => {
      const attempt = current()
      const isOwn = voice.guild_id === d.guild_id && voice.user_id === ownId(shard)
      if (attempt !== undefined && isOwn && voice.channel_id === d.channel_id) {
        Deferred.unsafeDone(attempt.own, Effect.succeed(voice))
      }
    })
    yield* listeners.listen("VOICE_SERVER_UPDATE", (voice) => {
      const attempt = current()
      // Discord sends another event once a server is available.
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

export const update = (shard: VoiceRequester) =>
(
  d: Command.VoiceStateUpdate["d"],
  options: Shard.VoiceStateOptions = {}
): Effect.Effect<Shard.VoiceConnection, Answer.RequestError> =>
  Effect.scoped(Effect.gen(function*() {
    yield* checkIntent(shard)
    const command = yield* Outgoing.fromValidated(Command.updateVoiceState(d))
    const timeout = Duration.decode(options.timeout ?? defaultTimeout)
    let attempts = 0
    let attempt: VoiceAttempt | undefined
    yield* listen(shard, d, () => attempt)
    const send = shard.commands.send(command, () => {
      attempts++
      attempt = makeAttempt()
    })
    const answerTo = (
      { own, server, sessionEnded }: VoiceAttempt
    ): Effect.Effect<Option.Option<Shard.VoiceConnection>> =>
      Effect.raceFirst(
        Effect.asSome(Effect.all({
          state: Deferred.await(own),
          server: d.channel_id === null ? Effect.succeedNone : Effect.asSome(Deferred.await(server))
        })),
        Effect.as(Deferred.await(sessionEnded), Option.none())
      )
    /** A voice state ends with its session, so the update is sent again in the next one. */
    const request: Effect.Effect<Shard.VoiceConnection, Answer.RequestError> = Effect.flatMap(send, (outcome) => {
      if (outcome === "Replaced" || attempt === undefined) {
        return Effect.fail(failed("Replaced", "a newer voice state of the same guild was sent instead"))
      }
      const answer = Answer.awaitAnswer(
        shard,
        answerTo(attempt),
        timeout,
        "voice state update",
        () => makeHint(attempts)
      )
      return Effect.flatMap(
        answer,
        Option.match({
          onSome: (connection) => Effect.succeed(connection),
          onNone: () =>
            attempts < Answer.maxAttempts ? request : Effect.fail(failed(
              "SessionEnded",
              `${attempts} sessions ended before the answer; send the update again once the shard is stable`
            ))
        })
      )
    })
    return yield* request
  }))
