/**
 * What can go wrong with a gateway, as values: inject one into a running simulator, or put it into a `Scenario`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Which connections a rule is for: those to the gateway URL, those to a resume URL, or any.
 *
 * @since 0.1.0
 * @category models
 */
export type Host = "gateway" | "resume" | "any"

/**
 * Faults of live connections, and rules for the next ones.
 *
 * Live:
 * - `Drop`: the network is gone, without a close frame; the session stays.
 * - `Close`: the gateway closes with a code; the session stays, unless the code ends it.
 * - `Reconnect`: opcode 7.
 * - `InvalidSession`: opcode 9; the session ends if it is not resumable.
 * - `EndSession`: the session is forgotten without a word; a later resume fails.
 * - `RequestHeartbeat`: opcode 1.
 * - `StopAcknowledging`: heartbeats are no longer answered.
 * - `Stall`: half-open; nothing is read or sent any more.
 * - `Corrupt`: the next message is damaged: cut off as text, flipped bits when compressed.
 * - `SendText`: one message, as it is.
 * - `SkipSequence`: the next event's number is higher by so many.
 * - `DuplicateLast`: the last event again.
 * - `HelloAgain`: a second hello.
 * - `ResetMidFrame`: half of the next message comes, then the connection is reset. In memory none of it comes.
 * - `Dribble`: from now on bytes come one by one, so many a second; of a real websocket only. In memory messages are whole.
 * - `DenyVoice`: from now on the bot may not join a voice channel, and gets no answer when it tries.
 * - `SplitFrames`: from now on a message of zlib-stream comes in two websocket messages.
 *
 * Rules, each for the next `times` connections to `host`:
 * - `RefuseConnections`: the upgrade is answered with an HTTP status.
 * - `NeverOpen`: the upgrade is not answered.
 * - `NeverHello`, `HelloWithoutInterval`, `ReconnectBeforeHello`.
 * - `EventBeforeHello`: an event comes first.
 * - `RejectIdentify`: opcode 9 is the answer to an identify.
 * - `NameResumeUrl`: READY names this URL to resume at. One that ends in `.invalid` cannot be found, in memory either.
 * - `NeverReady`, `NeverResumed`: identify or resume is not answered.
 * - `AcceptThenClose`: closed at once, with a code or, without one, cut off.
 * - `RejectResume`: opcode 9 is the answer to a resume.
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
  StopAcknowledging: {}
  Stall: {}
  Corrupt: {}
  SendText: { readonly text: string }
  SkipSequence: { readonly count: number }
  DuplicateLast: {}
  HelloAgain: {}
  SplitFrames: {}
  ResetMidFrame: {}
  Dribble: { readonly bytesPerSecond: number }
  DenyVoice: {}
  RefuseConnections: { readonly host: Host; readonly times: number; readonly status: number }
  NeverOpen: { readonly host: Host; readonly times: number }
  NeverHello: { readonly host: Host; readonly times: number }
  HelloWithoutInterval: { readonly host: Host; readonly times: number }
  ReconnectBeforeHello: { readonly host: Host; readonly times: number }
  EventBeforeHello: { readonly host: Host; readonly times: number }
  RejectIdentify: { readonly host: Host; readonly times: number }
  NameResumeUrl: { readonly host: Host; readonly times: number; readonly url: string }
  NeverReady: { readonly host: Host; readonly times: number }
  NeverResumed: { readonly host: Host; readonly times: number }
  AcceptThenClose: { readonly host: Host; readonly times: number; readonly code?: number | undefined }
  RejectResume: { readonly host: Host; readonly times: number; readonly resumable: boolean }
}>

/**
 * A fault that is a rule for connections to come.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = Extract<Fault, { readonly host: Host }>

/**
 * A fault of connections that are open.
 *
 * @since 0.1.0
 * @category models
 */
export type LiveFault = Exclude<Fault, Rule>

const fault = Data.taggedEnum<Fault>()

/**
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  AcceptThenClose,
  /** @since 0.1.0 */
  Close,
  /** @since 0.1.0 */
  Corrupt,
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
  HelloAgain,
  /** @since 0.1.0 */
  HelloWithoutInterval,
  /** @since 0.1.0 */
  InvalidSession,
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
  SendText,
  /** @since 0.1.0 */
  SkipSequence,
  /** @since 0.1.0 */
  SplitFrames,
  /** @since 0.1.0 */
  Stall,
  /** @since 0.1.0 */
  StopAcknowledging
} = fault

/**
 * @since 0.1.0
 * @category guards
 */
export const isRule = (self: Fault): self is Rule => "host" in self
