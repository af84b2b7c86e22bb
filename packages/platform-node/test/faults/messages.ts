/** Messages that are not payloads, odd events, and sequence numbers out of order. */
import { type Fault, free, message, type Scenario } from "./scenario.js"

/** Sends a text in the place of the next event, so that no gap follows. */
const inPlaceOfEvent = (text: (s: number) => string | Uint8Array): Fault => (peer, gateway) => {
  peer.text(text(++gateway.sequence))
}

const sendText = (text: string | Uint8Array): Fault => (peer) => peer.text(text)

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
] as const).map(([what, text]) => ({ name: `sends ${what}`, fault: sendText(text), ...free }))

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
  [
    "an event with a nested body",
    (s) => `{"t":"TYPING_START","s":${s},"op":0,"d":${"[".repeat(5_000)}${"]".repeat(5_000)}}`
  ],
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
  ...free
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
  ...free
}))

const unicode: ReadonlyArray<Scenario> = ["😀 déjà vu", "a\u0000b", "\u2028\u2029", "\ud800", "‮rtl", "\"\\\b\f"].map((
  content
) => ({
  name: `sends an event with ${JSON.stringify(content)}`,
  fault: (_, gateway) => gateway.emit("MESSAGE_CREATE", { content }),
  contents: [content],
  ...free
}))

const sequences: ReadonlyArray<Scenario> = [
  {
    name: "leaves out ten events",
    fault: (_, gateway) => {
      gateway.sequence += 10
    },
    ...free,
    line: /did not arrive/
  },
  {
    name: "sends an event twice",
    fault: (peer, gateway) => {
      gateway.emit("MESSAGE_CREATE", { content: "once" })
      peer.send(message(gateway.sequence, "once"))
    },
    contents: ["once"],
    ...free
  },
  {
    name: "sends a number that was used",
    fault: (peer) => peer.send(message(1, "old")),
    ...free
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

export const all: ReadonlyArray<Scenario> = [...texts, ...oddEvents, ...spelled, ...unicode, ...sequences]
