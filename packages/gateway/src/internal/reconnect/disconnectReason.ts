/** The reasons for the end of a connection. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Data from "effect/Data"
import type * as Option from "effect/Option"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import type * as ShardError from "../../ShardError.js"

export type Disconnect = Data.TaggedEnum<{
  /** The socket did not open. */
  Unreachable: { readonly cause: unknown }
  /** A phase of the handshake has timed out. */
  TimedOut: { readonly phase: HandshakePhase }
  /** The peer closed the connection, or it was lost, with the `cause` if the platform knows it. */
  Closed: { readonly frame: Option.Option<CloseFrame.CloseFrame>; readonly cause?: unknown }
  /** A heartbeat was not acknowledged before the next one was due. */
  Zombie: {}
  /** Opcode 7. */
  ReconnectRequested: {}
  /** Opcode 9. */
  SessionInvalidated: { readonly resumable: boolean }
  /** An error on this side, or invalid data of the peer. */
  Failed: {
    readonly error:
      | IdentifyQueue.IdentifyBudgetExhausted
      | ShardError.CompressionError
      | ShardError.DefectError
      | ShardError.ProtocolError
      | ShardError.SendingMessageError
  }
}>

/** The phases of a handshake. Each has a timeout. */
export type HandshakePhase = "open" | "hello" | "ready" | "resumed"

export const Disconnect = Data.taggedEnum<Disconnect>()
