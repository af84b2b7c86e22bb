import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import * as Net from "node:net"
import * as Zlib from "node:zlib"
import * as Inflaters from "../src/internal/inflate.js"
import * as ZlibStream from "../src/internal/zlibFrames.js"
import * as ZstdLibrary from "../src/internal/zstdLibrary.js"
import * as NodeDecompressor from "../src/NodeDecompressor.js"
import * as NodeGatewaySocket from "../src/NodeGatewaySocket.js"

const mebibyte = 1 << 20

/** A deflate stream of so many zeros, flushed: a thousandth of that in bytes. */
const zlibBomb = (size: number) =>
  Zlib.deflateSync(Buffer.alloc(size), { finishFlush: Zlib.constants.Z_SYNC_FLUSH, level: 9 })

/** A zstd frame of blocks that each say one byte and how often. */
const zstdBomb = (size: number) => {
  const blocks = Array.from({ length: size / (128 * 1024) }, () => {
    const header = (128 * 1024) << 3 | 1 << 1
    return Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16, 0)
  })
  return Buffer.concat([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3), ...blocks])
}

const usedMemory = () => {
  const { arrayBuffers, external, heapUsed } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const contexts = [
  ["zlib by its handle", () => Inflaters.makeHandle(mebibyte), zlibBomb],
  ["zlib as documented", () => Inflaters.makeDocumented(mebibyte), zlibBomb],
  ["zstd by its handle", () => Inflaters.makeZstdHandle(mebibyte), zstdBomb],
  ["zstd by fzstd", () => ZstdLibrary.make(mebibyte), zstdBomb]
] as const

describe("a decompression bomb", () => {
  for (const [way, make, bomb] of contexts) {
    const context = make()
    // An older Node has no zstd of its own: there is nothing to try then.
    if (context === undefined) {
      continue
    }
    it(`of 256 MiB is refused at 1 MiB, before memory grows: ${way}`, () => {
      const input = bomb(256 * mebibyte)
      assert.isBelow(input.length, mebibyte)
      const before = usedMemory()
      assert.throws(() => context.inflate(input), /larger than 1048576 bytes/)
      assert.isBelow(usedMemory() - before, 32 * mebibyte)
      context.close()
    })
  }

  it.scopedLive("is a CompressionError, and the shard resumes with a new context", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      assert.strictEqual((yield* shard.nextEvent).t, "READY")
      yield* simulator.inject(Fault.SendText({ text: " ".repeat(8 * mebibyte) }))
      const error = yield* Effect.flip(shard.nextEvent)
      assert.strictEqual(error._tag, "CompressionError")
      assert.include(error.message, "larger than")
      assert.strictEqual((yield* shard.nextEvent).t, "RESUMED")
    }).pipe(Effect.provide(
      Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) =>
        Shard.layer(ShardId.single).pipe(
          Layer.provide(ShardConfig.layer({
            token: Redacted.make("token"),
            intents: Intents.none,
            gatewayUrl: url
          })),
          Layer.provide(IdentifyQueue.layerUnlimited),
          Layer.provide(NodeGatewaySocket.layer()),
          Layer.provide(NodeDecompressor.layerZlib({ maxMessageBytes: mebibyte }))
        ))).pipe(
          Layer.provideMerge(GatewayServer.layer()),
          Layer.provideMerge(GatewaySimulator.layer()),
          Layer.merge(Logger.minimumLogLevel(LogLevel.None))
        )
    )))
})

describe("a message in pieces", () => {
  const frames = 300_000
  for (const [what, size] of [["nothing", 0], ["one byte", 1]] as const) {
    it(`of ${what} each takes no more memory than its bytes: zlib-stream`, () => {
      const context = Inflaters.makeDocumented(32 * mebibyte)
      const inflater = ZlibStream.make(context, 32 * mebibyte)
      const piece = Buffer.alloc(size, 1)
      const before = usedMemory()
      for (let i = 0; i < frames; i++) {
        inflater.inflate(piece)
      }
      assert.strictEqual(inflater.bytesIn(), frames * size)
      assert.isBelow(usedMemory() - before, 8 * mebibyte)
      context.close()
    })
  }

  it("is refused at the limit of its bytes: zlib-stream", () => {
    const inflater = ZlibStream.make(Inflaters.makeDocumented(mebibyte), mebibyte)
    const piece = Buffer.alloc(1024, 1)
    assert.throws(() => Array.from({ length: 1025 }, () => inflater.inflate(piece)), /larger than 1048576 bytes before/)
  })

  it("is complete where its flush lies across two of them: zlib-stream", () => {
    const whole = Zlib.deflateSync("hello", { finishFlush: Zlib.constants.Z_SYNC_FLUSH })
    for (let at = 0; at < whole.length; at++) {
      const inflater = ZlibStream.make(Inflaters.makeDocumented(mebibyte), mebibyte)
      const outputs = [whole.subarray(0, at), whole.subarray(at)].map((piece) => inflater.inflate(piece))
      assert.strictEqual(Buffer.from(outputs[1] ?? []).toString(), "hello")
    }
  })
})

describe("a websocket message", () => {
  it.scopedLive("that says it is longer than the limit ends the connection, before it comes", () =>
    Effect.gen(function*() {
      const port = yield* Effect.acquireRelease(
        Effect.async<Net.Server>((resume) => {
          const server = Net.createServer((socket) => {
            socket.on("error", () => {})
            socket.once("data", (request) => {
              const key = /sec-websocket-key: (.*)\r/i.exec(request.toString())?.[1] ?? ""
              const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
              socket.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                  `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
              )
              // A frame of one gibibyte, of which nothing follows.
              socket.write(Buffer.from([0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]))
            })
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      ).pipe(Effect.map((server) => (server.address() as Net.AddressInfo).port))
      const ended = yield* Deferred.make<void>()
      yield* NodeGatewaySocket.make({ maxPayload: mebibyte }).open(`ws://127.0.0.1:${port}/`, {
        onFrame: () => assert.fail("no frame can come"),
        onClose: () => Deferred.unsafeDone(ended, Exit.void)
      })
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Deferred.await(ended), "10 seconds")))
    }))
})
