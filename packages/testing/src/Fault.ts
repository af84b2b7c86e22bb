/**
 * Faults of a gateway as values: inject one into a running simulator, or add it to a `Scenario`.
 *
 * A clock that jumps is a fault of the bot's own machine, so that `VirtualClock` has it: `suspend` for a process that was
 * suspended, and `setWallTime` for a wall clock that was set.
 *
 * @example
 * ```ts
 * import { VirtualClock } from "@vesper/testing"
 * import { Effect } from "effect"
 *
 * export const jumps = Effect.gen(function*() {
 *   const clock = yield* VirtualClock.VirtualClock
 *   // The machine sleeps for two hours, and every timer is late.
 *   yield* clock.suspend("2 hours")
 *   // The wall clock is set to 1970. Timers are not affected.
 *   yield* clock.setWallTime(0)
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { Check } from "./internal/faults/index.js"

/**
 * The connections that a rule affects: those to the gateway URL, those to a resume URL, or any.
 *
 * @since 0.1.0
 * @category models
 */
export type Host = "gateway" | "resume" | "any"

/**
 * Faults of open connections, and rules for the next ones. `bounds` limits their numbers.
 *
 * Open connections:
 * - `Drop`: the network is lost, without a close frame; the session remains.
 * - `Close`: the gateway closes with a code and a reason of at most 123 bytes; the session remains, unless the code ends
 *   it. A server sends no close frame for a code that none can carry, such as 1006.
 * - `Reconnect`: opcode 7.
 * - `InvalidSession`: opcode 9; the session ends if it is not resumable.
 * - `EndSession`: the session ends silently; a later resume fails.
 * - `RequestHeartbeat`: opcode 1.
 * - `HeartbeatStorm`: opcode 1, `count` times.
 * - `StopAcknowledging`: heartbeats are no longer acknowledged.
 * - `Stall`: half-open; neither side receives anything.
 * - `StopReading`: the gateway still sends but no longer reads, so that the client's writes do not complete.
 * - `Corrupt`: the next message is damaged: truncated as text, overwritten when compressed.
 * - `SendText`: one message, as it is.
 * - `BinaryFrame`: one binary message of `size` zero bytes, past the compression.
 * - `LargeEvent`: an event of an unknown name whose body has `size` bytes, kept for a resume.
 * - `DeepEvent`: an event of an unknown name whose body is `depth` nested arrays, kept for a resume.
 * - `SkipSequence`: the next event's sequence number is higher by `count`.
 * - `DuplicateLast`: the last event, again.
 * - `HelloAgain`: a second HELLO.
 * - `ResetMidFrame`: half of the next message, then a reset. In memory the message is omitted.
 * - `Dribble`: bytes are sent one by one from now on, on a real websocket only.
 * - `DenyVoice`: the bot may not join a voice channel from now on, and receives no answer to its attempts.
 * - `SplitFrames`: each message of zlib-stream is sent as two websocket messages from now on.
 *
 * Rules, each for the next `times` connections to `host`:
 * - `RefuseConnections`: the upgrade is answered with an HTTP status, and with `Retry-After` if `retryAfter` is set.
 * - `NeverOpen`: the upgrade is not answered.
 * - `NeverHello`, `HelloWithoutInterval`, `ReconnectBeforeHello`: HELLO is missing, has no interval, or is opcode 7 instead.
 * - `EventBeforeHello`: an event precedes HELLO.
 * - `RejectIdentify`, `RejectResume`: the response is opcode 9.
 * - `NameResumeUrl`: READY names this resume URL. A host in `.invalid` does not resolve, in memory either.
 * - `ReadyWithoutResumeUrl`: READY names no resume URL.
 * - `NeverReady`, `NeverResumed`: identify or resume is not answered.
 * - `ResumedWithoutSequence`: RESUMED has no sequence number.
 * - `AcceptThenClose`: the connection is closed at once, with a code or, without one, without a close frame.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Data.TaggedEnum<{
  Drop: {}
  Close: { readonly code: number; readonly reason: string }
  Reconnect: {}
  InvalidSession: { readonly resumable: boolean }
  EndSession: {}
  RequestHeartbeat: {}
  HeartbeatStorm: { readonly count: number }
  StopAcknowledging: {}
  Stall: {}
  StopReading: {}
  Corrupt: {}
  SendText: { readonly text: string }
  BinaryFrame: { readonly size: number }
  LargeEvent: { readonly size: number }
  DeepEvent: { readonly depth: number }
  SkipSequence: { readonly count: number }
  DuplicateLast: {}
  HelloAgain: {}
  SplitFrames: {}
  ResetMidFrame: {}
  Dribble: { readonly bytesPerSecond: number }
  DenyVoice: {}
  RefuseConnections: {
    readonly host: Host
    readonly times: number
    readonly status: number
    readonly retryAfter?: Duration.DurationInput | undefined
  }
  NeverOpen: { readonly host: Host; readonly times: number }
  NeverHello: { readonly host: Host; readonly times: number }
  HelloWithoutInterval: { readonly host: Host; readonly times: number }
  ReconnectBeforeHello: { readonly host: Host; readonly times: number }
  EventBeforeHello: { readonly host: Host; readonly times: number }
  RejectIdentify: { readonly host: Host; readonly times: number }
  NameResumeUrl: { readonly host: Host; readonly times: number; readonly url: string }
  ReadyWithoutResumeUrl: { readonly host: Host; readonly times: number }
  NeverReady: { readonly host: Host; readonly times: number }
  NeverResumed: { readonly host: Host; readonly times: number }
  ResumedWithoutSequence: { readonly host: Host; readonly times: number }
  AcceptThenClose: { readonly host: Host; readonly times: number; readonly code?: number | undefined }
  RejectResume: { readonly host: Host; readonly times: number; readonly resumable: boolean }
}>

/**
 * A fault that is a rule for the next connections.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = Extract<Fault, { readonly host: Host }>

/**
 * A fault of open connections.
 *
 * @since 0.1.0
 * @category models
 */
export type LiveFault = Exclude<Fault, Rule>

const fault = Data.taggedEnum<Fault>()

/**
 * Constructors of every fault.
 *
 * @since 0.1.0
 * @category constructors
 */
export const {
  /**
   * Closes the next connections at once.
   *
   * @since 0.1.0
   */
  AcceptThenClose,
  /**
   * Sends one binary message of zero bytes.
   *
   * @since 0.1.0
   */
  BinaryFrame,
  /**
   * Closes with a code and a reason.
   *
   * @since 0.1.0
   */
  Close,
  /**
   * Damages the next message.
   *
   * @since 0.1.0
   */
  Corrupt,
  /**
   * Sends an event with a deeply nested body.
   *
   * @since 0.1.0
   */
  DeepEvent,
  /**
   * Denies the bot every voice channel from now on.
   *
   * @since 0.1.0
   */
  DenyVoice,
  /**
   * Sends bytes one by one from now on.
   *
   * @since 0.1.0
   */
  Dribble,
  /**
   * Ends the connection without a close frame.
   *
   * @since 0.1.0
   */
  Drop,
  /**
   * Sends the last event again.
   *
   * @since 0.1.0
   */
  DuplicateLast,
  /**
   * Ends the session silently.
   *
   * @since 0.1.0
   */
  EndSession,
  /**
   * Sends an event before HELLO.
   *
   * @since 0.1.0
   */
  EventBeforeHello,
  /**
   * Requests many heartbeats at once.
   *
   * @since 0.1.0
   */
  HeartbeatStorm,
  /**
   * Sends a second HELLO.
   *
   * @since 0.1.0
   */
  HelloAgain,
  /**
   * Sends a HELLO without an interval.
   *
   * @since 0.1.0
   */
  HelloWithoutInterval,
  /**
   * Invalidates the session with opcode 9.
   *
   * @since 0.1.0
   */
  InvalidSession,
  /**
   * Sends an event with a large body.
   *
   * @since 0.1.0
   */
  LargeEvent,
  /**
   * Names this resume URL in READY.
   *
   * @since 0.1.0
   */
  NameResumeUrl,
  /**
   * Sends no HELLO.
   *
   * @since 0.1.0
   */
  NeverHello,
  /**
   * Does not answer the upgrade.
   *
   * @since 0.1.0
   */
  NeverOpen,
  /**
   * Does not answer an identify.
   *
   * @since 0.1.0
   */
  NeverReady,
  /**
   * Does not answer a resume.
   *
   * @since 0.1.0
   */
  NeverResumed,
  /**
   * Omits the resume URL in READY.
   *
   * @since 0.1.0
   */
  ReadyWithoutResumeUrl,
  /**
   * Requests a reconnect with opcode 7.
   *
   * @since 0.1.0
   */
  Reconnect,
  /**
   * Requests a reconnect instead of HELLO.
   *
   * @since 0.1.0
   */
  ReconnectBeforeHello,
  /**
   * Refuses the next upgrades with an HTTP status.
   *
   * @since 0.1.0
   */
  RefuseConnections,
  /**
   * Answers an identify with opcode 9.
   *
   * @since 0.1.0
   */
  RejectIdentify,
  /**
   * Answers a resume with opcode 9.
   *
   * @since 0.1.0
   */
  RejectResume,
  /**
   * Requests a heartbeat with opcode 1.
   *
   * @since 0.1.0
   */
  RequestHeartbeat,
  /**
   * Resets the connection in the middle of the next message.
   *
   * @since 0.1.0
   */
  ResetMidFrame,
  /**
   * Omits the sequence number of RESUMED.
   *
   * @since 0.1.0
   */
  ResumedWithoutSequence,
  /**
   * Sends a text as it is.
   *
   * @since 0.1.0
   */
  SendText,
  /**
   * Skips sequence numbers before the next event.
   *
   * @since 0.1.0
   */
  SkipSequence,
  /**
   * Splits each message of zlib-stream from now on.
   *
   * @since 0.1.0
   */
  SplitFrames,
  /**
   * Stops both directions of the connection.
   *
   * @since 0.1.0
   */
  Stall,
  /**
   * Acknowledges no heartbeat from now on.
   *
   * @since 0.1.0
   */
  StopAcknowledging,
  /**
   * Stops reading from the connection.
   *
   * @since 0.1.0
   */
  StopReading
} = fault

/**
 * The least and the greatest value of a field; of a duration in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface FieldBounds {
  readonly min: number
  readonly max: number
}

type NumericField<F> = { readonly [K in keyof F]-?: [Extract<F[K], number>] extends [never] ? never : K }[keyof F]

/** Bytes of one generated message. */
const bytes: FieldBounds = { min: 0, max: 100_000_000 }
const code: FieldBounds = { min: 1000, max: 4999 }
/** A rule counts down, so that its number costs nothing. */
const rule = { times: { min: 0, max: Number.POSITIVE_INFINITY } }

/**
 * The bounds of every numeric field of a fault, which keep a test from blocking its process or filling its memory: a
 * heartbeat storm has at most 100,000 messages, a generated message at most 100 MB, of which a level of nesting takes two
 * bytes, and a dribble sends at most a byte per millisecond. `times` may be infinite, for every connection.
 *
 * @since 0.1.0
 * @category constants
 */
export const bounds = {
  Close: { code },
  HeartbeatStorm: { count: { min: 0, max: 100_000 } },
  BinaryFrame: { size: bytes },
  LargeEvent: { size: bytes },
  DeepEvent: { depth: { min: 0, max: bytes.max / 2 } },
  SkipSequence: { count: { min: 0, max: 1_000_000_000 } },
  Dribble: { bytesPerSecond: { min: 1, max: 1_000 } },
  RefuseConnections: { ...rule, status: { min: 200, max: 599 }, retryAfter: { min: 0, max: 30 * 86_400_000 } },
  NeverOpen: rule,
  NeverHello: rule,
  HelloWithoutInterval: rule,
  ReconnectBeforeHello: rule,
  EventBeforeHello: rule,
  RejectIdentify: rule,
  NameResumeUrl: rule,
  ReadyWithoutResumeUrl: rule,
  NeverReady: rule,
  NeverResumed: rule,
  ResumedWithoutSequence: rule,
  AcceptThenClose: { ...rule, code },
  RejectResume: rule
} satisfies {
  readonly [F in Fault as [NumericField<F>] extends [never] ? never : F["_tag"]]: {
    readonly [K in NumericField<F>]: FieldBounds
  }
}

/**
 * A fault with a field that is out of its bounds.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidFaultError extends Data.TaggedError("InvalidFaultError")<{
  readonly fault: string
  readonly problem: string
}> {
  override get message(): string {
    return `the fault ${this.fault} cannot be injected: ${this.problem}`
  }
}

const reasonProblem = (self: Fault): string | undefined => {
  const length = self._tag === "Close" ? new TextEncoder().encode(self.reason).length : 0
  return length > CloseFrame.maxReasonBytes
    ? `its reason has ${length} bytes; shorten it to ${CloseFrame.maxReasonBytes}`
    : undefined
}

/**
 * Returns the fault if its fields are within `bounds`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Fault } from "@vesper/testing"
 * import { Either } from "effect"
 *
 * const storm = Fault.validate(Fault.HeartbeatStorm({ count: 50_000_000 }))
 * assert.ok(Either.isLeft(storm))
 * assert.strictEqual(storm.left.problem, "count is 50000000; use an integer from 0 to 100000")
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const validate = <F extends Fault>(self: F): Either.Either<F, InvalidFaultError> => {
  const problem = Check.problem(self, bounds) ?? reasonProblem(self)
  return problem === undefined
    ? Either.right(self)
    : Either.left(new InvalidFaultError({ fault: self._tag, problem }))
}

/**
 * Narrows to a rule for the next connections.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRule = (self: Fault): self is Rule => "host" in self
