import { assert, describe, it } from "@effect/vitest"
import * as Decompressor from "@vesper/gateway/Decompressor"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Zlib from "node:zlib"
import * as Inflaters from "../src/internal/inflate.js"
import * as ZlibStream from "../src/internal/zlibFrames.js"
import * as NodeDecompressor from "../src/NodeDecompressor.js"

const limit = 1 << 20

const handle = (maxMessageBytes: number): Inflaters.Context => {
  const context = Inflaters.makeHandle(maxMessageBytes)
  assert.isDefined(context, "this Node's zlib handle is not as expected: the fallback would be used")
  return context
}

const ways: ReadonlyArray<readonly [name: string, make: (maxMessageBytes: number) => Inflaters.Context]> = [
  ["the handle inside of node:zlib", handle],
  ["node:zlib as documented", Inflaters.makeDocumented]
]

/** The output of a gateway: one deflate stream, flushed after each message. */
const deflate = (messages: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Buffer>> =>
  Effect.promise(async () => {
    const stream = Zlib.createDeflate()
    const frames: Array<Buffer> = []
    let chunks: Array<Buffer> = []
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        stream.write(message, (error) => error ? reject(error) : stream.flush(Zlib.constants.Z_SYNC_FLUSH, resolve))
      })
      frames.push(Buffer.concat(chunks))
      chunks = []
    }
    stream.close()
    return frames
  })

const text = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : Buffer.from(bytes).toString()

/** A text of so many bytes, not all of them ASCII. */
const sentence = (bytes: number) => {
  const unit = "déjà vu 😀 "
  const size = Buffer.byteLength(unit)
  return Array.from({ length: Math.floor(bytes / size) }, () => unit).join("").padEnd(bytes, "x").slice(0, bytes)
}

/** Cuts a frame at the given places. */
const split = (frame: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const places = Array.from(new Set(cuts.map((cut) => cut % frame.length))).sort((a, b) => a - b)
  return [...places, frame.length].map((end, i) => frame.subarray(places[i - 1] ?? 0, end))
}

describe.each(ways)("zlib-stream by %s", (_, makeContext) => {
  const makeInflater = (maxMessageBytes = limit) => ZlibStream.make(makeContext(maxMessageBytes), maxMessageBytes)

  it.effect("gives the message of one frame", () =>
    Effect.gen(function*() {
      const [frame] = yield* deflate(["{\"op\":11}"])
      const inflater = makeInflater()
      assert.strictEqual(text(inflater.inflate(frame ?? Buffer.alloc(0))), "{\"op\":11}")
      assert.strictEqual(inflater.bytesIn(), frame?.length)
      assert.strictEqual(inflater.bytesOut(), 9)
    }))

  it.effect("gives nothing until a message is whole", () =>
    Effect.gen(function*() {
      const [frame = Buffer.alloc(0)] = yield* deflate(["hello there"])
      const inflater = makeInflater()
      assert.isUndefined(inflater.inflate(Buffer.alloc(0)))
      assert.isUndefined(inflater.inflate(frame.subarray(0, 5)))
      assert.isUndefined(inflater.inflate(frame.subarray(5, frame.length - 6)))
      assert.strictEqual(text(inflater.inflate(frame.subarray(frame.length - 6))), "hello there")
    }))

  it.effect("keeps one context over many messages, of sizes below and far above its buffers", () =>
    Effect.gen(function*() {
      const sizes = [0, 1, 10, 16_383, 16_384, 16_385, 32_768, 40_000, 65_536, 300_000, 5, 1_000_000, 100]
      const messages = sizes.map((size) => sentence(size))
      const frames = yield* deflate(messages)
      const inflater = makeInflater(4 << 20)
      const got = frames.map((frame) => text(inflater.inflate(frame)))
      // A flush without new input writes nothing.
      assert.deepStrictEqual(got.filter((one) => one !== undefined && one !== ""), messages.filter((one) => one !== ""))
    }))

  it.effect("gives the same wherever the frames are split", () =>
    Effect.gen(function*() {
      const messages = Array.from({ length: 20 }, (_, i) => sentence(50 + i * i * 40))
      const frames = yield* deflate(messages)
      FastCheck.assert(
        FastCheck.property(FastCheck.array(FastCheck.nat(), { maxLength: 4 }), (cuts) => {
          const inflater = makeInflater()
          // A flush marker that ends a piece by chance would end the message: the gateway never splits so.
          const pieces = frames.flatMap((frame) =>
            split(frame, cuts.filter((cut) => cut % frame.length < frame.length - 4))
          )
          const got = pieces.map((piece) => text(inflater.inflate(Buffer.from(piece)))).filter((one) =>
            one !== undefined
          )
          assert.strictEqual(got.join(""), messages.join(""))
        }),
        { numRuns: 60, seed: 7 }
      )
    }))

  it.effect("does not keep the socket's bytes, which may be overwritten", () =>
    Effect.gen(function*() {
      const [frame = Buffer.alloc(0)] = yield* deflate(["hello there"])
      const inflater = makeInflater()
      const first = Buffer.from(frame.subarray(0, 8))
      inflater.inflate(first)
      first.fill(0)
      assert.strictEqual(text(inflater.inflate(frame.subarray(8))), "hello there")
    }))

  it.effect("refuses a bomb before memory grows", () =>
    Effect.gen(function*() {
      const [frame = Buffer.alloc(0)] = yield* deflate(["0".repeat(50 << 20)])
      assert.isBelow(frame.length, 100_000)
      const before = process.memoryUsage().arrayBuffers
      assert.throws(() => makeInflater().inflate(frame), /larger than 1048576 bytes/)
      assert.isBelow(process.memoryUsage().arrayBuffers - before, 8 << 20)
    }))

  it("refuses a message that is collected for ever", () => {
    const inflater = makeInflater()
    assert.throws(() => {
      for (let i = 0; i < 2_000; i++) {
        inflater.inflate(Buffer.alloc(1_000, 1))
      }
    }, /larger than 1048576 bytes before/)
  })

  it.effect("throws on garbage, at once and every time", () =>
    Effect.gen(function*() {
      const [frame = Buffer.alloc(0)] = yield* deflate(["hello there"])
      const garbage = Buffer.concat([frame.subarray(0, 2), Buffer.alloc(20, 0xff), Buffer.from([0, 0, 0xff, 0xff])])
      const inflater = makeInflater()
      assert.throws(() => inflater.inflate(garbage), /corrupt zlib data/)
      assert.throws(
        () => makeInflater().inflate(Buffer.from("no zlib header\0\0\xff\xff", "latin1")),
        /corrupt zlib data/
      )
    }))

  it.effect("survives any mutation: the text, another text, or an error", () =>
    Effect.gen(function*() {
      const frames = yield* deflate([sentence(300), sentence(700)])
      const bytes = Buffer.concat(frames)
      FastCheck.assert(
        FastCheck.property(FastCheck.nat(bytes.length - 5), FastCheck.nat(255), (at, byte) => {
          const mutated = Buffer.from(bytes)
          mutated[at] = byte
          try {
            makeInflater().inflate(mutated)
          } catch (error) {
            assert.match(String(error), /corrupt zlib data|larger than/)
          }
        }),
        { numRuns: 500, seed: 3 }
      )
    }))

  it.effect("begins a new context with each connection", () =>
    Effect.gen(function*() {
      const [frame = Buffer.alloc(0)] = yield* deflate(["hello there"])
      const first = makeInflater()
      first.inflate(frame.subarray(0, 7))
      assert.strictEqual(text(makeInflater().inflate(frame)), "hello there")
    }))
})

describe("NodeDecompressor", () => {
  it.effect("fails for a frame that comes after the end, where Node itself would end the process", () =>
    Effect.gen(function*() {
      const [frame = Buffer.alloc(0)] = yield* deflate(["late"])
      const context = handle(limit)
      context.close()
      context.close()
      assert.throws(() => context.inflate(frame), /has ended/)
    }))

  it.scoped("asks for zlib-stream", () =>
    Effect.gen(function*() {
      const decompressor = yield* Decompressor.CurrentDecompressor
      assert.deepStrictEqual(decompressor.compression, Option.some("zlib-stream"))
      assert.isTrue(Option.isSome(yield* decompressor.make))
    }).pipe(Effect.provide(NodeDecompressor.layerZlib())))

  it.effect("asks for nothing without a layer", () =>
    Effect.map(
      Decompressor.CurrentDecompressor,
      ({ compression }) => assert.deepStrictEqual(compression, Option.none())
    ))
})
