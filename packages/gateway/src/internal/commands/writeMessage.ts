/** Writes messages to the socket. Commands, heartbeats, IDENTIFYs and RESUMEs all use this path. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as GatewaySocket from "../../GatewaySocket.js"
import * as ShardError from "../../ShardError.js"
import { Disconnect } from "../reconnect/index.js"
import type { Outgoing } from "./outgoingMessage.js"

/** The socket to write to, and the counters of written messages. */
export interface MessageTarget {
  readonly socket: Pick<GatewaySocket.Connection, "unsafeWrite">
  readonly state: { readonly counters: { bytesSent: number; commandsSent: number } }
}

/** Writes a message and counts it. A failure ends the connection. */
export const unsafeWrite = (
  { socket, state: { counters } }: MessageTarget,
  { bytes, subject, text }: Outgoing,
  onWritten: (result: Either.Either<void, Disconnect>) => void
): void => {
  socket.unsafeWrite(text, (result) => {
    if (Either.isLeft(result)) {
      const error = new ShardError.SendingMessageError({ subject, cause: result.left })
      return onWritten(Either.left(Disconnect.Failed({ error })))
    }
    counters.bytesSent += bytes
    counters.commandsSent += subject === "command" ? 1 : 0
    onWritten(Either.void)
  })
}

/** Completes when the message is written. */
export const write = (target: MessageTarget, message: Outgoing): Effect.Effect<void, Disconnect> =>
  Effect.async((resume) => unsafeWrite(target, message, resume))
