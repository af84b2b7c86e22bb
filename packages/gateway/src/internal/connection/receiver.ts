/**
 * The hot path: reads a frame in the socket's callback and appends its event to the event log, without a fiber, a promise
 * or an Effect. Everything else is passed to the connection's fiber as a `Signal`.
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Control from "@vesper/model/Control"
import * as Opcode from "@vesper/model/Opcode"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Decompressor from "../../Decompressor.js"
import * as Diagnostic from "../../Diagnostic.js"
import * as GatewaySocket from "../../GatewaySocket.js"
import * as ShardError from "../../ShardError.js"
import * as ShardMetrics from "../../ShardMetrics.js"
import * as ShardStatus from "../../ShardStatus.js"
import { Counters } from "../state/index.js"
import type { ShardState } from "../state/index.js"
import { Envelope, GatewayUrl, Nesting, PeerText, RefusedMessages, Utf8 } from "../wire/index.js"
import { Entry } from "../events/log/index.js"
import type { LiveSession } from "../session/index.js"
import { HeartbeatInterval, HeartbeatLatency } from "../heartbeat/index.js"
import { Disconnect } from "../reconnect/index.js"
import { Signal } from "./signal.js"
import { Monotonic } from "../time/index.js"

export interface Receiver extends GatewaySocket.ConnectionHandlers {
  /**
   * Counts a resume as successful if events of the session arrived without a RESUMED. Returns false if no event arrived,
   * or if the session is established already.
   */
  readonly unsafeAssumeResumed: () => boolean
  /** Returns whether a heartbeat was acknowledged since the last call. */
  readonly wasAcknowledged: () => boolean
  /**
   * Sets the function that answers the gateway's requests for a heartbeat, and calls it if a request arrived since HELLO. Requests
   * are no signals, because a peer can send millions of them before the connection's fiber runs.
   */
  readonly unsafeOnHeartbeatRequest: (answer: () => void) => void
  /** Returns the close frame of the peer. */
  readonly closedWith: () => Option.Option<CloseFrame.CloseFrame>
  /** Ends the connection. Only the first reason counts. */
  readonly end: (reason: Disconnect) => void
}

const decodeText = (body: string | Uint8Array): string => typeof body === "string" ? body : Utf8.decode(body)

/** A larger step of the sequence is refused, because all events after it would be dropped as duplicates. */
const maxAhead = 10_000_000

/** In UTF-16 units. Discord's HELLO has about 100. */
const maxControlLength = 16 * 1024

/** Levels of nested brackets. Discord's READY has about ten. */
const maxReadyDepth = 256

/** In UTF-16 units. Discord's longest name has about 40. */
const maxNameLength = 100

/** Decodes the body without the last character, which closes the payload. */
const decodeBody = (body: string | Uint8Array, from: number, preservesText: boolean): string =>
  typeof body === "string"
    ? body.slice(from, -1)
    : preservesText
    ? Utf8.decode(body, from, body.length - 1)
    : Utf8.decodeJson(body, from, body.length - 1)

export const make = (
  state: ShardState.ShardState,
  inflater: Option.Option<Decompressor.Inflater>,
  clock: Clock.Clock,
  emit: (signal: Signal) => void
): Receiver => {
  const envelope = Envelope.make()
  const inflate = Option.getOrUndefined(inflater)?.inflate
  const wanted = Option.getOrUndefined(state.config.events)
  const { counters, log } = state
  // A compressed message since the last event could not be read.
  let isPartUnreadable = false
  let ended = false
  let isIgnoring = false
  let hasHello = false
  let established = false
  // The number of events of the session since the connection was opened.
  let accepted = 0
  let acknowledged = false
  let isHeartbeatRequested = false
  let requestHeartbeat = () => {
    isHeartbeatRequested = true
  }
  let closedWith = Option.none<CloseFrame.CloseFrame>()

  const endConnection = (reason: Disconnect) => {
    if (!ended) {
      ended = true
      isIgnoring = reason._tag === "Failed"
      state.lostAt = established ? Monotonic.unsafeMillis(clock) : state.lostAt
      emit(Signal.Ended({ reason }))
    }
  }

  const failProtocol = (subject: string, reason: string) =>
    endConnection(Disconnect.Failed({ error: new ShardError.ProtocolError({ subject, cause: new Error(reason) }) }))

  const publish = (diagnostic: Diagnostic.Diagnostic) => emit(Signal.Diagnosed({ diagnostic }))

  const skipUnreadable = (eventType: Option.Option<string>, cause: unknown) => {
    const error = new ShardError.DeserializationError({ eventType, cause })
    log.notify({ _tag: "Failure", error, position: 0 })
    publish(Diagnostic.Failure({ error }))
  }

  const dropEarly = (t: string | undefined) =>
    publish(Diagnostic.EarlyEvent({ eventType: PeerText.clean(t ?? "an event") }))

  const establish = () => {
    established = true
    state.lostAt = undefined
    state.status.set(ShardStatus.Connected())
    emit(Signal.Established())
  }

  const establishResumed = (isAssumed: boolean) => {
    const { lostAt } = state
    const away = Option.map(Option.fromNullable(lostAt), (at) => Duration.millis(Monotonic.unsafeMillis(clock) - at))
    publish(Diagnostic.Resumed({ replayed: accepted, away, isAssumed }))
    establish()
  }

  const append = (session: LiveSession, t: string, s: number, body: string | Uint8Array) => {
    const isWanted = (wanted === undefined || wanted.has(t)) && log.wants(t)
    const isListenedTo = log.listeners.count > 0 && log.listeners.has(t)
    if (isWanted || isListenedTo) {
      const { bodyAt } = envelope
      const isBody = bodyAt > 0
      const text = isBody ? decodeBody(body, bodyAt, state.preservesText) : decodeText(body)
      const entry = new Entry(session, t, s, text, isBody)
      if (isListenedTo) {
        log.listeners.emit(entry)
      }
      if (isWanted) {
        log.append(entry)
      }
    }
  }

  const ready = (s: number, body: string | Uint8Array) => {
    const text = decodeText(body)
    if (Nesting.isDeeperThan(text, maxReadyDepth)) {
      return failProtocol("READY", `its brackets are nested more than ${maxReadyDepth} deep`)
    }
    const payload = Control.decodeReady(parseJson(text))
    if (Either.isLeft(payload)) {
      return failProtocol("READY", payload.left.message)
    }
    if (s > maxAhead) {
      return failProtocol("READY", `its sequence number ${s} is too large`)
    }
    // A proxy may omit the sequence number. Then the next event begins the sequence.
    const sequence = Math.max(s, 0)
    const { guilds, resume_gateway_url: url, session_id: id, user } = payload.right.d
    const isSafe = url !== undefined && GatewayUrl.mayResumeAt(state.config.gatewayUrl, url)
    if (url !== undefined && !isSafe) {
      publish(Diagnostic.UnsafeResumeUrl({ url: GatewayUrl.redact(url) }))
    }
    const session = {
      // A session must have an id. One without a printable character cannot be resumed.
      id: PeerText.clean(id) || "unprintable",
      sequence,
      since: sequence,
      resumeUrl: isSafe ? url : undefined
    }
    state.session = session
    state.userId = user?.id === undefined ? undefined : PeerText.clean(user.id)
    Counters.countEvent(counters, "READY")
    publish(Diagnostic.Ready({
      name: Option.map(Option.fromNullable(user?.username), (name) => PeerText.clean(name)),
      guilds: Option.map(Option.fromNullable(guilds), ({ length }) => length)
    }))
    establish()
    append(session, "READY", sequence, body)
  }

  /** Handles RESUMED. Without a sequence number, as some proxies send it, it has the number of the previous event. */
  const resumed = (session: LiveSession, s: number, body: string | Uint8Array) => {
    if (s > session.sequence) {
      session.sequence = s
    } else if (established) {
      counters.duplicates++
      return publish(Diagnostic.Duplicate({ sequence: s }))
    }
    Counters.countEvent(counters, "RESUMED")
    if (!established) {
      establishResumed(false)
    }
    if (s !== session.sequence && envelope.bodyAt === 0) {
      // The payload would be parsed as a whole, without a sequence number.
      const completed = `{"t":"RESUMED","s":${session.sequence},"op":0,"d":{}}`
      Envelope.scanText(envelope, completed)
      return append(session, "RESUMED", session.sequence, completed)
    }
    append(session, "RESUMED", session.sequence, body)
  }

  const dispatch = (t: string | undefined, s: number, body: string | Uint8Array) => {
    if (!hasHello) {
      return dropEarly(t)
    }
    if (t === "READY") {
      return ready(s, body)
    }
    const { session } = state
    if (session === undefined) {
      return dropEarly(t)
    }
    if (s - session.sequence > maxAhead) {
      return failProtocol(
        PeerText.clean(t ?? "an event"),
        `its sequence number ${s} is more than ${maxAhead} after ${session.sequence}`
      )
    }
    if (t === "RESUMED") {
      return resumed(session, s, body)
    }
    if (t === undefined || s === -1) {
      return skipUnreadable(
        Option.map(Option.fromNullable(t), (name) => PeerText.clean(name)),
        new Error("the event has no name or no sequence number")
      )
    }
    if (s <= session.sequence) {
      counters.duplicates++
      return publish(Diagnostic.Duplicate({ sequence: s }))
    }
    // After a READY without a sequence number the first event may have any number.
    if (s !== session.sequence + 1 && session.sequence > 0) {
      if (isPartUnreadable && RefusedMessages.refuse(state.refused, session) === undefined) {
        return failCompression(new Error("the event before this one could not be read"))
      }
      publish(Diagnostic.Gap({ after: session.sequence, before: s }))
    }
    isPartUnreadable = false
    session.sequence = s
    accepted++
    if (!envelope.isNamePlain && !PeerText.isPlain(t, maxNameLength)) {
      return skipUnreadable(Option.some(PeerText.clean(t)), new Error("its name is too long or has control characters"))
    }
    Counters.countEvent(counters, t)
    append(session, t, s, body)
  }

  const hello = (text: string) => {
    if (text.length > maxControlLength) {
      return failProtocol("hello", `it has ${text.length} characters`)
    }
    const payload = Control.decodeHello(parseJson(text))
    if (Either.isLeft(payload)) {
      return failProtocol("hello", payload.left.message)
    }
    if (hasHello) {
      return failProtocol("hello", "it was received twice")
    }
    const interval = payload.right.d.heartbeat_interval
    const problem = HeartbeatInterval.describeProblem(interval)
    if (problem !== undefined) {
      return failProtocol("hello", problem)
    }
    hasHello = true
    emit(Signal.Hello({ interval: Duration.millis(interval) }))
  }

  const invalidSession = (text: string) => {
    const payload = Control.decodeInvalidSession(text.length > maxControlLength ? undefined : parseJson(text))
    return Either.isLeft(payload)
      ? failProtocol("invalid session", payload.left.message)
      : endConnection(Disconnect.SessionInvalidated({ resumable: payload.right.d }))
  }

  const control = (op: number, text: string) => {
    if (text.length <= maxControlLength) {
      log.notify({ _tag: "Control", text, position: 0 })
    }
    switch (op) {
      case Opcode.HeartbeatAck: {
        acknowledged = true
        const before = state.latency
        state.latency = HeartbeatLatency.recordAcknowledged(before, Monotonic.unsafeMillis(clock))
        if (state.latency !== before) {
          ShardMetrics.heartbeatLatency.unsafeUpdate((state.latency.totalMillis - before.totalMillis) / 1_000, [])
        }
        return
      }
      case Opcode.Heartbeat:
        // A request before HELLO is invalid, and ignored.
        return hasHello ? requestHeartbeat() : undefined
      case Opcode.Hello:
        return hello(text)
      case Opcode.Reconnect:
        return endConnection(Disconnect.ReconnectRequested())
      case Opcode.InvalidSession:
        return invalidSession(text)
      default:
        return publish(Diagnostic.UnknownOpcode({ opcode: op }))
    }
  }

  const isTooLarge = (cause: unknown) => cause instanceof GatewaySocket.FrameError && cause.reason === "TooLarge"

  /** Records a message that is too large. Must precede `endConnection`, after which the sequence does not change. */
  const recordRefused = (cause: unknown) => {
    const sequence = isTooLarge(cause) && !ended ? RefusedMessages.refuse(state.refused, state.session) : undefined
    if (sequence !== undefined) {
      publish(Diagnostic.Skipped({ sequence }))
    }
  }

  const failCompression = (cause: unknown) => {
    recordRefused(cause)
    endConnection(Disconnect.Failed({ error: new ShardError.CompressionError({ cause }) }))
  }

  const scan = (body: string | Uint8Array) =>
    typeof body === "string" ? Envelope.scanText(envelope, body) : Envelope.scanBytes(envelope, body)

  /** Returns undefined if the message is incomplete or cannot be decompressed. */
  const decompress = (data: string | Uint8Array): Uint8Array | undefined => {
    try {
      if (inflate === undefined || typeof data === "string") {
        throw new Error("a binary frame was received, but compression was not requested")
      }
      const message = inflate(data)
      counters.bytesCompressed += data.length
      counters.bytesInflated += message?.length ?? 0
      return message
    } catch (cause) {
      failCompression(cause)
      return undefined
    }
  }

  /** Reads a message whose envelope is not in Discord's order. Returns false if it cannot be read. */
  const parse = (body: string | Uint8Array, isCompressed: boolean): boolean => {
    const text = decodeText(body)
    const parsed = Envelope.parse(envelope, text)
    if (Either.isRight(parsed)) {
      return true
    }
    // Corrupt data can decompress without an error. Valid UTF-8 is kept unless the next sequence shows a gap; then resume once.
    isPartUnreadable ||= isCompressed
    if (isCompressed && text.includes("\ufffd")) {
      failCompression(parsed.left)
    } else {
      skipUnreadable(Option.none(), parsed.left)
    }
    return false
  }

  return {
    onFrame: (data, isBinary) => {
      counters.bytesReceived += data.length
      // After a fault the sequence does not change, so that a resume replays the lost event. After any other end, events are
      // accepted until the log is full.
      isIgnoring ||= ended && (log.backpressure.isPaused || state.session === undefined)
      if (isIgnoring) {
        return
      }
      let body = isBinary ? decompress(data) : data
      if (body === undefined) {
        return
      }
      let isScanned = scan(body)
      if (!isScanned && Utf8.startsWithByteOrderMark(body)) {
        body = typeof body === "string" ? body.slice(1) : body.subarray(3)
        isScanned = scan(body)
      }
      if (!isScanned && !parse(body, isBinary)) {
        return
      }
      if (envelope.op === Opcode.Dispatch) {
        dispatch(envelope.t, envelope.s, body)
      } else {
        control(envelope.op, decodeText(body))
      }
    },
    onClose: (peerFrame, cause) => {
      const frame = Option.map(peerFrame, ({ code, reason }) => ({ code, reason: PeerText.clean(reason) }))
      closedWith = frame
      if (cause instanceof GatewaySocket.FrameError) {
        recordRefused(cause)
        return endConnection(
          Disconnect.Failed({ error: new ShardError.ProtocolError({ subject: "a message", cause }) })
        )
      }
      endConnection(Disconnect.Closed({ frame, cause }))
    },
    unsafeAssumeResumed: () => {
      const isResumed = accepted > 0 && !established && !ended && state.session !== undefined
      if (isResumed) {
        establishResumed(true)
      }
      return isResumed
    },
    wasAcknowledged: () => {
      const was = acknowledged
      acknowledged = false
      return was
    },
    unsafeOnHeartbeatRequest: (answer) => {
      requestHeartbeat = answer
      if (isHeartbeatRequested) {
        answer()
      }
    },
    closedWith: () => closedWith,
    end: endConnection
  }
}

/** Parses JSON. Returns undefined for any other text, which the schemas refuse. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
