/** Waits for the gateway's answer to a command. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ShardError from "../../ShardError.js"
import * as ShardStatus from "../../ShardStatus.js"
import type { CommandQueue } from "../commands/index.js"

/** The number of times that a request is sent before it fails because of rate limits or ended sessions. */
export const maxAttempts = 10

export type RequestError = ShardError.SendError | ShardError.NoAnswerError

export interface Requester {
  readonly commands: Pick<CommandQueue.CommandQueue, "awaitClosed">
  readonly status: { readonly get: () => ShardStatus.ShardStatus }
}

/** Runs `effect`, and fails when the shard is closed by the program, or permanently by the gateway. */
export const untilClosed = <A, E, R>(
  { commands }: Pick<Requester, "commands">,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ShardError.SendError, R> => Effect.raceFirst(effect, commands.awaitClosed)

/**
 * Waits for an answer for `timeout`, and again if the shard is not connected by then, because the gateway replays missed
 * events. Fails when the shard is closed.
 */
export const awaitAnswer = <A>(
  shard: Requester,
  answer: Effect.Effect<A>,
  timeout: Duration.Duration,
  request: ShardError.NoAnswerError["request"],
  hint: () => string
): Effect.Effect<A, RequestError> => {
  const waiting: Effect.Effect<A, ShardError.NoAnswerError> = Effect.flatMap(
    Effect.timeoutOption(answer, timeout),
    Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        ShardStatus.isConnected(shard.status.get())
          ? Effect.fail(
            new ShardError.NoAnswerError({
              reason: "TimedOut",
              request,
              detail: `no answer was received for ${Duration.format(timeout)}; ${hint()}`
            })
          )
          : waiting
    })
  )
  return untilClosed(shard, waiting)
}
