/** The only path by which messages reach the socket: commands, heartbeats, identifies and resumes. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as GatewaySocket from "../../GatewaySocket.js"
import * as ShardError from "../../ShardError.js"
import { Disconnect } from "../reconnect/index.js"
import type { ShardState } from "../state/index.js"
import type { Outgoing } from "./outgoing.js"

/** The connection that a message is written to. */
export interface Connection {
  readonly socket: Pick<GatewaySocket.Connection, "unsafeWrite">
  readonly state: Pick<ShardState.ShardState, "counters">
}

/** Writes a message and counts it. A failure is the reason for ending the connection. */
export const unsafeWrite = (
  { socket, state: { counters } }: Connection,
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
export const write = (connection: Connection, message: Outgoing): Effect.Effect<void, Disconnect> =>
  Effect.async((resume) => unsafeWrite(connection, message, resume))
