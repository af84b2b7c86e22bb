/** From a program's command to the queue. */
import * as Command from "@vesper/model/Command"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Shard from "../Shard.js"
import * as ShardError from "../ShardError.js"
import * as CommandKind from "./commandKind.js"
import type * as CommandQueue from "./commandQueue.js"
import type { ShardState } from "./shardState.js"

const encoder = new TextEncoder()

const tooLarge = (bytes: number) =>
  new ShardError.SendError({
    reason: "TooLarge",
    cause: new Error(`it has ${bytes} bytes, Discord takes ${Command.maxBytes}; split it or leave something out`)
  })

const serialised = <A>(evaluate: () => A): Effect.Effect<A, ShardError.SendError> =>
  Effect.try({
    try: evaluate,
    catch: (cause) => new ShardError.SendError({ reason: "Serializing", cause })
  })

/** What a constructor of `Command` made, or the reason why it did not, as the error of sending it. */
export const valid = <A extends Command.Command>(
  made: Either.Either<A, Command.InvalidCommand>
): Either.Either<A, ShardError.SendError> =>
  Either.mapLeft(made, (cause) => new ShardError.SendError({ reason: "Serializing", cause }))

const enqueue = (
  state: ShardState,
  text: string,
  payload: unknown,
  onWriting?: () => void
): Effect.Effect<CommandQueue.Outcome, ShardError.SendError> => {
  const bytes = encoder.encode(text).length
  return bytes > Command.maxBytes
    ? Effect.fail(tooLarge(bytes))
    : state.commands.send(text, CommandKind.of(payload), onWriting)
}

/**
 * Sends a command, and says whether it was that one that was written. `onWriting` is called just before that, each time
 * anew if a connection drops meanwhile.
 */
export const deliver = (
  state: ShardState,
  command: Command.Command,
  onWriting?: () => void
): Effect.Effect<CommandQueue.Outcome, ShardError.SendError> =>
  Effect.flatMap(serialised(() => Command.encode(command)), (text) => enqueue(state, text, command, onWriting))

export const make = (state: ShardState, close: Shard.Sender["close"]): Shard.Sender => ({
  command: (command) => Effect.asVoid(deliver(state, command)),
  send: (json) =>
    Effect.flatMap(
      serialised((): unknown => JSON.parse(json)),
      (payload) => Effect.asVoid(enqueue(state, json, payload))
    ),
  close,
  isClosed: Effect.sync(() => state.commands.unsafeIsClosed())
})
