/**
 * What can go wrong with a shard. Every error says in its `_tag` what happened and in its message what to do about it;
 * none of them ever holds the token.
 *
 * @since 0.1.0
 */
import * as CloseCode from "@vesper/model/CloseCode"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { IdentifyBudgetExhausted } from "./IdentifyBudget.js"
import { describe } from "./internal/wire/peerText.js"

/**
 * The gateway closed the connection with a code that forbids coming back: 4004, or 4010 to 4014. The shard has
 * stopped, and `events` fails with this.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
 * @since 0.1.0
 * @category errors
 */
export class FatallyClosedError
  extends Schema.TaggedError<FatallyClosedError>("@vesper/gateway/FatallyClosedError")("FatallyClosedError", {
    code: Schema.Number,
    reason: Schema.String
  })
{
  override get message(): string {
    return `the gateway closed the shard for good with code ${this.code} (${this.reason || "no reason given"}): ${
      CloseCode.describe(this.code)
    }`
  }
}

/**
 * The shard was closed by its own program with `close`, or its scope has ended. `connect` starts it again as long as
 * the scope is open.
 *
 * @since 0.1.0
 * @category errors
 */
export class ShardClosedError
  extends Schema.TaggedError<ShardClosedError>("@vesper/gateway/ShardClosedError")("ShardClosedError", {})
{
  override get message(): string {
    return "the shard was closed by this program; nothing more arrives until connect is called"
  }
}

/**
 * No connection could be made: the socket did not open, or a phase of the handshake passed its deadline. The shard
 * waits and tries again.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReconnectError
  extends Schema.TaggedError<ReconnectError>("@vesper/gateway/ReconnectError")("ReconnectError", {
    /** How many attempts in a row have ended before the session was stable, this one included. */
    attempt: Schema.Number,
    cause: Schema.Defect
  })
{
  override get message(): string {
    return `connection attempt ${this.attempt} failed, the shard tries again: ${describe(this.cause)}`
  }
}

/**
 * A frame could not be decompressed. The connection's context is of no use after that: the shard drops the connection
 * and resumes.
 *
 * @since 0.1.0
 * @category errors
 */
export class CompressionError
  extends Schema.TaggedError<CompressionError>("@vesper/gateway/CompressionError")("CompressionError", {
    cause: Schema.Defect
  })
{
  override get message(): string {
    return `a frame could not be decompressed, the shard reconnects and resumes: ${describe(this.cause)}`
  }
}

/**
 * A message was no JSON, or no gateway payload. The shard goes on with the next one.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeserializationError
  extends Schema.TaggedError<DeserializationError>("@vesper/gateway/DeserializationError")("DeserializationError", {
    /** The name of the event, where it could be read. */
    eventType: Schema.OptionFromSelf(Schema.String),
    cause: Schema.Defect
  })
{
  override get message(): string {
    const what = Option.getOrElse(this.eventType, () => "a message")
    return `${what} could not be read, the shard goes on with the next message: ${describe(this.cause)}`
  }
}

/**
 * The gateway sent something that its own protocol does not allow here, such as a hello without an interval. The
 * shard drops the connection and resumes.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProcessError extends Schema.TaggedError<ProcessError>("@vesper/gateway/ProcessError")("ProcessError", {
  /** What was being processed, such as `hello`. */
  subject: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    return `${this.subject} could not be processed, the shard reconnects: ${describe(this.cause)}`
  }
}

/**
 * A heartbeat, identify, resume or waiting command could not be written. The shard drops the connection and resumes;
 * the command stays in the queue.
 *
 * @since 0.1.0
 * @category errors
 */
export class SendingMessageError
  extends Schema.TaggedError<SendingMessageError>("@vesper/gateway/SendingMessageError")("SendingMessageError", {
    subject: Schema.Literal("heartbeat", "identify", "resume", "command"),
    cause: Schema.Defect
  })
{
  override get message(): string {
    return `the ${this.subject} could not be written, the shard reconnects: ${describe(this.cause)}`
  }
}

/**
 * A command of the user's could not be sent.
 *
 * - `Sending`: the shard is closed, for good or by this program.
 * - `Serializing`: it is no JSON, or no command that Discord would take.
 * - `TooLarge`: it is longer than the 4096 bytes that Discord takes.
 *
 * @see https://docs.discord.com/developers/events/gateway#sending-events
 * @since 0.1.0
 * @category errors
 */
export class SendError extends Schema.TaggedError<SendError>("@vesper/gateway/SendError")("SendError", {
  reason: Schema.Literal("Sending", "Serializing", "TooLarge"),
  cause: Schema.Defect
}) {
  override get message(): string {
    // The program's own value, which a schema may quote before it says what is wrong with it.
    return `the command was not sent (${this.reason}): ${describe(this.cause, 4_000)}`
  }
}

/**
 * A request that waits for its answer will have none.
 *
 * - `MissingIntent`: Discord never answers it, for the shard lacks an intent. It was not sent.
 * - `TimedOut`: nothing came for as long as was asked for.
 * - `SessionEnded`: the session ended after a part of the answer, or ten sessions ended before any.
 * - `RateLimited`: Discord limited it ten times, or would hold it back for more than five minutes.
 * - `Replaced`: a newer request was sent in its stead.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoAnswerError extends Schema.TaggedError<NoAnswerError>("@vesper/gateway/NoAnswerError")("NoAnswerError", {
  reason: Schema.Literal("MissingIntent", "TimedOut", "SessionEnded", "RateLimited", "Replaced"),
  request: Schema.Literal("member request", "voice state update"),
  detail: Schema.String
}) {
  override get message(): string {
    return `the ${this.request} has no answer (${this.reason}): ${this.detail}`
  }
}

/**
 * What a shard survives by itself.
 *
 * @since 0.1.0
 * @category models
 */
export type RecoverableError =
  | CompressionError
  | DeserializationError
  | IdentifyBudgetExhausted
  | ProcessError
  | ReconnectError
  | SendingMessageError

/**
 * What ends the reading from a shard.
 *
 * @since 0.1.0
 * @category models
 */
export type TerminalError = FatallyClosedError | ShardClosedError

/**
 * What `nextEvent` and `nextMessage` fail with. Only after a terminal error is calling them again of no use.
 *
 * @since 0.1.0
 * @category models
 */
export type ReceiveError = RecoverableError | TerminalError

/**
 * @since 0.1.0
 * @category models
 */
export type ShardError = ReceiveError | SendError | NoAnswerError

/**
 * Whether reading on is of no use: the gateway closed the shard for good, or this program closed it.
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

/**
 * What people want to know about a kind of error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation {
  readonly when: string
  /** What the shard does then. */
  readonly next: string
  /** What the program or its author may do. */
  readonly advice: string
}

const explanations: { readonly [T in ShardError["_tag"]]: Explanation } = {
  FatallyClosedError: {
    when: "the gateway closed the connection with a code that forbids coming back: 4004, or 4010 to 4014",
    next: "stops; its events fail with this",
    advice: "look its code up and correct the token, the intents or the sharding; starting again alone changes nothing"
  },
  ShardClosedError: {
    when: "the program closed the shard, or its scope has ended",
    next: "is closed",
    advice: "nothing, if that was meant; connect starts it again while its scope is open"
  },
  ReconnectError: {
    when: "no connection could be made, or a phase of the handshake passed its deadline",
    next: "waits, up to a minute, and tries again for as long as it takes",
    advice: "if it goes on, look at network, proxy and Discord's status page"
  },
  CompressionError: {
    when: "a frame could not be decompressed",
    next: "drops the connection and resumes; nothing is lost",
    advice: "nothing for a single one; if they go on, something between Discord and the shard changes bytes"
  },
  DeserializationError: {
    when: "a message was no JSON or no payload, or validation is on and the body is not what Discord documents",
    next: "goes on with the next message",
    advice: "upgrade, or report the event and path it names; trust that event by leaving it out of validate"
  },
  IdentifyBudgetExhausted: {
    when: "only the reserve of the day's identifies is left, and the identify queue is to fail rather than wait",
    next: "closes the connection, and identifies when the budget is there again",
    advice: "find out what makes shards identify so often; lower the reserve if this start cannot wait"
  },
  ProcessError: {
    when: "a control payload does not make sense here, such as a hello without an interval",
    next: "drops the connection and resumes",
    advice: "nothing for a single one; if they go on, what answers at the gateway URL is not Discord's gateway"
  },
  SendingMessageError: {
    when: "a heartbeat, identify, resume or command could not be written",
    next: "drops the connection and resumes; a command keeps its place in the queue",
    advice: "nothing: the connection was breaking"
  },
  SendError: {
    when: "a command of the program's was not sent: the shard is closed, or the command is no JSON or too large",
    next: "goes on",
    advice: "look at its reason: Sending, Serializing or TooLarge"
  },
  NoAnswerError: {
    when: "a request that waits for its answer, for members or a voice state, will have none",
    next: "goes on",
    advice: "look at its reason: MissingIntent needs an intent; after TimedOut, SessionEnded or RateLimited ask again"
  }
}

/**
 * The tags of all errors.
 *
 * @since 0.1.0
 * @category constants
 */
// The keys of an object literal are just its own.
export const tags = Object.keys(explanations) as ReadonlyArray<ShardError["_tag"]>

/**
 * What a kind of error means, what becomes of the shard, and what to do.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ShardError } from "@vesper/gateway"
 *
 * assert.match(ShardError.explain("CompressionError").next, /resumes/)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const explain = (tag: ShardError["_tag"]): Explanation => explanations[tag]
