/** Faults of a gateway, each with what it may cost. */
import * as Duration from "effect/Duration"
import type * as Net from "node:net"
import type { Gateway, Peer, Script } from "./scriptedGateway.js"
import type * as Transport from "./transport.js"

type Fault = (peer: Peer, gateway: Gateway) => void

export interface Scenario {
  readonly name: string
  readonly script?: Script
  /** Runs once the shard has received READY. */
  readonly fault?: Fault
  /** Sessions that the fault may cost. Default: the first one only. */
  readonly identifies?: number
  /** The fault leads to another READY. Default: if it costs a session. */
  readonly isNewSession?: boolean
  /** Resumes that the fault costs. Default: any number. */
  readonly resumes?: number
  /** Contents of events that must be received before the last one, which is always `after`. */
  readonly contents?: ReadonlyArray<string>
  readonly modes?: ReadonlyArray<Transport.Mode>
  /** A line of the log that must be there. */
  readonly line?: RegExp
}

const compressed: ReadonlyArray<Transport.Mode> = ["zlib-stream", "zstd-stream"]

const message = (s: number, content: string) => ({ t: "MESSAGE_CREATE", s, op: 0, d: { content } })

/** Sends a text in the place of the next event, so that no gap follows. */
const inPlaceOfEvent = (text: (s: number) => string | Uint8Array): Fault => (peer, gateway) => {
  peer.text(text(++gateway.sequence))
}

const sendText = (text: string | Uint8Array): Fault => (peer) => peer.text(text)

/** A frame of a server: opcode, whether it is the last of its message, and the payload. */
const frame = (opcode: number, isLast: boolean, payload: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(payload)
  const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff]
  return Buffer.concat([Uint8Array.of((isLast ? 0x80 : 0) | opcode, ...length), bytes])
}

const kindOf = (gateway: Gateway) => gateway.mode === "none" ? 1 : 2

const notEstablished = { resumes: 0 }

/** Costs nothing but a line in the log. */
const texts: ReadonlyArray<Scenario> = ([
  ["text that is no JSON", "not json"],
  ["an empty text", ""],
  ["an array", "[]"],
  ["an object without an opcode", "{}"],
  ["null", "null"],
  ["a number", "42"],
  ["a string", "\"hello\""],
  ["an unknown opcode", "{\"op\":99,\"d\":null}"],
  ["an opcode as a string", "{\"op\":\"0\",\"t\":\"TYPING_START\",\"s\":2,\"d\":{}}"],
  ["a negative opcode", "{\"op\":-1,\"d\":null}"],
  ["a fractional opcode", "{\"op\":0.5,\"d\":null}"],
  ["an infinite opcode", "{\"op\":1e999,\"d\":null}"],
  ["an opcode of null", "{\"op\":null}"],
  ["a dispatch without name and number", "{\"op\":0,\"d\":{}}"],
  ["a sequence number as a string", "{\"t\":\"TYPING_START\",\"s\":\"2\",\"op\":0,\"d\":{}}"],
  ["a fractional sequence number", "{\"t\":\"TYPING_START\",\"s\":2.5,\"op\":0,\"d\":{}}"],
  ["a negative sequence number", "{\"t\":\"TYPING_START\",\"s\":-2,\"op\":0,\"d\":{}}"],
  ["a name that is a number", "{\"t\":5,\"s\":2,\"op\":0,\"d\":{}}"],
  ["a prototype", "{\"__proto__\":{\"op\":7}}"],
  ["RESUMED out of place", "{\"t\":\"RESUMED\",\"s\":null,\"op\":0,\"d\":{}}"],
  ["an acknowledgement that nothing asked for", "{\"op\":11}"],
  ["an acknowledgement with a body", "{\"op\":11,\"d\":{\"a\":[1]}}"],
  ["a request for a heartbeat", "{\"op\":1,\"d\":null}"],
  ["a request for a heartbeat with a number", "{\"op\":1,\"d\":251}"],
  ["100,000 spaces", " ".repeat(100_000)],
  ["200,000 brackets", "[".repeat(200_000)],
  ["200,000 brackets of an unknown opcode", `{"op":99,"d":${"[".repeat(200_000)}${"]".repeat(200_000)}}`]
] as const).map(([what, text]) => ({ name: `sends ${what}`, fault: sendText(text), ...notEstablished }))

/** In the place of an event: the ones after it are received all the same. */
const oddEvents: ReadonlyArray<Scenario> = ([
  ["an event of an unknown name", (s) => JSON.stringify({ t: "BRAND_NEW", s, op: 0, d: { a: 1 } })],
  ["an event of a name in lower case", (s) => JSON.stringify({ t: "message_create", s, op: 0, d: {} })],
  ["an event of an empty name", (s) => JSON.stringify({ t: "", s, op: 0, d: {} })],
  ["an event of a name of 4 MB", (s) => JSON.stringify({ t: "X".repeat(4e6), s, op: 0, d: {} })],
  ["an event of a name with escape sequences", (s) => JSON.stringify({ t: "\u001b[31mRED\n", s, op: 0, d: {} })],
  ["an event without a body", (s) => JSON.stringify({ t: "TYPING_START", s, op: 0 })],
  ["an event whose body is null", (s) => JSON.stringify({ t: "TYPING_START", s, op: 0, d: null })],
  ["an event whose body is broken", (s) => `{"t":"TYPING_START","s":${s},"op":0,"d":{`],
  ["an event with a nested body", (s) =>
    `{"t":"TYPING_START","s":${s},"op":0,"d":${"[".repeat(5_000)}${"]".repeat(5_000)}}`],
  ["an event of 8 MB", (s) => JSON.stringify({ t: "TYPING_START", s, op: 0, d: { a: "é".repeat(4e6) } })],
  ["an event with bytes that are no UTF-8", (s) =>
    Buffer.concat([
      Buffer.from(`{"t":"TYPING_START","s":${s},"op":0,"d":{"a":"`),
      Uint8Array.of(0xff, 0xfe, 0xc0),
      Buffer.from("\"}}")
    ])],
  ["an event with keys twice", (s) => `{"t":"TYPING_START","s":${s},"op":0,"d":{},"s":${s},"op":0}`]
] satisfies ReadonlyArray<readonly [string, (s: number) => string | Uint8Array]>).map(([what, text]) => ({
  name: `sends ${what}`,
  fault: inPlaceOfEvent(text),
  ...notEstablished
}))

/** Events that must be received, however they are written. */
const spelled: ReadonlyArray<Scenario> = ([
  ["behind a byte order mark", (s) => `\ufeff${JSON.stringify(message(s, "odd"))}`],
  ["with white space", (s) => `\n ${JSON.stringify(message(s, "odd"), undefined, 4)}\r\n`],
  ["with its keys in another order", (s) => `{"d":{"content":"odd"},"op":0,"s":${s},"t":"MESSAGE_CREATE"}`],
  ["with escaped keys", (s) => `{"\\u0074":"MESSAGE_CREATE","s":${s},"op":0,"d":{"content":"odd"}}`],
  ["with a further key", (s) => `{"t":"MESSAGE_CREATE","s":${s},"op":0,"x":[1],"d":{"content":"odd"}}`],
  ["with an exponent", (s) => `{"t":"MESSAGE_CREATE","s":${s}e0,"op":0,"d":{"content":"odd"}}`]
] satisfies ReadonlyArray<readonly [string, (s: number) => string]>).map(([what, text]) => ({
  name: `sends an event ${what}`,
  fault: inPlaceOfEvent(text),
  contents: ["odd"],
  ...notEstablished
}))

const unicode: ReadonlyArray<Scenario> = ["😀 déjà vu", "a\u0000b", "\u2028\u2029", "\ud800", "‮rtl", "\"\\\b\f"].map((
  content
) => ({
  name: `sends an event with ${JSON.stringify(content)}`,
  fault: (_, gateway) => gateway.emit("MESSAGE_CREATE", { content }),
  contents: [content],
  ...notEstablished
}))

const sequences: ReadonlyArray<Scenario> = [
  {
    name: "leaves out ten events",
    fault: (_, gateway) => {
      gateway.sequence += 10
    },
    ...notEstablished,
    line: /did not arrive/
  },
  {
    name: "sends an event twice",
    fault: (peer, gateway) => {
      gateway.emit("MESSAGE_CREATE", { content: "once" })
      peer.send(message(gateway.sequence, "once"))
    },
    contents: ["once"],
    ...notEstablished
  },
  {
    name: "sends a number that was used",
    fault: (peer) => peer.send(message(1, "old")),
    ...notEstablished
  },
  {
    name: "sends a number of 2^53",
    fault: (peer) => peer.send(message(Number.MAX_SAFE_INTEGER, "far")),
    resumes: 1,
    line: /sequence number/
  },
  {
    name: "sends a number eleven million ahead",
    fault: (peer, gateway) => peer.send(message(gateway.sequence + 11_000_000, "far")),
    resumes: 1
  }
]

const controls: ReadonlyArray<Scenario> = [
  { name: "sends a second hello", fault: (peer, gateway) => gateway.hello(peer), resumes: 1 },
  { name: "sends READY twice", fault: (peer, gateway) => gateway.ready(peer), resumes: 0 },
  {
    name: "sends a READY of another session",
    fault: (peer, gateway) => gateway.ready(peer, { session_id: "another" }),
    resumes: 0
  },
  { name: "asks for a reconnect", fault: (peer) => peer.send({ op: 7, d: null }), resumes: 1 },
  { name: "asks for a reconnect with a body", fault: (peer) => peer.send({ op: 7, d: { a: 1 } }), resumes: 1 },
  { name: "asks for a reconnect twice", fault: (peer) => [7, 7].forEach((op) => peer.send({ op })), resumes: 1 },
  { name: "invalidates the session for a while", fault: (peer) => peer.send({ op: 9, d: true }), resumes: 1 },
  { name: "invalidates the session", fault: (peer) => peer.send({ op: 9, d: false }), identifies: 2 },
  { name: "invalidates the session without saying how", fault: (peer) => peer.send({ op: 9 }), resumes: 1 },
  { name: "invalidates the session with a string", fault: (peer) => peer.send({ op: 9, d: "false" }), resumes: 1 },
  {
    name: "invalidates the session before READY",
    script: {
      onIdentify: (peer, gateway) => gateway.identifies() === 1 ? peer.send({ op: 9, d: false }) : gateway.ready(peer)
    },
    identifies: 2
  },
  {
    name: "invalidates the session in the resume",
    fault: (peer) => peer.socket.close(4000),
    script: {
      onResume: (peer, sequence, gateway) => {
        if (gateway.resumes.length === 1) {
          return peer.send({ op: 9, d: true })
        }
        gateway.replay(peer, sequence)
        gateway.resumed(peer)
      }
    },
    resumes: 2
  },
  {
    name: "ends the session in the resume",
    fault: (peer) => peer.socket.close(4000),
    script: { onResume: (peer) => peer.send({ op: 9, d: false }) },
    identifies: 2,
    resumes: 1
  },
  {
    name: "asks for a reconnect in the resume",
    fault: (peer) => peer.socket.close(4000),
    script: {
      onResume: (peer, sequence, gateway) => {
        if (gateway.resumes.length === 1) {
          return peer.send({ op: 7, d: null })
        }
        gateway.replay(peer, sequence)
        gateway.resumed(peer)
      }
    },
    resumes: 2
  },
  {
    name: "asks for a reconnect before hello",
    script: { onOpen: (peer, gateway) => peer.n === 0 ? peer.send({ op: 7, d: null }) : gateway.hello(peer) }
  },
  {
    name: "never says hello to the first connection",
    script: { onOpen: (peer, gateway) => peer.n === 0 ? undefined : gateway.hello(peer) }
  },
  {
    name: "never answers the first identify",
    script: { onIdentify: (peer, gateway) => peer.n === 0 ? undefined : gateway.ready(peer) },
    identifies: 2
  }
]

const hellos: ReadonlyArray<Scenario> = ([
  ["without an interval", "{\"op\":10,\"d\":{}}"],
  ["with an interval of null", "{\"op\":10,\"d\":{\"heartbeat_interval\":null}}"],
  ["with an interval as a string", "{\"op\":10,\"d\":{\"heartbeat_interval\":\"41250\"}}"],
  ["with a negative interval", "{\"op\":10,\"d\":{\"heartbeat_interval\":-1}}"],
  ["of 200,000 brackets", `{"op":10,"d":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ["of 3 MB", `{"op":10,"d":{"heartbeat_interval":"${"x".repeat(3e6)}"}}`]
] as const).map(([what, text]) => ({
  name: `says a hello ${what}`,
  script: { onOpen: (peer, gateway) => peer.n === 0 ? peer.text(text) : gateway.hello(peer) },
  line: /hello could not be processed/
}))

const readies: ReadonlyArray<Scenario> = ([
  ["without a resume URL", { resume_gateway_url: undefined }],
  ["with a resume URL of null", { resume_gateway_url: null }],
  ["with an empty resume URL", { resume_gateway_url: "" }],
  ["with a resume URL that is a number", { resume_gateway_url: 5 }],
  ["with a relative resume URL", { resume_gateway_url: "/resume" }],
  ["with a resume URL of another scheme", { resume_gateway_url: "https://user:secret@127.0.0.1/?key=secret" }],
  ["with a resume URL of 1 MB", { resume_gateway_url: `ws://127.0.0.1/${"x".repeat(1e6)}` }],
  ["with a resume URL with control characters", { resume_gateway_url: "ws://127.0.0.1/\u001b[2J" }],
  ["without a user", { user: undefined }],
  ["with a user of null", { user: null }],
  ["with a user without an id", { user: {} }],
  ["with a user whose id is a number", { user: { id: 5 } }],
  ["without guilds", { guilds: undefined }],
  ["with guilds of null", { guilds: null }],
  ["with a session id with escape sequences", { session_id: "a\u001b[2J\nINFO forged" }],
  ["with a session id of 1 MB", { session_id: "x".repeat(1e6) }],
  ["with a name with escape sequences", { user: { id: "1", username: "\u001b[2Jforged\nINFO" } }]
] as const).map(([what, changes]) => ({
  name: `sends READY ${what}`,
  script: { onIdentify: (peer, gateway) => gateway.ready(peer, changes) },
  fault: (peer) => peer.socket.terminate(),
  resumes: 1
}))

const readiesWithout: ReadonlyArray<Scenario> = [
  {
    name: "sends READY without a number",
    script: { onIdentify: (peer, gateway) => gateway.ready(peer, {}, { s: undefined }) }
  },
  {
    name: "sends READY with a number of null",
    script: { onIdentify: (peer, gateway) => gateway.ready(peer, {}, { s: null }) }
  },
  {
    name: "sends READY of 200,000 brackets first",
    script: {
      onIdentify: (peer, gateway) =>
        peer.n === 0
          ? peer.text(`{"t":"READY","s":1,"op":0,"d":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)
          : gateway.ready(peer)
    },
    identifies: 2,
    line: /READY could not be processed/
  },
  {
    name: "sends READY without a session id first",
    script: {
      onIdentify: (peer, gateway) => gateway.ready(peer, peer.n === 0 ? { session_id: undefined } : {})
    },
    identifies: 2,
    line: /"d.session_id" is missing/
  }
]

const resumes: ReadonlyArray<Scenario> = ([
  ["with a number of null", (gateway) => ({ s: null, d: gateway && {} })],
  ["without a number", () => ({ d: {} })],
  ["without a body", () => ({ s: null })],
  ["with the last number", (gateway) => ({ s: gateway.sequence, d: {} })],
  ["with an old number", () => ({ s: 1, d: {} })],
  ["with a number as a string", () => ({ s: "7", d: {} })]
] satisfies ReadonlyArray<readonly [string, (gateway: Gateway) => object]>).flatMap(([what, payload]) =>
  [true, false].map((inOrder): Scenario => ({
    name: `sends RESUMED ${what}${inOrder ? "" : ", in another order"}`,
    fault: (peer, gateway) => {
      peer.socket.terminate()
      gateway.emit("MESSAGE_CREATE", { content: "missed" })
    },
    script: {
      onResume: (peer, sequence, gateway) => {
        gateway.replay(peer, sequence)
        peer.send(
          inOrder
            ? { t: "RESUMED", op: 0, ...payload(gateway) }
            : { ...payload(gateway), op: 0, t: "RESUMED" }
        )
      }
    },
    contents: ["missed"],
    resumes: 1
  }))
)

const otherResumes: ReadonlyArray<Scenario> = [
  {
    name: "resumes without ever sending RESUMED",
    fault: (peer, gateway) => {
      peer.socket.terminate()
      gateway.emit("MESSAGE_CREATE", { content: "missed" })
    },
    script: { onResume: (peer, sequence, gateway) => gateway.replay(peer, sequence) },
    contents: ["missed"],
    resumes: 1
  },
  {
    name: "sends RESUMED before the replay",
    fault: (peer, gateway) => {
      peer.socket.terminate()
      gateway.emit("MESSAGE_CREATE", { content: "missed" })
    },
    script: {
      onResume: (peer, sequence, gateway) => {
        peer.send({ t: "RESUMED", s: null, op: 0, d: {} })
        gateway.replay(peer, sequence)
      }
    },
    contents: ["missed"],
    resumes: 1
  },
  {
    name: "answers a resume with READY",
    fault: (peer) => peer.socket.terminate(),
    script: { onResume: (peer, _, gateway) => gateway.ready(peer, { session_id: "another" }) },
    isNewSession: true,
    resumes: 1
  },
  {
    name: "loses the connection in the replay, twice",
    fault: (peer, gateway) => {
      peer.socket.terminate()
      ;["a", "b", "c"].forEach((content) => gateway.emit("MESSAGE_CREATE", { content }))
    },
    script: {
      onResume: (peer, sequence, gateway) => {
        const next = gateway.events.find(({ s }) => s > sequence)
        if (gateway.resumes.length < 3 && next !== undefined) {
          return peer.socket.send(peer.encode(JSON.stringify({ ...next, op: 0 })), () => peer.socket.terminate())
        }
        gateway.replay(peer, sequence)
        gateway.resumed(peer)
      }
    },
    contents: ["a", "b", "c"],
    resumes: 3
  }
]

const early: ReadonlyArray<Scenario> = [
  {
    name: "sends an event before hello",
    script: {
      onOpen: (peer, gateway) => {
        peer.send(message(2, "early"))
        gateway.hello(peer)
      }
    },
    ...notEstablished,
    line: /arrived before the session/
  },
  {
    name: "sends events before READY",
    script: {
      onIdentify: (peer, gateway) => {
        peer.send(message(1, "early"))
        peer.send({ t: "RESUMED", s: 2, op: 0, d: {} })
        gateway.ready(peer)
      }
    },
    ...notEstablished,
    line: /arrived before the session/
  }
]

const closes: ReadonlyArray<Scenario> = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 4000, 4001, 4002, 4005, 4006, 4008, 4099].map((
    code
  ): Scenario => ({
    name: `closes with ${code}`,
    fault: (peer) => peer.socket.close(code, "reason"),
    resumes: 1,
    line: new RegExp(`closed the connection with ${code} reason; resuming now`)
  })),
  ...[4003, 4007, 4009].map((code): Scenario => ({
    name: `closes with ${code}`,
    fault: (peer) => peer.socket.close(code),
    identifies: 2
  })),
  { name: "closes without a code", fault: (peer) => peer.socket.close(), resumes: 1 },
  { name: "closes with escape sequences", fault: (peer) => peer.socket.close(4000, "\u001b[2J\nforged"), resumes: 1 },
  { name: "cuts the connection", fault: (peer) => peer.socket.terminate(), resumes: 1, line: /connection was lost; / },
  {
    name: "resets the connection",
    fault: (peer) => peer.tcp.resetAndDestroy(),
    resumes: 1,
    line: /connection was lost: read ECONNRESET; resuming now/
  }
]

const frames: ReadonlyArray<Scenario> = [
  {
    name: "splits a message into frames with pings between",
    fault: (peer, gateway) => {
      const whole = Buffer.from(peer.encode(JSON.stringify(message(++gateway.sequence, "split"))))
      peer.tcp.write(frame(kindOf(gateway), false, whole.subarray(0, 5)))
      peer.tcp.write(frame(9, true, "ping"))
      peer.tcp.write(frame(0, false, ""))
      peer.tcp.write(frame(10, true, "pong"))
      peer.tcp.write(frame(0, true, whole.subarray(5)))
    },
    contents: ["split"],
    ...notEstablished
  },
  {
    name: "writes a message byte by byte",
    fault: (peer, gateway) => {
      const whole = frame(kindOf(gateway), true, peer.encode(JSON.stringify(message(++gateway.sequence, "slow"))))
      whole.forEach((byte) => peer.tcp.write(Uint8Array.of(byte)))
    },
    contents: ["slow"],
    ...notEstablished
  },
  {
    name: "pings with 125 bytes, many times",
    fault: (peer) => Array.from({ length: 100 }, () => peer.socket.ping(Buffer.alloc(125))),
    ...notEstablished
  },
  {
    name: "sends text in clear on a compressed connection",
    fault: (peer, gateway) => peer.socket.send(JSON.stringify(message(++gateway.sequence, "clear"))),
    contents: ["clear"],
    ...notEstablished
  },
  ...([
    ["a frame of an unknown opcode", frame(3, true, "x")],
    ["a frame with reserved bits", Buffer.from([0xf1, 1, 0x78])],
    ["a masked frame", Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])],
    ["a ping of 126 bytes", frame(9, true, "x".repeat(126))],
    ["a close frame of one byte", Buffer.from([0x88, 1, 3])],
    ["a close code that may not be sent", Buffer.from([0x88, 2, 0x03, 0xed])],
    ["a continuation of nothing", frame(0, true, "x")],
    ["bytes that are no frame", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]
  ] as const).map(([what, bytes]): Scenario => ({
    name: `sends ${what}`,
    fault: (peer) => peer.tcp.write(bytes),
    resumes: 1,
    line: /a message could not be processed: .*; resuming now/
  })),
  {
    name: "sends 20,000 empty frames",
    fault: (peer) => Array.from({ length: 20_000 }, () => peer.socket.send(Buffer.alloc(0))),
    modes: compressed,
    ...notEstablished
  },
  {
    name: "sends a message one byte a frame",
    fault: (peer, gateway) => {
      const whole = Buffer.from(peer.encode(JSON.stringify(message(++gateway.sequence, "bytes"))))
      whole.forEach((byte) => peer.socket.send(Uint8Array.of(byte)))
    },
    contents: ["bytes"],
    modes: ["zlib-stream"],
    ...notEstablished
  },
  {
    name: "sends damaged data",
    fault: (peer) => peer.socket.send(Buffer.from([1, 2, 3, 0, 0, 0xff, 0xff])),
    modes: compressed,
    resumes: 1,
    line: /could not be decompressed: corrupt/
  },
  {
    name: "sends a text of no JSON and no UTF-8",
    fault: (peer) => peer.text(Uint8Array.of(0xff, 0xfe, 0xfd)),
    modes: compressed,
    resumes: 1
  },
  {
    name: "sends a binary message without compression",
    fault: (peer) => peer.socket.send(Buffer.from("{\"op\":11}")),
    modes: ["none"],
    resumes: 1
  }
]

const answerWith = (text: string): Script => ({
  onUpgrade: (n, _request, socket) => {
    if (n === 0) {
      socket.end(text)
    }
    return n === 0
  }
})

const upgrades: ReadonlyArray<Scenario> = [
  ...[400, 401, 403, 404, 426, 429, 500, 502, 503].map((status): Scenario => ({
    name: `answers the first upgrade with ${status}`,
    script: answerWith(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
    line: new RegExp(`HTTP status ${status}`)
  })),
  { name: "answers the first upgrade with nothing", script: answerWith(""), line: /socket hang up/ },
  {
    name: "answers the first upgrade with no HTTP",
    script: answerWith("\u001b[31m220 smtp\r\n"),
    line: /Parse Error/
  },
  {
    name: "answers the first upgrade with another key",
    script: answerWith(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
    ),
    line: /Sec-WebSocket-Accept/
  },
  {
    name: "resets the first upgrade",
    script: {
      onUpgrade: (n, _request, socket) => {
        if (n === 0) {
          // An HTTP server's sockets are TCP sockets.
          ;(socket as Net.Socket).resetAndDestroy()
        }
        return n === 0
      }
    },
    line: /ECONNRESET/
  }
]

export const all: ReadonlyArray<Scenario> = [
  ...texts,
  ...oddEvents,
  ...spelled,
  ...unicode,
  ...sequences,
  ...controls,
  ...hellos,
  ...readies,
  ...readiesWithout,
  ...resumes,
  ...otherResumes,
  ...early,
  ...closes,
  ...frames,
  ...upgrades
]

/** How long a scenario may take. */
export const patience = Duration.seconds(10)
