import { assert, describe, it } from "@effect/vitest"
import * as Decompressor from "@vesper/gateway/Decompressor"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Inflaters from "../src/internal/inflate.js"
import * as ZstdLibrary from "../src/internal/zstdLibrary.js"
import * as ZstdStream from "../src/internal/zstdFrames.js"
import * as NodeDecompressor from "../src/NodeDecompressor.js"
import { frames, messages } from "./zstdMessages.js"

const limit = 1 << 20

const native = (maxMessageBytes: number): Inflaters.Context => {
  const context = Inflaters.makeZstdHandle(maxMessageBytes)
  assert.isDefined(context)
  return context
}

const ways: ReadonlyArray<readonly [name: string, make: (maxMessageBytes: number) => Inflaters.Context]> = [
  ["fzstd", ZstdLibrary.make],
  ...(NodeDecompressor.hasNativeZstd ? [["the handle inside of node:zlib", native] as const] : [])
]

const text = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : Buffer.from(bytes).toString()

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const hasZstd = major > 23 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15)

/** The beginning of a frame with a window of 2 to that power; no end of it is foreseen. */
const header = (windowLog = 23) => [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3]

/** 0 is as it is, 1 a run, 2 compressed. */
const block = (kind: number, size: number, body: Iterable<number>) => {
  const start = (size << 3) | (kind << 1)
  return [start & 255, (start >> 8) & 255, start >> 16, ...body]
}

/** A literal, and so many sequences that all have the longest match, without a bit. */
const sequences = (count: number) => {
  const rest = count - 0x7f00
  return [1 << 3, 65, 255, rest & 255, rest >> 8, 0b0101_0100, 0, 0, 52, 1]
}

const slow: ReadonlyArray<readonly [what: string, frame: Buffer, isValid: boolean]> = [
  ["a block of long sequences", Buffer.from([...header(), ...block(2, 10, sequences(98_000))]), false],
  [
    "many such blocks",
    Buffer.from([...header(), ...Array.from({ length: 200 }, () => block(2, 10, sequences(90_000))).flat()]),
    false
  ],
  [
    "blocks of a byte, each of which moves the window",
    Buffer.from([...header(), ...Array.from({ length: 40_000 }, () => block(1, 1, [65])).flat()]),
    true
  ]
]

describe.each(ways)("zstd-stream by %s", (_, makeContext) => {
  const makeInflater = (maxMessageBytes = limit) => ZstdStream.make(makeContext(maxMessageBytes), maxMessageBytes)

  it("gives each message of a frame that never ends, small and large", () => {
    const inflater = makeInflater()
    assert.deepStrictEqual(frames().map((frame) => text(inflater.inflate(frame))), Array.from(messages))
    assert.strictEqual(inflater.bytesIn(), Buffer.concat(frames()).length)
    assert.strictEqual(inflater.bytesOut(), Buffer.byteLength(messages.join("")))
  })

  it("keeps contexts apart, though they may share a buffer", () => {
    const [one, other] = [makeInflater(), makeInflater()]
    for (const [i, frame] of frames().entries()) {
      assert.strictEqual(text(one.inflate(frame)), messages[i])
      assert.strictEqual(text(other.inflate(frame)), messages[i])
    }
  })

  it("does not keep the socket's bytes, which may be overwritten", () => {
    const inflater = makeInflater()
    const got = frames().map((frame) => {
      const bytes = Buffer.from(frame)
      const message = text(inflater.inflate(bytes))
      bytes.fill(0)
      return message
    })
    assert.deepStrictEqual(got, Array.from(messages))
  })

  it("refuses a bomb: a few bytes that become more than the limit", () => {
    const inflater = makeInflater(100_000)
    const [hello, ack, prose, more, bomb = Buffer.alloc(0)] = frames()
    for (const frame of [hello, ack, prose, more]) {
      inflater.inflate(frame ?? Buffer.alloc(0))
    }
    assert.isBelow(bomb.length, 20)
    assert.throws(() => inflater.inflate(bomb), /larger than 100000 bytes/)
  })

  it("refuses a frame that wants a window of more than 8 MiB", () => {
    // The window's byte for 2^24, and for 2^31.
    for (const window of [14 << 3, 21 << 3]) {
      const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]), Buffer.alloc(20)])
      assert.throws(() => makeInflater().inflate(frame), /corrupt zstd data.*(window|memory)/)
    }
  })

  it("takes a first message of a few bytes", () => {
    const inflater = makeInflater()
    assert.strictEqual(text(inflater.inflate(Buffer.from([...header(), ...block(0, 2, [123, 125])]))), "{}")
    assert.strictEqual(text(inflater.inflate(Buffer.from(block(1, 3, [48])))), "000")
    const ack = "{\"op\":11}"
    assert.strictEqual(text(inflater.inflate(Buffer.from(block(0, ack.length, Buffer.from(ack))))), ack)
  })

  it.each(slow)("is done in time with %s", (_, frame, isValid) => {
    const start = performance.now()
    const result = Either.try(() => makeInflater(64 * limit).inflate(frame) ?? [])
    assert.isBelow(performance.now() - start, 2_000)
    Either.match(result, {
      onLeft: (error) => assert.match(String(error), /corrupt zstd data/),
      onRight: (bytes) => assert.isTrue(isValid && Array.from(bytes).every((byte) => byte === 65))
    })
  })

  it("throws on garbage, at once", () => {
    assert.throws(() => makeInflater().inflate(Buffer.alloc(40, 0xff)), /corrupt zstd data/)
    const inflater = makeInflater()
    inflater.inflate(frames()[0] ?? Buffer.alloc(0))
    assert.throws(() => inflater.inflate(Buffer.alloc(40, 0xff)), /corrupt zstd data/)
  })

  it("survives any mutation: the text, another text, or an error", () => {
    const bytes = Buffer.concat(frames().slice(0, 4))
    FastCheck.assert(
      FastCheck.property(FastCheck.nat(bytes.length - 1), FastCheck.nat(255), (at, byte) => {
        const mutated = Buffer.from(bytes)
        mutated[at] = byte
        try {
          makeInflater().inflate(mutated)
        } catch (error) {
          assert.match(String(error), /corrupt zstd data|larger than/)
        }
      }),
      { numRuns: 500, seed: 3 }
    )
  })
})

describe("NodeDecompressor", () => {
  it("uses Node's own zstd where Node has one", () => assert.strictEqual(NodeDecompressor.hasNativeZstd, hasZstd))

  it.effect("chooses what the platform does best", () =>
    Effect.map(
      Decompressor.CurrentDecompressor,
      ({ compression }) => assert.deepStrictEqual(compression, Option.some(hasZstd ? "zstd-stream" : "zlib-stream"))
    ).pipe(
      Effect.provide(NodeDecompressor.layerAuto())
    ))

  it.effect("asks for zstd-stream on any Node if it is told to", () =>
    Effect.map(
      Decompressor.CurrentDecompressor,
      ({ compression }) => assert.deepStrictEqual(compression, Option.some("zstd-stream"))
    ).pipe(
      Effect.provide(NodeDecompressor.layerZstd())
    ))
})
