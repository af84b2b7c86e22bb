/** Encodes the commands of the program and enqueues them. */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Shard from "../../Shard.js"
import type * as ShardError from "../../ShardError.js"
import * as Outgoing from "./outgoingMessage.js"
import type { CommandQueue } from "./queue.js"

type Queue = Pick<CommandQueue, "send" | "unsafeIsClosed">

const enqueue = (
  queue: Queue,
  encode: () => Either.Either<Outgoing.OutgoingCommand, ShardError.SendError>
): Effect.Effect<void, ShardError.SendError> =>
  Effect.flatMap(Effect.suspend(encode), (command) => Effect.asVoid(queue.send(command)))

export const makeSender = (queue: Queue, close: Shard.Sender["close"]): Shard.Sender => ({
  command: (command) => enqueue(queue, () => Outgoing.fromCommand(command)),
  send: (json) => enqueue(queue, () => Outgoing.fromJson(json)),
  close,
  isClosed: Effect.sync(queue.unsafeIsClosed)
})

export const updatePresence = (queue: Queue): Shard.Shard["updatePresence"] => (presence) =>
  enqueue(queue, () => Outgoing.presence(presence))
