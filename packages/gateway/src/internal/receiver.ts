/**
 * The hot path: from the socket's callback to the event buffer, in one tick, without a fiber, a promise or an Effect.
 * What needs an Effect is told to the connection's fiber as a signal.
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Control from "@vesper/model/Control"
import * as Opcode from "@vesper/model/Opcode"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Decompressor from "../Decompressor.js"
import * as Diagnostic from "../Diagnostic.js"
import * as GatewaySocket from "../GatewaySocket.js"
import * as Latency from "../Latency.js"
import * as ShardError from "../ShardError.js"
import * as ShardMetrics from "../ShardMetrics.js"
import * as ShardStatus from "../ShardStatus.js"
import * as Counters from "./counters.js"
import * as Envelope from "./envelope.js"
import { Entry, type LiveSession } from "./events/log/entry.js"
import * as GatewayUrl from "./gatewayUrl.js"
import * as HeartbeatPolicy from "./heartbeat/policy.js"
import { Disconnect } from "./disconnect.js"
import type { ShardState } from "./shardState.js"
import { Signal } from "./signal.js"
import * as Monotonic from "./time/monotonic.js"
import * as Utf8 from "./utf8.js"
import * as WireMemory from "./wire/memory.js"
import * as Nesting from "./wire/nesting.js"
import * as PeerText from "./wire/peerText.js"

export interface Receiver extends GatewaySocket.Handlers {
  /**
   * Takes a resume whose events arrive without a RESUMED for resumed: the gateway has accepted the session. False if it
   * sent no event of the session, or has established it.
   */
  readonly unsafeAssumeResumed: () => boolean
  /** A heartbeat was acknowledged since this was last asked. */
  readonly wasAcknowledged: () => boolean
  /** The close frame that the peer sent. */
  readonly closedWith: () => Option.Option<CloseFrame.CloseFrame>
  /** Ends the connection for a reason found elsewhere. Only the first reason counts. */
  readonly end: (reason: Disconnect) => void
}

const textOf = (body: string | Uint8Array): string => typeof body === "string" ? body : Utf8.decode(body)

/** A sequence further ahead is no gap but damage: every event after it would be dropped as a duplicate. */
const maxAhead = 10_000_000

/** In UTF-16 units. Discord's hello has about 100; no control payload needs more than a few of its fields. */
const maxControlLength = 16 * 1024

/** Brackets within brackets. Discord's READY has about ten. */
const maxReadyDepth = 256

/** In UTF-16 units. Discord's longest name has about 40. */
const maxNameLength = 100

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
  /** A compressed message since the last event could not be read. */
  let isPartUnreadable = false
  let ended = false
  let isDeaf = false
  let greeted = false
  let established = false
  // Those of the session, in order.
  let accepted = 0
  let acknowledged = false
  let closedWith = Option.none<CloseFrame.CloseFrame>()

  const end = (reason: Disconnect) => {
    if (!ended) {
      ended = true
      isDeaf = reason._tag === "Failed"
      state.wire.lostAt = established ? Monotonic.unsafeMillis(clock) : state.wire.lostAt
      tell(Signal.Ended({ reason }))
    }
  }

  const refuse = (subject: string, why: string) =>
    end(Disconnect.Failed({ error: new ShardError.ProcessError({ subject, cause: new Error(why) }) }))

  const notice = (diagnostic: Diagnostic.Diagnostic) => tell(Signal.Noticed({ diagnostic }))

  const unreadable = (eventType: Option.Option<string>, cause: unknown) => {
    const error = new ShardError.DeserializationError({ eventType, cause })
    log.notify({ _tag: "Failure", error, position: 0 })
    notice(Diagnostic.Failure({ error }))
  }

  const early = (t: string | undefined) => notice(Diagnostic.EarlyEvent({ eventType: PeerText.clean(t ?? "an event") }))

  const establish = () => {
    established = true
    state.wire.lostAt = undefined
    state.status.set(ShardStatus.Connected())
    tell(Signal.Established())
  }

  const establishResumed = (isAssumed: boolean) => {
    const { lostAt } = state.wire
    const away = Option.map(Option.fromNullable(lostAt), (at) => Duration.millis(Monotonic.unsafeMillis(clock) - at))
    notice(Diagnostic.Resumed({ replayed: accepted, away, isAssumed }))
    establish()
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

  const ready = (s: number, body: string | Uint8Array) => {
    const text = textOf(body)
    if (Nesting.isDeeperThan(text, maxReadyDepth)) {
      return refuse("READY", `its brackets are nested more than ${maxReadyDepth} deep`)
    }
    const payload = Control.decodeReady(parseJson(text))
    if (Either.isLeft(payload)) {
      return refuse("READY", Control.describe(payload.left))
    }
    if (s > maxAhead) {
      return refuse("READY", `its sequence number ${s} is too large`)
    }
    // A proxy may leave the number out; then the next event has the first.
    const sequence = Math.max(s, 0)
    const { guilds, resume_gateway_url: url, session_id: id, user } = payload.right.d
    const isSafe = url !== undefined && GatewayUrl.mayResumeAt(state.config.gatewayUrl, url)
    if (url !== undefined && !isSafe) {
      notice(Diagnostic.UnsafeResumeUrl({ url: GatewayUrl.redact(url) }))
    }
    const session = {
      // A session has an id; one without a printable character cannot be resumed.
      id: PeerText.clean(id) || "unprintable",
      sequence,
      since: sequence,
      resumeUrl: isSafe ? url : undefined
    }
    state.session = session
    state.userId = user?.id === undefined ? undefined : PeerText.clean(user.id)
    Counters.countEvent(counters, "READY")
    notice(Diagnostic.Ready({
      name: Option.map(Option.fromNullable(user?.username), (name) => PeerText.clean(name)),
      guilds: Option.map(Option.fromNullable(guilds), ({ length }) => length)
    }))
    establish()
    append(session, "READY", sequence, body)
  }

  /** It has no number of its own where a proxy sends it; then it has that of the event before. */
  const resumed = (session: LiveSession, s: number, body: string | Uint8Array) => {
    if (s > session.sequence) {
      session.sequence = s
    } else if (established) {
      counters.duplicates++
      return notice(Diagnostic.Duplicate({ sequence: s }))
    }
    Counters.countEvent(counters, "RESUMED")
    if (!established) {
      establishResumed(false)
    }
    if (s !== session.sequence && envelope.bodyAt === 0) {
      // The whole payload would be read with the number that it does not have.
      const own = `{"t":"RESUMED","s":${session.sequence},"op":0,"d":{}}`
      Envelope.scanText(envelope, own)
      return append(session, "RESUMED", session.sequence, own)
    }
    append(session, "RESUMED", session.sequence, body)
  }

  const dispatch = (t: string | undefined, s: number, body: string | Uint8Array) => {
    if (!greeted) {
      return early(t)
    }
    if (t === "READY") {
      return ready(s, body)
    }
    const { session } = state
    if (session === undefined) {
      return early(t)
    }
    if (s - session.sequence > maxAhead) {
      return refuse(
        PeerText.clean(t ?? "an event"),
        `its sequence number ${s} is more than ${maxAhead} after ${session.sequence}`
      )
    }
    if (t === "RESUMED") {
      return resumed(session, s, body)
    }
    if (t === undefined || s === -1) {
      return unreadable(
        Option.map(Option.fromNullable(t), (name) => PeerText.clean(name)),
        new Error("the event has no name or no sequence number")
      )
    }
    if (s <= session.sequence) {
      counters.duplicates++
      return notice(Diagnostic.Duplicate({ sequence: s }))
    }
    // After a READY without a number the first event may have any.
    if (s !== session.sequence + 1 && session.sequence > 0) {
      if (isPartUnreadable && WireMemory.refuse(state.wire, session) === undefined) {
        return corrupt(new Error("the message before this event could not be read, and was an event"))
      }
      notice(Diagnostic.Gap({ after: session.sequence, before: s }))
    }
    isPartUnreadable = false
    session.sequence = s
    accepted++
    if (!envelope.isNamePlain && !PeerText.isPlain(t, maxNameLength)) {
      return unreadable(Option.some(PeerText.clean(t)), new Error("its name is too long or has control characters"))
    }
    Counters.countEvent(counters, t)
    append(session, t, s, body)
  }

  const hello = (text: string) => {
    if (text.length > maxControlLength) {
      return refuse("hello", `it has ${text.length} characters`)
    }
    const payload = Control.decodeHello(parseJson(text))
    if (Either.isLeft(payload)) {
      return refuse("hello", Control.describe(payload.left))
    }
    if (greeted) {
      return refuse("hello", "it came a second time")
    }
    const interval = payload.right.d.heartbeat_interval
    if (!HeartbeatPolicy.isPermitted(interval)) {
      return refuse("hello", HeartbeatPolicy.notPermitted(interval))
    }
    greeted = true
    tell(Signal.Hello({ interval: Duration.millis(interval) }))
  }

  const invalidSession = (text: string) => {
    const payload = Control.decodeInvalidSession(text.length > maxControlLength ? undefined : parseJson(text))
    return Either.isLeft(payload)
      ? refuse("invalid session", Control.describe(payload.left))
      : end(Disconnect.SessionInvalidated({ resumable: payload.right.d }))
  }

  const control = (op: number, text: string) => {
    if (text.length <= maxControlLength) {
      log.notify({ _tag: "Control", text, position: 0 })
    }
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

  const isTooLarge = (cause: unknown) => cause instanceof GatewaySocket.FrameError && cause.reason === "TooLarge"

  /** Before the end is decided: after it nothing moves the sequence. */
  const noticeRefused = (cause: unknown) => {
    const sequence = isTooLarge(cause) && !ended ? WireMemory.refuse(state.wire, state.session) : undefined
    if (sequence !== undefined) {
      notice(Diagnostic.Skipped({ sequence }))
    }
  }

  const corrupt = (cause: unknown) => {
    noticeRefused(cause)
    end(Disconnect.Failed({ error: new ShardError.CompressionError({ cause }) }))
  }

  const scan = (body: string | Uint8Array) =>
    typeof body === "string" ? Envelope.scanText(envelope, body) : Envelope.scanBytes(envelope, body)

  const receive = (frame: string | Uint8Array, isCompressed: boolean) => {
    let body = frame
    let isScanned = scan(body)
    if (!isScanned && startsWithMark(body)) {
      body = typeof body === "string" ? body.slice(1) : body.subarray(3)
      isScanned = scan(body)
    }
    if (!isScanned) {
      const text = textOf(body)
      const parsed = Envelope.parse(envelope, text)
      if (Either.isLeft(parsed)) {
        // Damaged data can happen to inflate. Text that is as readable as in json costs no connection, unless the next
        // event shows that it was an event: that one is replayed, once.
        isPartUnreadable ||= isCompressed
        return isCompressed && text.includes("\ufffd") ? corrupt(parsed.left) : unreadable(Option.none(), parsed.left)
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
    onClose: (given, cause) => {
      const frame = Option.map(given, ({ code, reason }) => ({ code, reason: PeerText.clean(reason) }))
      closedWith = frame
      if (cause instanceof GatewaySocket.FrameError) {
        noticeRefused(cause)
        return end(Disconnect.Failed({ error: new ShardError.ProcessError({ subject: "a message", cause }) }))
      }
      end(Disconnect.Closed({ frame, cause }))
    },
    unsafeAssumeResumed: () => {
      const isMeant = accepted > 0 && !established && !ended && state.session !== undefined
      if (isMeant) {
        establishResumed(true)
      }
      return isMeant
    },
    wasAcknowledged: () => {
      const was = acknowledged
      acknowledged = false
      return was
    },
    closedWith: () => closedWith,
    end
  }
}

/** Whether the text begins with a byte order mark, which JSON does not allow and some writers add. */
const startsWithMark = (body: string | Uint8Array): boolean =>
  typeof body === "string"
    ? body.startsWith("\ufeff")
    : body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf

/** The scanner has seen an envelope, not that the rest is JSON: what is not is left to the schema to refuse. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
