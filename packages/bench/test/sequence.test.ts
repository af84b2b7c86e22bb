import { assert, describe, it } from "@effect/vitest"
import * as Mix from "../src/server/mix.js"
import { readSequence } from "../src/clients/sequence.js"

const read = (text: string, length = Buffer.byteLength(text)) => readSequence(Buffer.from(text), length)

describe("the sequence number of a message", () => {
  it("is the envelope's, for each event of the mix", () => {
    const texts = Mix.texts(2_000)
    assert.deepStrictEqual(texts.map((text) => read(text)), texts.map((text) => JSON.parse(text).s))
  })

  it("is 0 where the envelope has none", () => {
    assert.strictEqual(read(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`), 0)
    assert.strictEqual(read("{}"), 0)
  })

  it("is read from the message alone, not from what the buffer has behind it", () => {
    assert.strictEqual(read(`{"op":11}{"t":"A","s":7`, 9), 0)
    assert.strictEqual(read(`{"t":"A","s":12345`, 15), 12)
  })
})
