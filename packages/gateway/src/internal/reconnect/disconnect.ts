/** The reasons for the end of a connection. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Data from "effect/Data"
import type * as Option from "effect/Option"
import type * as IdentifyBudget from "../../IdentifyBudget.js"
import type * as ShardError from "../../ShardError.js"

/** Why a connection ended. */
export type Disconnect = Data.TaggedEnum<{
  /** The socket did not open. */
  Unreachable: { readonly cause: unknown }
  /** The gateway did not answer in time. */
  TimedOut: { readonly phase: Phase }
  /** The peer closed, or the connection was lost; then `cause` is the reason, where the platform knows it. */
  Closed: { readonly frame: Option.Option<CloseFrame.CloseFrame>; readonly cause?: unknown }
  /** A heartbeat was not acknowledged before the next was due. */
  Zombie: {}
  /** Opcode 7. */
  ReconnectRequested: {}
  /** Opcode 9. */
  SessionInvalidated: { readonly resumable: boolean }
  /** The connection cannot go on because of an error of its own. */
  Failed: {
    readonly error:
      | IdentifyBudget.IdentifyBudgetExhausted
      | ShardError.CompressionError
      | ShardError.ProcessError
      | ShardError.SendingMessageError
  }
}>

/** The phases of a handshake, each with a deadline of its own. */
export type Phase = "open" | "hello" | "ready" | "resumed"

export const Disconnect = Data.taggedEnum<Disconnect>()
