import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Envelope from "../../../src/internal/wire/envelope.js"
import { Entry, toPayload } from "../../../src/internal/events/log/entry.js"
import type { LiveSession } from "../../../src/internal/session/liveSession.js"
import * as Parse from "../../../src/internal/events/log/parse.js"
import * as Utf8 from "../../../src/internal/wire/utf8.js"

const session: LiveSession = { id: "a", resumeUrl: undefined, since: 1, sequence: 1 }

/** As the receiver does it, from bytes and from text. */
const items = (text: string): ReadonlyArray<Entry> => {
  const bytes = Buffer.from(text)
  const [fromBytes, fromText] = [Envelope.make(), Envelope.make()]
  assert.isTrue(Envelope.scanBytes(fromBytes, bytes))
  assert.isTrue(Envelope.scanText(fromText, text))
  const item = ({ bodyAt, s, t = "" }: Envelope.Envelope, body: string): Entry =>
    new Entry(session, t, s, bodyAt > 0 ? body : text, bodyAt > 0)
  return [
    item(fromBytes, Utf8.decode(bytes, fromBytes.bodyAt, bytes.length - 1)),
    item(fromText, text.slice(fromText.bodyAt, -1))
  ]
}

const events: ReadonlyArray<readonly [name: string, text: string, d: unknown]> = [
  ["a body", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{\"user_id\":\"🦊\"}}", { user_id: "🦊" }],
  ["a body that is no object", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":\"}\"}", "}"],
  ["a field behind the body", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{\"a\":1},\"x\":{}}", { a: 1 }],
  ["a second body", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":1,\"d\":2}", 2],
  ["spaces behind the body", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":[] }", []],
  ["spaces behind the payload", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":[]} ", []]
]

const broken: ReadonlyArray<readonly [name: string, text: string]> = [
  ["no body", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":}"],
  ["half a body", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{\"a\":{}"],
  ["half a body that ends in a brace", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{\"a\":{}}"],
  ["two payloads", "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{}}{\"d\":{}}"]
]

describe("parse", () => {
  for (const [name, text, d] of events) {
    it.effect(`parses ${name}, and restores the received text`, () =>
      Effect.gen(function*() {
        const parse = yield* Parse.make("none")
        for (const item of items(text)) {
          assert.deepStrictEqual<unknown>(parse(item), { op: 0, t: "TYPING_START", s: 2, d, ...JSON.parse(text) })
          assert.strictEqual(toPayload(item), text)
        }
      }))
  }

  for (const [name, text] of broken) {
    it.effect(`fails on ${name}`, () =>
      Effect.gen(function*() {
        const parse = yield* Parse.make("none")
        for (const item of items(text)) {
          assert.isTrue(Parse.isFailure(parse(item)), text)
        }
      }))
  }
})
