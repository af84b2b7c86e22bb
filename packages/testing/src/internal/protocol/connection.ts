/** The gateway's side of one connection: the handshake, heartbeats, limits and faults. It knows no transport. */
import * as CloseCode from "@vesper/model/CloseCode"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import type * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Fault from "../../Fault.js"
import * as LogEntry from "../../LogEntry.js"
import { Bot } from "../world/index.js"
import * as ClientMessage from "./clientMessage.js"
import * as Commands from "./commands.js"
import type { Gateway, Session, SessionEvent } from "./gateway.js"
import { envelope } from "./gateway.js"
import * as Identify from "./identify.js"
import * as MessageLimit from "./messageLimit.js"
import * as Outgoing from "./outgoing.js"
import * as Ready from "./ready.js"
import * as Visibility from "./visibility.js"

/** The way to the client. */
export interface Transport extends Outgoing.Sink {
  readonly close: (frame: CloseFrame.CloseFrame) => void
  /** Ends the connection without a close frame. */
  readonly drop: () => void
  /** Sends bytes one by one from now on, if the transport has bytes. */
  readonly dribble: (bytesPerSecond: number) => void
  /** Stops reading from now on, so that the client's writes do not complete. */
  readonly stopReading: () => void
}

export interface Connection {
  readonly number: number
  readonly url: string
  readonly shard: () => ShardId.ShardId | undefined
  readonly session: () => Session | undefined
  readonly isOpen: () => boolean
  /** Half-open: neither side receives anything. */
  readonly isStalled: () => boolean
  /** The client's messages are received. */
  readonly isReading: () => boolean
  /** Sends HELLO, or its replacement by a rule. */
  readonly start: () => void
  /** Processes a message of the client. */
  readonly receive: (text: string) => void
  /** Records that the client closed or lost the connection. */
  readonly onDisconnect: (frame: Option.Option<CloseFrame.CloseFrame>) => void
  /** Sends an event of the session. */
  readonly deliver: (event: SessionEvent) => void
  readonly inject: (fault: Fault.LiveFault) => void
  /** The time of the next heartbeat at the latest. */
  readonly heartbeatDeadline: () => number
  /** Closes the connection if that time has passed. */
  readonly checkHeartbeat: () => void
}

const maxBytes = 4096

export const make = (gateway: Gateway, transport: Transport, url: string): Connection => {
  const { settings } = gateway
  const number = gateway.nextConnection()
  const query = new URL(url).searchParams
  const outgoing = Outgoing.make(transport, query.get("compress"), () => onClose("network", Option.none()))
  const messageLimit = MessageLimit.make()
  let session: Session | undefined
  let shard: ShardId.ShardId | undefined
  let isOpen = true
  let isStalled = false
  let isReading = true
  let isAcknowledging = true
  let isInvalidated = false
  let lastHeartbeat = gateway.now()

  const common = () => ({ at: gateway.now(), connection: number, shard: shard?.id })

  const detach = () => {
    if (session?.connection === connection) {
      session.connection = undefined
      session.lostAt = gateway.now()
    }
  }

  const onClose = (by: "client" | "gateway" | "network", frame: Option.Option<CloseFrame.CloseFrame>) => {
    gateway.record(LogEntry.Closed({
      ...common(),
      by,
      code: Option.getOrUndefined(frame)?.code,
      reason: Option.getOrUndefined(frame)?.reason ?? ""
    }))
    isOpen = false
    gateway.connections.delete(connection)
    detach()
  }

  const close = (code: number, reason: string) => {
    if (isOpen) {
      const frame = { code, reason }
      onClose("gateway", Option.some(frame))
      transport.close(frame)
    }
  }

  const drop = () => {
    if (isOpen) {
      onClose("network", Option.none())
      transport.drop()
    }
  }

  const recordViolation = (rule: string, detail: string) =>
    gateway.record(LogEntry.Violation({ ...common(), rule, detail }))

  const closeForViolation = (code: number, detail: string) => {
    recordViolation(
      Option.match(CloseCode.get(code), { onNone: () => String(code), onSome: ({ name }) => name }),
      detail
    )
    close(code, detail)
  }

  const commands = Commands.make(gateway, recordViolation)

  const transmit = (text: string) => {
    if (isOpen && !isStalled) {
      outgoing.send(text)
    }
  }

  const send = (op: number, d: unknown) => {
    if (isOpen && !isStalled) {
      gateway.record(LogEntry.Sent({ ...common(), op, t: undefined, s: undefined }))
      transmit(envelope(op, null, null, JSON.stringify(d)))
    }
  }

  const deliver = ({ s, t, text }: SessionEvent) => {
    if (isOpen && !isStalled) {
      gateway.record(LogEntry.Sent({ ...common(), op: Opcode.Dispatch, t, s }))
      transmit(text)
    }
  }

  const sendHello = () =>
    send(Opcode.Hello, { heartbeat_interval: settings.heartbeatInterval, _trace: ["[\"simulator\"]"] })

  const acknowledgeHeartbeat = () => {
    lastHeartbeat = gateway.now()
    if (isAcknowledging) {
      send(Opcode.HeartbeatAck, null)
    }
  }

  const sendReady = (started: Session) => {
    const guilds = gateway.guildsOf(started.shard)
    const resumeUrl = gateway.takeRule(url, "ReadyWithoutResumeUrl") !== undefined
      ? undefined
      : gateway.takeRule(url, "NameResumeUrl")?.url ?? started.resumeUrl
    const flags = Bot.applicationFlags(settings.allowedIntents)
    gateway.enqueue(started, "READY", Ready.body(started, guilds, resumeUrl, flags))
    if (Intents.has(started.intents, "Guilds")) {
      for (const guild of guilds) {
        gateway.enqueue(started, "GUILD_CREATE", Visibility.withoutOffline(started, guild))
      }
    }
  }

  /** Checks that the connection may begin a session, or another one after its session was invalidated. */
  const mayBegin = (what: string): boolean => {
    if (session !== undefined || (isInvalidated && settings.strictInvalidSession)) {
      closeForViolation(4005, `${what} on a connection that ${session === undefined ? "had" : "has"} a session`)
      return false
    }
    return true
  }

  const identify = (d: Record<string, unknown>) => {
    if (!mayBegin("an identify")) {
      return
    }
    const validated = Identify.validate(gateway, d)
    if (Either.isLeft(validated)) {
      return closeForViolation(validated.left, CloseCode.describe(validated.left))
    }
    const options = validated.right
    shard = options.shard
    switch (gateway.takeIdentify(shard)) {
      case "too soon": {
        recordViolation("IdentifyRate", `shard ${shard} identified within 5 s of another in its bucket`)
        return send(Opcode.InvalidSession, false)
      }
      case "spent": {
        recordViolation("IdentifyBudget", "no IDENTIFYs are left today: the token is reset")
        for (const open of Array.from(gateway.connections)) {
          open.inject({ _tag: "Close", code: 4004, reason: "Authentication failed." })
        }
        return
      }
      case "ok": {
        if (gateway.takeRule(url, "RejectIdentify") !== undefined) {
          return send(Opcode.InvalidSession, false)
        }
        if (gateway.takeRule(url, "NeverReady") === undefined) {
          session = gateway.startSession(connection, options)
          isInvalidated = false
          gateway.record(LogEntry.Identified({ ...common(), session: session.id, intents: options.intents }))
          sendReady(session)
        }
      }
    }
  }

  const sendResumed = (resumed: Session) => {
    const d = { _trace: ["[\"simulator\"]"] }
    if (gateway.takeRule(url, "ResumedWithoutSequence") === undefined) {
      return gateway.enqueue(resumed, "RESUMED", d)
    }
    gateway.record(LogEntry.Sent({ ...common(), op: Opcode.Dispatch, t: "RESUMED", s: undefined }))
    transmit(envelope(Opcode.Dispatch, "RESUMED", null, JSON.stringify(d)))
  }

  const adopt = (found: Session, seq: number) => {
    const older = found.connection
    found.connection = undefined
    if (older !== connection) {
      older?.inject({ _tag: "Close", code: 4000, reason: "resumed elsewhere" })
    }
    session = found
    shard = found.shard
    isInvalidated = false
    const missed = found.events.filter((event) => event.s > seq)
    gateway.record(LogEntry.Resumed({ ...common(), session: found.id, replayed: missed.length }))
    missed.forEach(deliver)
    found.connection = connection
    found.lostAt = undefined
    sendResumed(found)
  }

  const resume = (d: Record<string, unknown>) => {
    if (!mayBegin("a resume")) {
      return
    }
    if (!gateway.isToken(d["token"])) {
      return closeForViolation(4004, CloseCode.describe(4004))
    }
    const rejected = gateway.takeRule(url, "RejectResume")
    if (rejected !== undefined) {
      const refused = gateway.findSession(String(d["session_id"]))
      if (refused !== undefined && !rejected.resumable) {
        gateway.endSession(refused, "its resume was refused")
      }
      return send(Opcode.InvalidSession, rejected.resumable)
    }
    if (gateway.takeRule(url, "NeverResumed") !== undefined) {
      return
    }
    const found = gateway.findSession(String(d["session_id"]))
    if (found === undefined) {
      return send(Opcode.InvalidSession, false)
    }
    const seq = Number(d["seq"])
    return seq > found.sequence ? closeForViolation(4007, `sequence ${seq} was never sent`) : adopt(found, seq)
  }

  const command = (op: number, d: Record<string, unknown>) => {
    if (session !== undefined) {
      return commands.handle(session, op, d)
    }
    // A client may have sent the command before it received opcode 9.
    if (!isInvalidated) {
      closeForViolation(4003, `opcode ${op} before identify`)
    }
  }

  const receive = (text: string) => {
    if (!isOpen || isStalled || !isReading) {
      return
    }
    const payload = ClientMessage.parse(text)
    const op = payload?.["op"]
    const bytes = ClientMessage.byteLength(text)
    gateway.record(LogEntry.Received({
      ...common(),
      op: typeof op === "number" ? op : -1,
      d: ClientMessage.withoutToken(payload?.["d"]),
      bytes
    }))
    if (messageLimit.isExceeded(gateway.now())) {
      return closeForViolation(4008, "more than 120 messages in 60 seconds")
    }
    if (payload === undefined || bytes > maxBytes) {
      return closeForViolation(4002, payload === undefined ? "not a JSON object" : "longer than 4096 bytes")
    }
    if (typeof op !== "number" || !Opcode.isSent(op)) {
      return closeForViolation(4001, `opcode ${op} cannot be sent by a client`)
    }
    const d = Predicate.isRecord(payload["d"]) ? payload["d"] : {}
    switch (op) {
      case Opcode.Heartbeat:
        return acknowledgeHeartbeat()
      case Opcode.Identify:
        return identify(d)
      case Opcode.Resume:
        return resume(d)
      default:
        return command(op, d)
    }
  }

  const invalidate = (resumable: boolean) => {
    if (session !== undefined) {
      if (!resumable) {
        gateway.endSession(session, "it was invalidated")
      }
      detach()
      session = undefined
      isInvalidated = true
    }
    send(Opcode.InvalidSession, resumable)
  }

  const inject = (fault: Fault.LiveFault): void => {
    switch (fault._tag) {
      case "Drop":
        return drop()
      case "Close": {
        if (session !== undefined && !CloseCode.mayResume(fault.code)) {
          gateway.endSession(session, `it was closed with ${fault.code}`)
        }
        return close(fault.code, fault.reason)
      }
      case "Reconnect":
        return send(Opcode.Reconnect, null)
      case "InvalidSession":
        return invalidate(fault.resumable)
      case "EndSession":
        return session && gateway.endSession(session, "a fault ended it")
      case "RequestHeartbeat":
        return send(Opcode.Heartbeat, null)
      case "HeartbeatStorm": {
        for (let i = 0; i < fault.count; i++) {
          send(Opcode.Heartbeat, null)
        }
        return
      }
      case "HelloAgain":
        return sendHello()
      case "SendText":
        return transmit(fault.text)
      case "BinaryFrame":
        return isOpen && !isStalled ? transport.send(new Uint8Array(fault.size)) : undefined
      case "LargeEvent":
        return session && gateway.enqueueText(session, "LARGE_EVENT", `{"padding":"${"x".repeat(fault.size)}"}`)
      case "DeepEvent":
        return session &&
          gateway.enqueueText(session, "DEEP_EVENT", "[".repeat(fault.depth) + "]".repeat(fault.depth))
      case "DuplicateLast": {
        const last = session?.events.at(-1)
        return last && deliver(last)
      }
      case "SkipSequence": {
        if (session !== undefined) {
          session.skip += fault.count
        }
        return
      }
      case "StopAcknowledging":
        isAcknowledging = false
        return
      case "Stall":
        isStalled = true
        return
      case "StopReading":
        isReading = false
        return transport.stopReading()
      case "Corrupt":
        return outgoing.corruptNext()
      case "SplitFrames":
        return outgoing.split()
      case "ResetMidFrame":
        return outgoing.cutNext()
      case "Dribble":
        return transport.dribble(fault.bytesPerSecond)
      case "DenyVoice":
        return commands.denyVoice()
    }
  }

  const start = () => {
    const abrupt = gateway.takeRule(url, "AcceptThenClose")
    if (abrupt !== undefined) {
      return abrupt.code === undefined ? drop() : close(abrupt.code, "")
    }
    if (query.get("v") !== "10") {
      return closeForViolation(4012, `version ${query.get("v")} of the gateway`)
    }
    if (gateway.takeRule(url, "NeverHello") !== undefined) {
      return
    }
    if (gateway.takeRule(url, "EventBeforeHello") !== undefined) {
      transmit(envelope(Opcode.Dispatch, "TYPING_START", 1, "{}"))
    }
    if (gateway.takeRule(url, "ReconnectBeforeHello") !== undefined) {
      return send(Opcode.Reconnect, null)
    }
    if (gateway.takeRule(url, "HelloWithoutInterval") !== undefined) {
      return send(Opcode.Hello, {})
    }
    sendHello()
  }

  const connection: Connection = {
    number,
    url,
    shard: () => shard,
    session: () => session,
    isOpen: () => isOpen,
    isStalled: () => isStalled,
    isReading: () => isReading && !isStalled,
    start,
    receive,
    onDisconnect: (frame) => {
      if (isOpen) {
        onClose(Option.isSome(frame) ? "client" : "network", frame)
        if (session !== undefined && Option.exists(frame, (sent) => CloseFrame.intent(sent) === "EndSession")) {
          gateway.endSession(session, "the client closed it")
        }
      }
    },
    deliver,
    inject,
    heartbeatDeadline: () => lastHeartbeat + settings.heartbeatInterval + settings.heartbeatTolerance,
    checkHeartbeat: () => {
      if (isOpen && connection.isReading() && gateway.now() >= connection.heartbeatDeadline()) {
        recordViolation("Heartbeat", "no heartbeat arrived in time")
        close(4000, "no heartbeat arrived in time")
      }
    }
  }
  gateway.connections.add(connection)
  gateway.record(LogEntry.Opened({ ...common(), url }))
  return connection
}
