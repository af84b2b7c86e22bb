/** Waiting for what the gateway answers to a command. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ShardError from "../ShardError.js"
import * as ShardStatus from "../ShardStatus.js"
import type { ShardState } from "./shardState.js"

/**
 * Waits for an answer, in spans of `timeout`. A span at whose end the shard is disconnected does not count, for what was
 * missed is replayed. Ends with the shard.
 */
export const wait = <A>(
  state: ShardState,
  answer: Effect.Effect<A>,
  timeout: Duration.Duration,
  request: ShardError.NoAnswerError["request"],
  hint: string
): Effect.Effect<A, ShardError.SendError | ShardError.NoAnswerError> => {
  const waiting: Effect.Effect<A, ShardError.NoAnswerError> = Effect.flatMap(
    Effect.timeoutOption(answer, timeout),
    Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        ShardStatus.isConnected(state.status.get())
          ? Effect.fail(
            new ShardError.NoAnswerError({
              reason: "TimedOut",
              request,
              detail: `nothing came for ${Duration.format(timeout)}; ${hint}`
            })
          )
          : waiting
    })
  )
  return Effect.raceFirst(waiting, state.commands.awaitClosed)
}
