/**
 * Errors of a shard. The message of each names the consequence, and none contains the token.
 *
 * @since 0.1.0
 */
import * as CloseCode from "@vesper/model/CloseCode"
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import type { IdentifyBudgetExhausted } from "./IdentifyQueue.js"
import { describe } from "./internal/wire/peerText.js"

/**
 * The gateway closed the connection with a code that forbids another one: 4004, or 4010 to 4014. The shard has stopped, and its
 * readers fail with this error.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
 * @since 0.1.0
 * @category errors
 */
export class FatallyClosedError extends Data.TaggedError("FatallyClosedError")<{
  readonly code: number
  readonly reason: string
}> {
  override get message(): string {
    return `the gateway closed the shard permanently with code ${this.code} (${this.reason || "no reason given"}): ${
      CloseCode.describe(this.code)
    }`
  }
}

/**
 * The program closed the shard with `close`, or its scope has closed. `connect` starts it again while the scope is open.
 *
 * @since 0.1.0
 * @category errors
 */
export class ShardClosedError extends Data.TaggedError("ShardClosedError") {
  override get message(): string {
    return "the shard was closed by this program; it receives nothing until connect is called"
  }
}

/**
 * The socket did not open, or a phase of the handshake timed out. The shard waits and tries again.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReconnectError extends Data.TaggedError("ReconnectError")<{
  /** Consecutive attempts that ended before the session was stable, including this one. */
  readonly attempt: number
  readonly cause: unknown
}> {
  override get message(): string {
    return `connection attempt ${this.attempt} failed, the shard tries again: ${describe(this.cause)}`
  }
}

/**
 * A frame could not be decompressed. The shard closes the connection and resumes.
 *
 * @since 0.1.0
 * @category errors
 */
export class CompressionError extends Data.TaggedError("CompressionError")<{
  readonly cause: unknown
}> {
  override get message(): string {
    return `a frame could not be decompressed, the shard reconnects and resumes: ${describe(this.cause)}`
  }
}

/**
 * A message is not JSON, not a gateway payload, or does not pass the validation. The shard continues with the next message.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeserializationError extends Data.TaggedError("DeserializationError")<{
  /** The name of the event, if it could be read. */
  readonly eventType: Option.Option<string>
  readonly cause: unknown
}> {
  override get message(): string {
    const subject = Option.getOrElse(this.eventType, () => "a message")
    return `${subject} could not be read, the shard continues with the next message: ${describe(this.cause)}`
  }
}

/**
 * The gateway sent a message that the protocol does not allow, such as a HELLO without an interval, or one that exceeds a limit
 * of this program. The shard closes the connection and resumes.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProtocolError extends Data.TaggedError("ProtocolError")<{
  /** The invalid message, such as `hello`. */
  readonly subject: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.subject} could not be processed, the shard reconnects: ${describe(this.cause)}`
  }
}

/**
 * A defect of the shard, its socket, its decompressor or a service that it uses. The shard connects again. Report it to the
 * author of the part that the cause names.
 *
 * @since 0.1.0
 * @category errors
 */
export class DefectError extends Data.TaggedError("DefectError")<{
  /** The part of the shard with the defect, such as `the connection`. */
  readonly subject: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.subject} has a defect, the shard reconnects: ${describe(this.cause)}`
  }
}

/**
 * A heartbeat, identify, resume or command could not be written. The shard closes the connection and resumes; the command stays
 * in the queue.
 *
 * @since 0.1.0
 * @category errors
 */
export class SendingMessageError extends Data.TaggedError("SendingMessageError")<{
  readonly subject: "heartbeat" | "identify" | "resume" | "command"
  readonly cause: unknown
}> {
  override get message(): string {
    return `the ${this.subject} could not be written, the shard reconnects: ${describe(this.cause)}`
  }
}

/**
 * A command of the program could not be sent.
 *
 * - `Sending`: the shard was closed, permanently by the gateway or by the program.
 * - `Serializing`: the command is not JSON, or not a command that Discord accepts.
 * - `TooLarge`: the command is longer than 4096 bytes.
 *
 * @see https://docs.discord.com/developers/events/gateway#sending-events
 * @since 0.1.0
 * @category errors
 */
export class SendError extends Data.TaggedError("SendError")<{
  readonly reason: "Sending" | "Serializing" | "TooLarge"
  readonly cause: unknown
}> {
  override get message(): string {
    return `the command was not sent (${this.reason}): ${describe(this.cause, 4_000)}`
  }
}

/**
 * A request has no answer.
 *
 * - `MissingIntent`: the shard lacks an intent without which Discord does not answer. The request was not sent.
 * - `TimedOut`: no answer arrived within the timeout.
 * - `SessionEnded`: the session ended after a part of the answer, or ten sessions ended before any part.
 * - `RateLimited`: Discord limited the request ten times, or for more than five minutes.
 * - `Replaced`: a newer request replaced it.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoAnswerError extends Data.TaggedError("NoAnswerError")<{
  readonly reason: "MissingIntent" | "TimedOut" | "SessionEnded" | "RateLimited" | "Replaced"
  readonly request: "member request" | "voice state update"
  readonly detail: string
}> {
  override get message(): string {
    return `the ${this.request} has no answer (${this.reason}): ${this.detail}`
  }
}

/**
 * Errors that a shard recovers from.
 *
 * @since 0.1.0
 * @category models
 */
export type RecoverableError =
  | CompressionError
  | DefectError
  | DeserializationError
  | IdentifyBudgetExhausted
  | ProtocolError
  | ReconnectError
  | SendingMessageError

/**
 * Errors that end all readers of a shard.
 *
 * @since 0.1.0
 * @category models
 */
export type TerminalError = FatallyClosedError | ShardClosedError

/**
 * Errors of `nextEvent` and `nextMessage`. They can be run again unless the error is terminal.
 *
 * @since 0.1.0
 * @category models
 */
export type ReceiveError = RecoverableError | TerminalError

/**
 * All errors of a shard.
 *
 * @since 0.1.0
 * @category models
 */
export type ShardError = ReceiveError | SendError | NoAnswerError

/**
 * Returns true if the gateway closed the shard permanently, or the program closed it, so that readers receive nothing more.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ShardError } from "@vesper/gateway"
 *
 * assert.ok(ShardError.isFatal(new ShardError.FatallyClosedError({ code: 4004, reason: "Authentication failed." })))
 * assert.ok(!ShardError.isFatal(new ShardError.ReconnectError({ attempt: 1, cause: new Error("refused") })))
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isFatal = (error: ShardError): error is TerminalError =>
  error._tag === "FatallyClosedError" || error._tag === "ShardClosedError"
