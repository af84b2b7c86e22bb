/** Gateways that are hostile or broken, each in one way. */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Opcode from "@vesper/model/Opcode"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { hello, type Link, ready, type Script, trouble } from "./scripted.js"

const escape = "\u001b[2J\u001b]0;owned\u0007\nERROR forged line"

const refusing = (status: number, retryAfter: Option.Option<Duration.Duration> = Option.none()): Script => ({
  name: `a refused upgrade, ${status}, ${Option.isSome(retryAfter) ? "with" : "without"} Retry-After`,
  refuse: (url) =>
    new GatewaySocket.OpenError({ url, status: Option.some(status), retryAfter, cause: new Error(escape.repeat(100)) })
})

/** Answers payloads of one opcode. */
const onOpcode = (opcode: number, act: (link: Link) => void): Pick<Script, "onPayload"> => ({
  onPayload: (link, { op }) => {
    if (op !== opcode) {
      return false
    }
    act(link)
    return true
  }
})

const onIdentify = (name: string, act: (link: Link) => void): Script => ({ name, ...onOpcode(Opcode.Identify, act) })

const invalidSession = (resumable: unknown) => ({ t: null, s: null, op: Opcode.InvalidSession, d: resumable })

const times = (count: number, act: (n: number) => void) => {
  for (let n = 0; n < count; n++) {
    act(n)
  }
}

/** Calls `act` with a connection when it has opened. The gateway says nothing else. */
const onOpen = (name: string, act: (link: Link) => void): Script => ({
  name,
  onOpen: (link) => {
    act(link)
    return true
  }
})

const beforeHello = (name: string, act: (link: Link) => void): Script => ({
  name,
  onOpen: (link) => {
    act(link)
    return false
  }
})

const nested = "[".repeat(200_000) + "]".repeat(200_000)

const isFrameTooLarge = new GatewaySocket.FrameError({ reason: "TooLarge", cause: new Error("over the limit") })

let names = 0

const scripts: ReadonlyArray<Script> = [
  onIdentify("each identify is closed", (link) => link.close(4000)),
  onIdentify("each identify is closed, and is said to be rate limited", (link) => link.close(4008, "rate limited")),
  onIdentify("each identify is cut off", (link) => link.close()),
  onIdentify("each identify is an invalid session", (link) => link.send(invalidSession(false))),
  onIdentify("each identify is an invalid session that is no boolean", (link) => link.send(invalidSession("no"))),
  onIdentify("each identify is not answered", () => {}),
  onIdentify("READY, then a close", (link) => {
    link.send(ready(`session-${link.connection}`))
    link.close(4000)
  }),
  onIdentify("READY, then a close that ends the session", (link) => {
    link.send(ready(`session-${link.connection}`))
    link.close(4007)
  }),
  onIdentify("READY, then an invalid session", (link) => {
    link.send(ready(`session-${link.connection}`))
    link.send(invalidSession(false))
  }),
  onIdentify("READY without an id", (link) => link.send(ready("a", { session_id: undefined }))),
  onIdentify("READY with an id of a megabyte", (link) => {
    link.session = { id: "a", sequence: 1 }
    link.send(ready("a".repeat(1_000_000)))
  }),
  onIdentify("READY with an id of control characters", (link) => {
    link.session = { id: escape, sequence: 1 }
    link.send(ready(escape))
    link.close(4000)
  }),
  onIdentify("READY with 200,000 nested brackets", (link) => {
    link.text(`{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"a","guilds":[],"x":${nested}}}`)
  }),
  onIdentify("READY of 200 kilobytes, then a close", (link) => {
    link.send(ready("a", { x: "y".repeat(200_000) }))
    link.close(4000)
  }),
  onIdentify("READY is half a message", (link) => link.text("{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"v\":10")),
  onIdentify("a READY that is too large for the client", (link) => link.fail(isFrameTooLarge)),
  onIdentify("an event before READY", (link) => {
    link.send({ t: "TYPING_START", s: 1, op: 0, d: {} })
  }),
  onIdentify("a request to reconnect for each identify", (link) => link.send({ t: null, s: null, op: 7, d: null })),
  onOpen("accept, then close", (link) => link.close(4000)),
  onOpen("accept, then close with a reason of 100,000 characters", (link) => link.close(4000, escape.repeat(5_000))),
  onOpen("accept, then cut off", (link) => link.close()),
  onOpen("silence", () => {}),
  onOpen("a hello that no client can keep", (link) => link.send(hello(1))),
  onOpen("a hello without a number", (link) => link.send(hello("41250"))),
  onOpen("a hello with 200,000 nested brackets", (link) => {
    link.text(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"x":${nested}}}`)
  }),
  onOpen("a corrupt binary message", (link) => link.bytes(Buffer.from("no such thing as deflate"))),
  onOpen("a request to reconnect before hello", (link) => link.send({ t: null, s: null, op: 7, d: null })),
  beforeHello("an event before hello", (link) => link.send({ t: "TYPING_START", s: 1, op: 0, d: {} })),
  beforeHello("an invalid session before hello", (link) => link.send(invalidSession(true))),
  onOpen("a hello of 500 ms", (link) => link.send(hello(500))),
  { name: "heartbeats are never acknowledged", ...onOpcode(Opcode.Heartbeat, () => {}) },
  {
    name: "a resume is never answered",
    ...onOpcode(Opcode.Resume, () => {}),
    each: (link) => link.close(4000)
  },
  {
    name: "a resume is an invalid session that can be resumed",
    ...onOpcode(Opcode.Resume, (link) => link.send(invalidSession(true))),
    each: (link) => link.close(4000)
  },
  {
    name: "events and no RESUMED",
    onPayload: (link, { op }) => {
      if (op === Opcode.Resume) {
        link.session = { id: "session-0", sequence: 5 }
        times(3, () => link.dispatch("TYPING_START", {}))
      }
      return op === Opcode.Resume
    },
    each: (link) => link.close(4000)
  },
  { name: "a corrupt message each minute", each: (link) => link.bytes(Buffer.from("no such thing as deflate")) },
  { name: "bad JSON, a hundred messages at a time", each: (link) => times(100, () => link.text("{\"t\":")) },
  { name: "empty messages, a hundred at a time", each: (link) => times(100, () => link.text("")) },
  {
    name: "unknown opcodes, a hundred at a time",
    each: (link) => times(100, (n) => link.send({ op: 50 + n, d: null }))
  },
  {
    name: "gaps of the sequence, a hundred at a time",
    each: (link) => times(100, () => link.dispatch("TYPING_START", {}, 7))
  },
  { name: "a sequence that is too far ahead", each: (link) => link.dispatch("TYPING_START", {}, 20_000_000) },
  {
    name: "events that came before, a hundred at a time",
    each: (link) => times(100, () => link.dispatch("TYPING_START", {}, 0))
  },
  { name: "opcode 1, a hundred at a time", each: (link) => times(100, () => link.send({ op: 1, d: null })) },
  { name: "invalid sessions that can be resumed", each: (link) => link.send(invalidSession(true)) },
  { name: "invalid sessions that cannot be resumed", each: (link) => link.send(invalidSession(false)) },
  { name: "a second hello", each: (link) => link.send(hello()) },
  { name: "a second READY", each: (link) => link.send(ready("another")) },
  { name: "RESUMED again and again", each: (link) => link.dispatch("RESUMED", {}) },
  {
    name: "new event names, a hundred at a time",
    each: (link) => times(100, () => link.dispatch(`NEW_${names++}`, {}))
  },
  {
    name: "event names with control characters",
    each: (link) => times(100, () => link.dispatch(`${escape}${names++}`, {}))
  },
  {
    name: "RATE_LIMITED, a hundred at a time",
    each: (link) =>
      times(
        100,
        () => link.dispatch("RATE_LIMITED", { opcode: 8, retry_after: 1, meta: { guild_id: "1", nonce: "a" } })
      )
  },
  { name: "closed with a new reason each time", each: (link) => link.close(4000, `${escape} ${names++}`) },
  { name: "closed with a new code each time", each: (link) => link.close(4100 + (names++ % 800)) },
  { name: "closed with the code of a session that is over", each: (link) => link.close(4009) },
  { name: "messages that are too large", each: (link) => link.fail(isFrameTooLarge) },
  refusing(403),
  refusing(429),
  refusing(429, Option.some(Duration.seconds(30))),
  refusing(503),
  // A longer wait than an hour is not obeyed.
  { ...refusing(503, Option.some(Duration.days(3))), recovery: "63 minutes" },
  refusing(503, Option.some(Duration.millis(0)))
]

export const troubles = scripts.map(trouble)
