/** Waits for the gateway's answer to a command. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ShardError from "../../ShardError.js"
import * as ShardStatus from "../../ShardStatus.js"
import type { ShardState } from "../state/index.js"

/** How often a request is sent, because of rate limits or ended sessions, before it fails. */
export const maxAttempts = 10

/** Runs `effect` until the shard is closed, by the program or for good by the gateway. */
export const untilClosed = <A, E, R>(
  state: Pick<ShardState.ShardState, "commands">,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ShardError.SendError, R> => Effect.raceFirst(effect, state.commands.awaitClosed)

/**
 * Waits for an answer, in spans of `timeout`. A span at whose end the shard is not connected does not count, because the
 * gateway replays what was missed. Fails when the shard is closed.
 */
export const wait = <A>(
  state: ShardState.ShardState,
  answer: Effect.Effect<A>,
  timeout: Duration.Duration,
  request: ShardError.NoAnswerError["request"],
  hint: () => string
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
              detail: `nothing came for ${Duration.format(timeout)}; ${hint()}`
            })
          )
          : waiting
    })
  )
  return untilClosed(state, waiting)
}
