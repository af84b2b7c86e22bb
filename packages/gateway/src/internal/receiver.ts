/**
 * The hot path: from the socket's callback to the event buffer, in one tick, without a fiber, a promise or an Effect.
 * What needs an Effect is told to the connection's fiber as a signal.
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Control from "@vesper/model/Control"
import * as Opcode from "@vesper/model/Opcode"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Decompressor from "../Decompressor.js"
import * as Diagnostic from "../Diagnostic.js"
import type * as GatewaySocket from "../GatewaySocket.js"
import * as Latency from "../Latency.js"
import * as ShardError from "../ShardError.js"
import * as ShardMetrics from "../ShardMetrics.js"
import * as ShardStatus from "../ShardStatus.js"
import * as Counters from "./counters.js"
import * as Envelope from "./envelope.js"
import { Entry, type LiveSession } from "./events/log/entry.js"
import * as GatewayUrl from "./gatewayUrl.js"
import * as HeartbeatPolicy from "./heartbeat/policy.js"
import { Disconnect } from "./recovery.js"
import type { ShardState } from "./shardState.js"
import * as Monotonic from "./time/monotonic.js"
import * as Utf8 from "./utf8.js"

/** What the socket's callback, and whatever else is synchronous, tells the connection's fiber. */
export type Signal = Data.TaggedEnum<{
  Hello: { readonly interval: Duration.Duration }
  HeartbeatRequested: {}
  /** READY or RESUMED. */
  Established: {}
  CommandGiven: {}
  Noticed: { readonly diagnostic: Diagnostic.Diagnostic }
  Ended: { readonly reason: Disconnect }
}>

export const Signal = Data.taggedEnum<Signal>()

export interface Receiver extends GatewaySocket.Handlers {
  /** Events so far. A resume sees by it that the replay goes on. */
  readonly events: () => number
  /** A heartbeat was acknowledged since this was last asked. */
  readonly wasAcknowledged: () => boolean
  /** The close frame that the peer sent. */
  readonly closedWith: () => Option.Option<CloseFrame.CloseFrame>
  /** Ends the connection for a reason found elsewhere. Only the first reason counts. */
  readonly end: (reason: Disconnect) => void
}

const textOf = (body: string | Uint8Array): string => typeof body === "string" ? body : Utf8.decode(body)

/** All but the last character, which closes the payload. */
const bodyOf = (body: string | Uint8Array, from: number, isShown: boolean): string =>
  typeof body === "string"
    ? body.slice(from, -1)
    : isShown
    ? Utf8.decode(body, from, body.length - 1)
    : Utf8.decodeJson(body, from, body.length - 1)

export const make = (
  state: ShardState,
  inflater: Option.Option<Decompressor.Inflater>,
  clock: Clock.Clock,
  tell: (signal: Signal) => void
): Receiver => {
  const envelope = Envelope.make()
  const inflate = Option.getOrUndefined(inflater)?.inflate
  const wanted = Option.getOrUndefined(state.config.events)
  const { counters, log } = state
  let ended = false
  let isDeaf = false
  let greeted = false
  let events = 0
  let acknowledged = false
  let closedWith = Option.none<CloseFrame.CloseFrame>()

  const end = (reason: Disconnect) => {
    if (!ended) {
      ended = true
      isDeaf = reason._tag === "Failed"
      tell(Signal.Ended({ reason }))
    }
  }

  const refuse = (subject: string, cause: unknown) =>
    end(Disconnect.Failed({ error: new ShardError.ProcessError({ subject, cause }) }))

  const notice = (diagnostic: Diagnostic.Diagnostic) => tell(Signal.Noticed({ diagnostic }))

  const unreadable = (eventType: Option.Option<string>, cause: unknown) => {
    const error = new ShardError.DeserializationError({ eventType, cause })
    log.notify({ _tag: "Failure", error, position: 0 })
    notice(Diagnostic.Failure({ error }))
  }

  const establish = () => {
    state.status.set(ShardStatus.Connected())
    tell(Signal.Established())
  }

  const append = (session: LiveSession, t: string, s: number, body: string | Uint8Array) => {
    const isWanted = (wanted === undefined || wanted.has(t)) && log.wants(t)
    const isListenedTo = log.listeners.count > 0 && log.listeners.has(t)
    if (isWanted || isListenedTo) {
      const { bodyAt } = envelope
      const isBody = bodyAt > 0
      const text = isBody ? bodyOf(body, bodyAt, state.preservesText) : textOf(body)
      const entry = new Entry(session, t, s, text, isBody)
      if (isListenedTo) {
        log.listeners.emit(entry)
      }
      if (isWanted) {
        log.append(entry)
      }
    }
  }

  const ready = (sequence: number, body: string | Uint8Array) => {
    const payload = Control.decodeReady(parseJson(textOf(body)))
    if (Either.isLeft(payload)) {
      return refuse("READY", payload.left)
    }
    const { resume_gateway_url: url, session_id: id, user } = payload.right.d
    const isSafe = GatewayUrl.mayResumeAt(state.config.gatewayUrl, url)
    if (!isSafe) {
      notice(Diagnostic.UnsafeResumeUrl({ url }))
    }
    const session = { id, sequence, since: sequence, resumeUrl: isSafe ? url : undefined }
    state.session = session
    state.userId = user?.id
    Counters.countEvent(counters, "READY")
    establish()
    append(session, "READY", sequence, body)
  }

  const dispatch = (t: string | undefined, s: number, body: string | Uint8Array) => {
    events++
    if (!greeted) {
      return refuse(t ?? "an event", new Error("it came before the hello"))
    }
    if (t === undefined || s === -1) {
      return unreadable(Option.fromNullable(t), new Error("the event has no name or no sequence number"))
    }
    if (t === "READY") {
      return ready(s, body)
    }
    const { session } = state
    if (session === undefined) {
      return refuse(t, new Error("it came before READY"))
    }
    if (s <= session.sequence) {
      counters.duplicates++
      return notice(Diagnostic.Duplicate({ sequence: s }))
    }
    if (s !== session.sequence + 1) {
      notice(Diagnostic.Gap({ after: session.sequence, before: s }))
    }
    session.sequence = s
    Counters.countEvent(counters, t)
    if (t === "RESUMED") {
      establish()
    }
    append(session, t, s, body)
  }

  const hello = (text: string) => {
    const payload = Control.decodeHello(parseJson(text))
    if (Either.isLeft(payload)) {
      return refuse("hello", payload.left)
    }
    if (greeted) {
      return refuse("hello", new Error("it came a second time"))
    }
    const interval = payload.right.d.heartbeat_interval
    if (!HeartbeatPolicy.isPermitted(interval)) {
      return refuse("hello", new Error(HeartbeatPolicy.notPermitted(interval)))
    }
    greeted = true
    tell(Signal.Hello({ interval: Duration.millis(interval) }))
  }

  const invalidSession = (text: string) => {
    const payload = Control.decodeInvalidSession(parseJson(text))
    return Either.isLeft(payload)
      ? refuse("invalid session", payload.left)
      : end(Disconnect.SessionInvalidated({ resumable: payload.right.d }))
  }

  const control = (op: number, text: string) => {
    log.notify({ _tag: "Control", text, position: 0 })
    switch (op) {
      case Opcode.HeartbeatAck: {
        acknowledged = true
        const before = state.latency
        state.latency = Latency.heartbeatAcknowledged(before, Monotonic.unsafeMillis(clock))
        if (state.latency !== before) {
          ShardMetrics.unsafeHeartbeat(state.latency.totalMillis - before.totalMillis)
        }
        return
      }
      case Opcode.Heartbeat:
        return tell(Signal.HeartbeatRequested())
      case Opcode.Hello:
        return hello(text)
      case Opcode.Reconnect:
        return end(Disconnect.ReconnectRequested())
      case Opcode.InvalidSession:
        return invalidSession(text)
      default:
        return notice(Diagnostic.UnknownOpcode({ opcode: op }))
    }
  }

  const corrupt = (cause: unknown) => end(Disconnect.Failed({ error: new ShardError.CompressionError({ cause }) }))

  const receive = (body: string | Uint8Array, isCompressed: boolean) => {
    const isScanned = typeof body === "string"
      ? Envelope.scanText(envelope, body)
      : Envelope.scanBytes(envelope, body)
    if (!isScanned) {
      const parsed = Envelope.parse(envelope, textOf(body))
      if (Either.isLeft(parsed)) {
        // Damaged data can happen to inflate, and then all that follows is damaged too.
        return isCompressed ? corrupt(parsed.left) : unreadable(Option.none(), parsed.left)
      }
    }
    return envelope.op === Opcode.Dispatch
      ? dispatch(envelope.t, envelope.s, body)
      : control(envelope.op, textOf(body))
  }

  return {
    onFrame: (data, isBinary) => {
      counters.bytesReceived += data.length
      // After a fault nothing moves the sequence on: what the fault has lost is replayed. After any other end, events on the way
      // are still good, up to the first that does not fit.
      isDeaf ||= ended && (log.flow.isPaused || state.session === undefined)
      if (isDeaf) {
        return
      }
      if (!isBinary) {
        return receive(data, false)
      }
      let body: Uint8Array | undefined
      try {
        if (inflate === undefined || typeof data === "string") {
          throw new Error("a binary frame came, though no compression was asked for")
        }
        body = inflate(data)
      } catch (cause) {
        return corrupt(cause)
      }
      counters.bytesCompressed += data.length
      if (body !== undefined) {
        counters.bytesInflated += body.length
        receive(body, true)
      }
    },
    onClose: (frame) => {
      closedWith = frame
      end(Disconnect.Closed({ frame }))
    },
    events: () => events,
    wasAcknowledged: () => {
      const was = acknowledged
      acknowledged = false
      return was
    },
    closedWith: () => closedWith,
    end
  }
}

/** The scanner has seen an envelope, not that the rest is JSON: what is not is left to the schema to refuse. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
