/**
 * Faults of a gateway as values: inject one into a running simulator, or add it to a `Scenario`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * The connections that a rule affects: those to the gateway URL, those to a resume URL, or any.
 *
 * @since 0.1.0
 * @category models
 */
export type Host = "gateway" | "resume" | "any"

/**
 * Faults of open connections, and rules for the next ones.
 *
 * Open connections:
 * - `Drop`: the network is lost, without a close frame; the session remains.
 * - `Close`: the gateway closes with a code; the session remains, unless the code ends it.
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
  /** @since 0.1.0 */
  AcceptThenClose,
  /** @since 0.1.0 */
  BinaryFrame,
  /** @since 0.1.0 */
  Close,
  /** @since 0.1.0 */
  Corrupt,
  /** @since 0.1.0 */
  DeepEvent,
  /** @since 0.1.0 */
  DenyVoice,
  /** @since 0.1.0 */
  Dribble,
  /** @since 0.1.0 */
  Drop,
  /** @since 0.1.0 */
  DuplicateLast,
  /** @since 0.1.0 */
  EndSession,
  /** @since 0.1.0 */
  EventBeforeHello,
  /** @since 0.1.0 */
  HeartbeatStorm,
  /** @since 0.1.0 */
  HelloAgain,
  /** @since 0.1.0 */
  HelloWithoutInterval,
  /** @since 0.1.0 */
  InvalidSession,
  /** @since 0.1.0 */
  LargeEvent,
  /** @since 0.1.0 */
  NameResumeUrl,
  /** @since 0.1.0 */
  NeverHello,
  /** @since 0.1.0 */
  NeverOpen,
  /** @since 0.1.0 */
  NeverReady,
  /** @since 0.1.0 */
  NeverResumed,
  /** @since 0.1.0 */
  ReadyWithoutResumeUrl,
  /** @since 0.1.0 */
  Reconnect,
  /** @since 0.1.0 */
  ReconnectBeforeHello,
  /** @since 0.1.0 */
  RefuseConnections,
  /** @since 0.1.0 */
  RejectIdentify,
  /** @since 0.1.0 */
  RejectResume,
  /** @since 0.1.0 */
  RequestHeartbeat,
  /** @since 0.1.0 */
  ResetMidFrame,
  /** @since 0.1.0 */
  ResumedWithoutSequence,
  /** @since 0.1.0 */
  SendText,
  /** @since 0.1.0 */
  SkipSequence,
  /** @since 0.1.0 */
  SplitFrames,
  /** @since 0.1.0 */
  Stall,
  /** @since 0.1.0 */
  StopAcknowledging,
  /** @since 0.1.0 */
  StopReading
} = fault

/**
 * Narrows to a rule for the next connections.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRule = (self: Fault): self is Rule => "host" in self
