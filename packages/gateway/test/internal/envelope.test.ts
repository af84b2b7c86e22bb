import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Envelope from "../../src/internal/wire/envelope.js"

const encoder = new TextEncoder()

const scan = (text: string) => {
  const bytes = Envelope.make()
  const characters = Envelope.make()
  const isBytes = Envelope.scanBytes(bytes, encoder.encode(text))
  const isText = Envelope.scanText(characters, text)
  assert.strictEqual(isBytes, isText, `both scanners must agree on ${text}`)
  if (isBytes) {
    assert.deepStrictEqual(bytes, characters)
  }
  return isBytes ? bytes : undefined
}

const scanned: ReadonlyArray<readonly [text: string, envelope: Omit<Envelope.Envelope, "isNamePlain">]> = [
  ["{\"t\":\"MESSAGE_CREATE\",\"s\":42,\"op\":0,\"d\":{}}", { t: "MESSAGE_CREATE", s: 42, op: 0, bodyAt: 40 }],
  ["{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"op\":9}}", { t: "READY", s: 1, op: 0, bodyAt: 30 }],
  ["{\"t\":null,\"s\":null,\"op\":11,\"d\":null}", { t: undefined, s: -1, op: 11, bodyAt: 31 }],
  ["{\"t\":null,\"s\":null,\"op\":11}", { t: undefined, s: -1, op: 11, bodyAt: 0 }],
  ["{\"t\":null,\"s\":0,\"op\":31,\"d\":1}", { t: undefined, s: 0, op: 31, bodyAt: 28 }],
  ["{\"t\":\"A\",\"s\":999999999999999,\"op\":0,\"d\":1}", { t: "A", s: 999999999999999, op: 0, bodyAt: 40 }],
  ["{\"t\":\"A\",\"s\":1,\"op\":0,\"d\":[]} ", { t: "A", s: 1, op: 0, bodyAt: 0 }],
  ["{\"t\":\"A\",\"s\":1,\"op\":0,\"d\":[1", { t: "A", s: 1, op: 0, bodyAt: 0 }]
]

const left: ReadonlyArray<string> = [
  "{\"t\":null,\"s\":null,\"op\":11}x",
  "{\"t\":null,\"s\":null,\"op\":11},\"op\":1}",
  "",
  "{",
  "{}",
  "null",
  "{\"op\":11}",
  "{\"op\":0,\"d\":{},\"s\":1,\"t\":\"A\"}",
  "{ \"t\":\"A\",\"s\":1,\"op\":0,\"d\":{}}",
  "{\"t\":\"A\\u0042\",\"s\":1,\"op\":0,\"d\":{}}",
  "{\"t\":\"a\",\"s\":1,\"op\":0,\"d\":{}}",
  "{\"t\":\"A\",\"s\":01,\"op\":0,\"d\":{}}",
  "{\"t\":\"A\",\"s\":1.5,\"op\":0,\"d\":{}}",
  "{\"t\":\"A\",\"s\":1e3,\"op\":0,\"d\":{}}",
  "{\"t\":\"A\",\"s\":-1,\"op\":0,\"d\":{}}",
  "{\"t\":\"A\",\"s\":1,\"op\":0.5,\"d\":{}}",
  "{\"t\":\"A\",\"s\":1,\"op\":,\"d\":{}}",
  "{\"t\":\"A\",\"s\":9999999999999999,\"op\":0,\"d\":{}}",
  `{"t":"${"A".repeat(64)}","s":1,"op":0,"d":{}}`,
  "{\"t\":\"A\",\"s\":1,\"op\":0,\"e\":{}}",
  "{\"t\":\"A"
]

describe("envelope", () => {
  it("reads envelopes in Discord's order", () => {
    for (const [text, envelope] of scanned) {
      assert.deepStrictEqual(scan(text), { ...envelope, isNamePlain: true }, text)
    }
  })

  it("leaves everything else to a full parse", () => {
    for (const text of left) {
      assert.isUndefined(scan(text), text)
    }
  })

  it("agrees with JSON.parse on any payload it reads", () => {
    const payload = FastCheck.record({
      t: FastCheck.option(FastCheck.oneof(FastCheck.stringMatching(/^[A-Z_0-9]{0,70}$/), FastCheck.string())),
      s: FastCheck.option(FastCheck.oneof(FastCheck.nat(), FastCheck.maxSafeNat(), FastCheck.double())),
      op: FastCheck.oneof(FastCheck.nat(), FastCheck.double()),
      d: FastCheck.jsonValue()
    })
    let read = 0
    FastCheck.assert(
      FastCheck.property(payload, (value) => {
        const text = JSON.stringify({ t: value.t, s: value.s, op: value.op, d: value.d })
        const envelope = scan(text)
        if (envelope !== undefined) {
          read++
          const parsed = Envelope.make()
          assert.isTrue(Either.isRight(Envelope.parse(parsed, text)))
          assert.deepStrictEqual({ ...envelope, isNamePlain: false, bodyAt: 0 }, parsed)
          assert.isAbove(envelope.bodyAt, 0)
          assert.strictEqual(text.slice(envelope.bodyAt, -1), JSON.stringify(value.d))
        }
      }),
      { numRuns: 2_000, seed: 1 }
    )
    assert.isAbove(read, 100, "the property must have seen payloads that are scanned")
  })

  it("never throws on cut or mutated bytes", () => {
    const text = "{\"t\":\"PRESENCE_UPDATE\",\"s\":12345,\"op\":0,\"d\":{\"user\":{\"id\":\"1\"}}}"
    const bytes = encoder.encode(text)
    for (let length = 0; length <= bytes.length; length++) {
      const envelope = Envelope.make()
      // All that is read lies before the body.
      assert.strictEqual(Envelope.scanBytes(envelope, bytes.slice(0, length)), length >= text.indexOf("\"d\":") + 4)
    }
    FastCheck.assert(
      FastCheck.property(FastCheck.nat(bytes.length - 1), FastCheck.nat(255), (at, byte) => {
        const mutated = bytes.slice()
        mutated[at] = byte
        Envelope.scanBytes(Envelope.make(), mutated)
      }),
      { numRuns: 2_000, seed: 1 }
    )
  })

  it("reads any order when the whole payload is parsed", () => {
    const envelope = Envelope.make()
    assert.isTrue(Either.isRight(Envelope.parse(envelope, "{\"op\":0,\"d\":{\"t\":\"X\"},\"s\":7,\"t\":\"A\"}")))
    assert.deepStrictEqual(envelope, { op: 0, s: 7, t: "A", isNamePlain: false, bodyAt: 0 })
  })

  for (const text of ["", "hello", "[1]", "3", "null", "{\"t\":\"A\"}", "{\"op\":\"0\"}", "{\"op\":-1}", "{\"op\":0"]) {
    it(`refuses ${JSON.stringify(text)} as no payload`, () => {
      assert.isTrue(Either.isLeft(Envelope.parse(Envelope.make(), text)))
    })
  }
})
