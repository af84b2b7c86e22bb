import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Zlib from "node:zlib"
import * as ZlibStream from "../../../src/internal/compression/zlibStream.js"

describe("the simulator's zlib-stream", () => {
  it("is what any inflater reads as one stream, message by message, windows over", () => {
    const text = FastCheck.string({ unit: "grapheme", maxLength: 200 })
    const message = FastCheck.tuple(text, FastCheck.integer({ min: 1, max: 300 })).map(([part, n]) => part.repeat(n))
    FastCheck.assert(
      FastCheck.property(FastCheck.array(message, { maxLength: 12 }), (messages) => {
        const stream = ZlibStream.make()
        const frames = messages.map((message) => Buffer.from(stream.compress(message)))
        for (const frame of frames) {
          assert.strictEqual(frame.subarray(-4).toString("hex"), "0000ffff")
        }
        const whole = frames.length === 0
          ? ""
          : Zlib.inflateSync(Buffer.concat(frames), { finishFlush: Zlib.constants.Z_SYNC_FLUSH }).toString()
        assert.strictEqual(whole, messages.join(""))
      }),
      { numRuns: 50 }
    )
  })

  it("keeps its window: the second time costs little", () => {
    const stream = ZlibStream.make()
    const text = Array.from({ length: 500 }, (_, i) => String(Math.sin(i))).join("")
    const [first, second] = [stream.compress(text).length, stream.compress(text).length]
    assert.isBelow(second, first / 10)
  })
})
