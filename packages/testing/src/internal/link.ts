/**
 * One connection, seen from the gateway: the protocol, with all that Discord punishes. It knows no transport.
 */
import * as CloseCode from "@vesper/model/CloseCode"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Fault from "../Fault.js"
import * as LogEntry from "../LogEntry.js"
import * as Answers from "./answers.js"
import * as Compressor from "./compressor.js"
import type { Gateway, Session } from "./gateway.js"
import { envelope } from "./gateway.js"
import * as Ready from "./ready.js"
import * as Received from "./received.js"

/** The way to the client. */
export interface Transport {
  readonly send: (data: string | Uint8Array) => void
  readonly close: (frame: CloseFrame.CloseFrame) => void
  /** Ends the connection without a close frame. */
  readonly drop: () => void
  /** Ends it in the middle of this message. */
  readonly cut: (data: string | Uint8Array) => void
  /** From now on bytes go one by one, if the transport has any. */
  readonly dribble: (bytesPerSecond: number) => void
}

export interface Link {
  readonly number: number
  readonly url: string
  readonly shard: () => ShardId.ShardId | undefined
  readonly session: () => Session | undefined
  readonly isOpen: () => boolean
  /** Half-open: nothing gets through either way. */
  readonly isStalled: () => boolean
  /** Says hello, or whatever the rules want instead. */
  readonly greet: () => void
  /** A message of the client's. */
  readonly receive: (text: string) => void
  /** The client has closed, or is gone. */
  readonly disconnected: (frame: Option.Option<CloseFrame.CloseFrame>) => void
  /** An event of the link's session, numbered already. */
  readonly deliver: (event: { readonly s: number; readonly t: string; readonly text: string }) => void
  readonly inject: (fault: Fault.LiveFault) => void
  /** When a heartbeat must have come; the link closes if it has not. */
  readonly heartbeatDeadline: () => number
  readonly checkHeartbeat: () => void
}

const windowMillis = 60_000
const messageLimit = 120
const maxBytes = 4096

export const make = (gateway: Gateway, transport: Transport, url: string): Link => {
  const { settings } = gateway
  const number = gateway.nextConnection()
  const query = new URL(url).searchParams
  const compressor = Compressor.make(query.get("compress"))
  let session: Session | undefined
  let shard: ShardId.ShardId | undefined
  let isOpen = true
  let isStalled = false
  let isAcknowledging = true
  let isCorruptNext = false
  let isSplit = false
  let isCutNext = false
  let lastBeat = gateway.now()
  let sentAt: Array<number> = []

  const common = () => ({ at: gateway.now(), connection: number, shard: shard?.id })

  const detach = () => {
    isOpen = false
    gateway.links.delete(link)
    if (session?.link === link) {
      session.link = undefined
      session.lostAt = gateway.now()
    }
  }

  const closed = (by: "client" | "gateway" | "network", frame: Option.Option<CloseFrame.CloseFrame>) => {
    gateway.record(LogEntry.Closed({
      ...common(),
      by,
      code: Option.getOrUndefined(frame)?.code,
      reason: Option.getOrUndefined(frame)?.reason ?? ""
    }))
    detach()
  }

  const close = (code: number, reason: string) => {
    if (isOpen) {
      const frame = { code, reason }
      closed("gateway", Option.some(frame))
      transport.close(frame)
    }
  }

  const drop = () => {
    if (isOpen) {
      closed("network", Option.none())
      transport.drop()
    }
  }

  const violate = (rule: string, detail: string) => gateway.record(LogEntry.Violation({ ...common(), rule, detail }))

  const punish = (code: number, detail: string) => {
    violate(Option.match(CloseCode.get(code), { onNone: () => String(code), onSome: ({ name }) => name }), detail)
    close(code, detail)
  }

  const answers = Answers.make(gateway, violate)

  const sendData = (data: string | Uint8Array) => {
    if (isCutNext) {
      closed("network", Option.none())
      return transport.cut(data)
    }
    transport.send(data)
  }

  const transmitCompressed = ({ compress, isSplittable }: Compressor.Compressor, text: string) => {
    const bytes = Buffer.from(compress(text))
    if (isCorruptNext) {
      isCorruptNext = false
      // All ones are no header and no type of block in either format; zlib's flush marker at the end stays.
      bytes.fill(0xff, 0, bytes.length - 4)
    }
    if (isSplit && isSplittable) {
      const middle = Math.floor(bytes.length / 2)
      transport.send(bytes.subarray(0, middle))
      return transport.send(bytes.subarray(middle))
    }
    sendData(bytes)
  }

  const transmit = (text: string) => {
    if (!isOpen || isStalled) {
      return
    }
    if (compressor !== undefined) {
      return transmitCompressed(compressor, text)
    }
    sendData(isCorruptNext ? text.slice(0, text.length - 5) : text)
    isCorruptNext = false
  }

  const send = (op: number, d: unknown) => {
    if (isOpen && !isStalled) {
      gateway.record(LogEntry.Sent({ ...common(), op, t: undefined, s: undefined }))
      transmit(envelope(op, null, null, JSON.stringify(d)))
    }
  }

  const deliver: Link["deliver"] = ({ s, t, text }) => {
    if (isOpen && !isStalled) {
      gateway.record(LogEntry.Sent({ ...common(), op: Opcode.Dispatch, t, s }))
      transmit(text)
    }
  }

  const hello = () =>
    send(Opcode.Hello, { heartbeat_interval: settings.heartbeatInterval, _trace: ["[\"simulator\"]"] })

  const isOverLimit = () => {
    const now = gateway.now()
    sentAt = sentAt.filter((at) => at + windowMillis > now)
    sentAt.push(now)
    return sentAt.length > messageLimit
  }

  const heartbeat = () => {
    lastBeat = gateway.now()
    if (isAcknowledging) {
      send(Opcode.HeartbeatAck, null)
    }
  }

  const checkIdentify = (
    d: Record<string, unknown>
  ): Either.Either<readonly [ShardId.ShardId, Intents.Intents], number> => {
    if (!gateway.isToken(d["token"])) {
      return Either.left(4004)
    }
    const [id, total] = Array.isArray(d["shard"]) ? d["shard"] : [0, 1]
    const asked = ShardId.make(Number(id), Number(total))
    if (Either.isLeft(asked)) {
      return Either.left(4010)
    }
    const intents = Intents.fromBits(typeof d["intents"] === "number" ? d["intents"] : -1)
    if (Either.isLeft(intents) || Intents.unknownBits(intents.right).length > 0) {
      return Either.left(4013)
    }
    if (Intents.privileged(intents.right).some((name) => !Intents.has(settings.allowedIntents, name))) {
      return Either.left(4014)
    }
    return gateway.guildsOf(asked.right).length > settings.maxGuildsPerShard
      ? Either.left(4011)
      : Either.right([asked.right, intents.right])
  }

  const ready = (started: Session) => {
    const guilds = gateway.guildsOf(started.shard)
    const resumeUrl = gateway.takeRule(url, "NameResumeUrl")?.url ?? started.resumeUrl
    gateway.enqueue(started, "READY", Ready.body(started, guilds, resumeUrl))
    if (Intents.has(started.intents, "Guilds")) {
      for (const guild of guilds) {
        gateway.enqueue(started, "GUILD_CREATE", guild)
      }
    }
  }

  const identify = (d: Record<string, unknown>) => {
    if (session !== undefined) {
      return punish(4005, "a second identify on one connection")
    }
    const checked = checkIdentify(d)
    if (Either.isLeft(checked)) {
      return punish(checked.left, CloseCode.describe(checked.left))
    }
    const [asked, intents] = checked.right
    shard = asked
    switch (gateway.takeIdentify(asked)) {
      case "too soon": {
        violate("IdentifyRate", `shard ${asked} identified within 5 s of another in its bucket`)
        return send(Opcode.InvalidSession, false)
      }
      case "spent": {
        violate("IdentifyBudget", "no identifies are left today: the token is reset")
        for (const link of Array.from(gateway.links)) {
          link.inject({ _tag: "Close", code: 4004, reason: "Authentication failed." })
        }
        return
      }
      case "ok": {
        if (gateway.takeRule(url, "RejectIdentify") !== undefined) {
          return send(Opcode.InvalidSession, false)
        }
        if (gateway.takeRule(url, "NeverReady") === undefined) {
          session = gateway.startSession(link, asked, intents)
          gateway.record(LogEntry.Identified({ ...common(), session: session.id, intents }))
          ready(session)
        }
      }
    }
  }

  const takeOver = (found: Session, seq: number) => {
    const older = found.link
    found.link = undefined
    older?.inject({ _tag: "Close", code: 4000, reason: "resumed elsewhere" })
    session = found
    shard = found.shard
    const missed = found.events.filter((event) => event.s > seq)
    gateway.record(LogEntry.Resumed({ ...common(), session: found.id, replayed: missed.length }))
    missed.forEach(deliver)
    found.link = link
    found.lostAt = undefined
    gateway.enqueue(found, "RESUMED", { _trace: ["[\"simulator\"]"] })
  }

  const resume = (d: Record<string, unknown>) => {
    if (session !== undefined) {
      return punish(4005, "a resume on a connection that has a session")
    }
    if (!gateway.isToken(d["token"])) {
      return punish(4004, CloseCode.describe(4004))
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
    return seq > found.sequence ? punish(4007, `sequence ${seq} was never sent`) : takeOver(found, seq)
  }

  const receive = (text: string) => {
    if (!isOpen || isStalled) {
      return
    }
    const payload = Received.parse(text)
    const op = payload?.["op"]
    gateway.record(LogEntry.Received({
      ...common(),
      op: typeof op === "number" ? op : -1,
      d: Received.withoutToken(payload?.["d"]),
      bytes: Received.byteLength(text)
    }))
    if (isOverLimit()) {
      return punish(4008, "more than 120 messages in 60 seconds")
    }
    if (payload === undefined || Received.byteLength(text) > maxBytes) {
      return punish(4002, payload === undefined ? "not a JSON object" : "longer than 4096 bytes")
    }
    if (typeof op !== "number" || !Opcode.isSent(op)) {
      return punish(4001, `no opcode that a client may send: ${op}`)
    }
    const d = Predicate.isRecord(payload["d"]) ? payload["d"] : {}
    switch (op) {
      case Opcode.Heartbeat:
        return heartbeat()
      case Opcode.Identify:
        return identify(d)
      case Opcode.Resume:
        return resume(d)
      default:
        return session === undefined ? punish(4003, `opcode ${op} before identify`) : answers.answer(session, op, d)
    }
  }

  const invalidate = (resumable: boolean) => {
    if (!resumable && session !== undefined) {
      gateway.endSession(session, "it was invalidated")
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
        return session && gateway.endSession(session, "a fault wanted it")
      case "RequestHeartbeat":
        return send(Opcode.Heartbeat, null)
      case "HelloAgain":
        return hello()
      case "SendText":
        return transmit(fault.text)
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
      case "Corrupt":
        isCorruptNext = true
        return
      case "SplitFrames":
        isSplit = true
        return
      case "ResetMidFrame":
        isCutNext = true
        return
      case "Dribble":
        return transport.dribble(fault.bytesPerSecond)
      case "DenyVoice":
        return answers.denyVoice()
    }
  }

  const greet = () => {
    const abrupt = gateway.takeRule(url, "AcceptThenClose")
    if (abrupt !== undefined) {
      return abrupt.code === undefined ? drop() : close(abrupt.code, "")
    }
    if (query.get("v") !== "10") {
      return punish(4012, `version ${query.get("v")} of the gateway`)
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
    hello()
  }

  const link: Link = {
    number,
    url,
    shard: () => shard,
    session: () => session,
    isOpen: () => isOpen,
    isStalled: () => isStalled,
    greet,
    receive,
    disconnected: (frame) => {
      if (isOpen) {
        closed(Option.isSome(frame) ? "client" : "network", frame)
        if (session !== undefined && Option.exists(frame, (sent) => CloseFrame.intent(sent) === "EndSession")) {
          gateway.endSession(session, "the client closed it")
        }
      }
    },
    deliver,
    inject,
    heartbeatDeadline: () => lastBeat + settings.heartbeatInterval + settings.heartbeatTolerance,
    checkHeartbeat: () => {
      if (isOpen && !isStalled && gateway.now() >= link.heartbeatDeadline()) {
        violate("Heartbeat", "no heartbeat came in time")
        close(4000, "no heartbeat came in time")
      }
    }
  }
  gateway.links.add(link)
  gateway.record(LogEntry.Opened({ ...common(), url }))
  return link
}
