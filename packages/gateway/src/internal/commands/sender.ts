/** Sends the program's commands by way of the queue. */
import * as Command from "@vesper/model/Command"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Shard from "../../Shard.js"
import type * as ShardError from "../../ShardError.js"
import type { ShardState } from "../state/index.js"
import * as Outgoing from "./outgoing.js"

const enqueue = (
  { commands }: ShardState.ShardState,
  encode: () => Either.Either<Outgoing.OutgoingCommand, ShardError.SendError>
): Effect.Effect<void, ShardError.SendError> =>
  Effect.flatMap(Effect.suspend(encode), (command) => Effect.asVoid(commands.send(command)))

export const make = (state: ShardState.ShardState, close: Shard.Sender["close"]): Shard.Sender => ({
  command: (command) => enqueue(state, () => Outgoing.fromCommand(command)),
  send: (json) => enqueue(state, () => Outgoing.fromJson(json)),
  close,
  isClosed: Effect.sync(state.commands.unsafeIsClosed)
})

export const updatePresence = (state: ShardState.ShardState): Shard.Shard["updatePresence"] => (presence) =>
  enqueue(state, () => Outgoing.fromConstructor(Command.updatePresence(presence)))
