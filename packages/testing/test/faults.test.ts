import { assert, describe, it } from "@effect/vitest"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Net from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import * as Fault from "../src/Fault.js"
import * as GatewayServer from "../src/GatewayServer.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as Frames from "../src/internal/transport/frames.js"
import * as RestFault from "../src/RestFault.js"

const url = "wss://gateway.simulator.test/?v=10&encoding=json"
const identify = "{\"op\":2,\"d\":{\"token\":\"token\",\"intents\":0,\"properties\":{}}}"

/** The messages of a bare in-memory client, as text; "end" when the connection has ended. */
const connect = Effect.gen(function*() {
  const { open } = yield* GatewaySocket.GatewaySocket
  const texts = yield* Mailbox.make<string>()
  const connection = yield* open(url, {
    onFrame: (data) => texts.unsafeOffer(Buffer.from(data).toString()),
    onClose: () => texts.unsafeOffer("end")
  })
  return { write: (text: string) => GatewaySocket.write(connection, text), next: Effect.orDie(texts.take) }
})

const inject = (fault: Fault.Fault) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) => simulator.inject(fault))

const inMemory = GatewaySimulator.layerInMemory({ token: Redacted.make("token") })

describe("a fault in memory", () => {
  it.scoped("Stall leaves no fiber that waits for a heartbeat", () =>
    Effect.gen(function*() {
      const client = yield* connect
      yield* client.write(identify)
      yield* inject(Fault.Stall())
      yield* TestClock.adjust("61875 millis")
      assert.deepStrictEqual(Array.from(yield* TestClock.sleeps()), [])
    }).pipe(Effect.provide(inMemory)))

  it.scoped("EventBeforeHello sends an event first", () =>
    Effect.gen(function*() {
      yield* inject(Fault.EventBeforeHello({ host: "any", times: 1 }))
      const client = yield* connect
      assert.include(yield* client.next, "\"op\":0")
      assert.include(yield* client.next, "\"op\":10")
    }).pipe(Effect.provide(inMemory)))

  it.scoped("RejectIdentify answers it with opcode 9, and takes its place in the bucket", () =>
    Effect.gen(function*() {
      const { violations } = yield* GatewaySimulator.GatewaySimulator
      yield* inject(Fault.RejectIdentify({ host: "any", times: 1 }))
      const client = yield* connect
      yield* client.next
      yield* client.write(identify)
      assert.include(yield* client.next, "\"op\":9,\"d\":false")
      yield* client.write(identify)
      assert.include(yield* client.next, "\"op\":9,\"d\":false")
      assert.strictEqual((yield* violations)[0]?.rule, "IdentifyRate")
    }).pipe(Effect.provide(inMemory)))

  it.scoped("NameResumeUrl is what READY says, and a host in .invalid does not resolve", () =>
    Effect.gen(function*() {
      const dead = "wss://dead.invalid/"
      yield* inject(Fault.NameResumeUrl({ host: "any", times: 1, url: dead }))
      const client = yield* connect
      yield* client.next
      yield* client.write(identify)
      assert.include(yield* client.next, `"resume_gateway_url":"${dead}"`)
      const { open } = yield* GatewaySocket.GatewaySocket
      const error = yield* Effect.flip(open(dead, { onFrame: () => {}, onClose: () => {} }))
      assert.strictEqual(error._tag, "OpenError")
    }).pipe(Effect.provide(inMemory)))

  it.scoped("ReadyWithoutResumeUrl omits the resume URL", () =>
    Effect.gen(function*() {
      yield* inject(Fault.ReadyWithoutResumeUrl({ host: "any", times: 1 }))
      const client = yield* connect
      yield* client.next
      yield* client.write(identify)
      const ready = yield* client.next
      assert.include(ready, "READY")
      assert.notInclude(ready, "resume_gateway_url")
    }).pipe(Effect.provide(inMemory)))

  it.scoped("ResumedWithoutSequence omits the number, and the next event has it", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* inject(Fault.ResumedWithoutSequence({ host: "any", times: 1 }))
      const first = yield* connect
      yield* first.write(identify)
      const [session] = yield* simulator.sessions
      const client = yield* connect
      yield* client.next
      yield* client.write(JSON.stringify({ op: 6, d: { token: "token", session_id: session?.id, seq: 1 } }))
      assert.include(yield* client.next, "\"t\":\"RESUMED\",\"s\":null")
      yield* simulator.dispatch({ t: "USER_UPDATE", d: {} })
      assert.include(yield* client.next, "\"s\":2")
    }).pipe(Effect.provide(inMemory)))

  it.scoped("HeartbeatStorm sends opcode 1 as often as requested", () =>
    Effect.gen(function*() {
      const client = yield* connect
      yield* client.next
      yield* inject(Fault.HeartbeatStorm({ count: 3 }))
      for (let i = 0; i < 3; i++) {
        assert.include(yield* client.next, "\"op\":1")
      }
    }).pipe(Effect.provide(inMemory)))

  it.scoped("BinaryFrame, LargeEvent and DeepEvent have the requested size, and events are numbered", () =>
    Effect.gen(function*() {
      const client = yield* connect
      yield* client.next
      yield* client.write(identify)
      yield* client.next
      yield* inject(Fault.BinaryFrame({ size: 0 }))
      assert.strictEqual(yield* client.next, "")
      yield* inject(Fault.BinaryFrame({ size: 1 }))
      assert.strictEqual(yield* client.next, "\u0000")
      yield* inject(Fault.LargeEvent({ size: 1_000_000 }))
      const large = yield* client.next
      assert.isAbove(large.length, 1_000_000)
      assert.include(large.slice(0, 100), "\"s\":2")
      yield* inject(Fault.DeepEvent({ depth: 100_000 }))
      assert.isTrue((yield* client.next).endsWith("]".repeat(100_000) + "}"))
    }).pipe(Effect.provide(inMemory)))

  it.scoped("RefuseConnections answers with the status and the time to wait", () =>
    Effect.gen(function*() {
      yield* inject(Fault.RefuseConnections({ host: "any", times: 1, status: 503, retryAfter: "7 seconds" }))
      const { open } = yield* GatewaySocket.GatewaySocket
      const error = yield* Effect.flip(open(url, { onFrame: () => {}, onClose: () => {} }))
      assert.deepStrictEqual([error.status, error.retryAfter], [Option.some(503), Option.some(Duration.seconds(7))])
    }).pipe(Effect.provide(inMemory)))

  it.scoped("rules are removed by clearRules", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* inject(Fault.NeverHello({ host: "any", times: 5 }))
      yield* simulator.clearRules
      const client = yield* connect
      assert.include(yield* client.next, "\"op\":10")
    }).pipe(Effect.provide(inMemory)))

  it.scoped("StopReading keeps writes from completing until the connection ends, and is no late heartbeat", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* connect
      yield* client.next
      yield* inject(Fault.StopReading())
      const writing = yield* Effect.fork(Effect.either(client.write(identify)))
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(Option.isNone(yield* Fiber.poll(writing)))
      yield* inject(Fault.RequestHeartbeat())
      assert.include(yield* client.next, "\"op\":1")
      yield* inject(Fault.Drop())
      assert.isTrue(Either.isLeft(yield* Fiber.join(writing)))
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(inMemory)))

  it.scoped("ResetMidFrame ends the connection in place of the next message", () =>
    Effect.gen(function*() {
      const client = yield* connect
      yield* client.next
      yield* inject(Fault.ResetMidFrame())
      yield* client.write(identify)
      assert.strictEqual(yield* client.next, "end")
    }).pipe(Effect.provide(inMemory)))
})

/** A value of each field that has bounds, just beyond one of them. */
const outOfBounds = Object.entries({ ...Fault.bounds, ...RestFault.bounds }).flatMap(([tag, fields]) =>
  Object.entries<Fault.FieldBounds>(fields).flatMap(([field, { max, min }]) =>
    [min - 1, max + 1]
      // No duration is negative, and no number is greater than infinity.
      .filter((value) => value !== Number.POSITIVE_INFINITY && !(/^(by|delay|retryAfter)$/.test(field) && value < 0))
      .map((value) => ({ tag, field, value }))
  )
)

describe("a fault out of bounds", () => {
  for (const { field, tag, value } of outOfBounds) {
    it.scoped(`is not injected: ${tag} with a ${field} of ${value}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const others = { host: "any", times: 1, status: 503, reason: "", scope: "route", retryAfter: 0, delay: 0 }
        // The fields are those of the tag, and others that it ignores.
        const fault = { ...others, _tag: tag, [field]: value } as unknown as Fault.Fault & RestFault.RestFault
        const injecting = tag in RestFault.bounds ? simulator.injectRest(fault) : simulator.inject(fault)
        const error = yield* Effect.flip(Effect.catchAllDefect(injecting, Effect.fail))
        assert.instanceOf(error, Fault.InvalidFaultError)
        assert.include(error.message, `the fault ${tag} cannot be injected: ${field} is ${value}; use `)
      }).pipe(Effect.provide(inMemory)))
  }

  it("is one with a fraction, without a number, or with a reason that no close frame can carry", () => {
    const problems = [
      Fault.HeartbeatStorm({ count: 1.5 }),
      Fault.LargeEvent({ size: Number.NaN }),
      Fault.NeverHello({ host: "any", times: 1.5 }),
      Fault.RefuseConnections({ host: "any", times: 1, status: 503, retryAfter: "31 days" }),
      Fault.Close({ code: 4000, reason: "é".repeat(62) })
    ].map((fault) => Either.getOrThrow(Either.flip(Fault.validate(fault))).problem)
    assert.deepStrictEqual(problems, [
      "count is 1.5; use an integer from 0 to 100000",
      "size is NaN; use an integer from 0 to 100000000",
      "times is 1.5; use an integer from 0, or Infinity",
      "retryAfter is 31 days; use a duration of at most 30d",
      "its reason has 124 bytes; shorten it to 123"
    ])
  })

  it("is none at its bounds, for every connection, or without an optional field", () => {
    const every = { host: "any", times: Number.POSITIVE_INFINITY } as const
    for (
      const fault of [
        Fault.HeartbeatStorm({ count: 100_000 }),
        Fault.AcceptThenClose({ ...every, code: 4999 }),
        Fault.AcceptThenClose(every),
        Fault.RefuseConnections({ ...every, status: 503, retryAfter: "30 days" })
      ]
    ) {
      assert.deepStrictEqual(Fault.validate(fault), Either.right(fault))
    }
  })
})

describe("a fault of the server", () => {
  const server = GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer()))

  /** The bytes after the upgrade, as received. */
  const connectRaw = Effect.gen(function*() {
    const { port } = yield* GatewayServer.GatewayServer
    const pieces = yield* Mailbox.make<Buffer | "end" | "reset">()
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => Net.connect(port, "127.0.0.1")),
      (socket) => Effect.sync(() => socket.destroy())
    )
    socket.on("data", (data) => pieces.unsafeOffer(data))
    socket.on("error", () => pieces.unsafeOffer("reset"))
    socket.on("end", () => pieces.unsafeOffer("end"))
    socket.write(
      "GET /?v=10&encoding=json HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    const read: Effect.Effect<Buffer | "end" | "reset"> = Effect.orDie(pieces.take)
    yield* Effect.repeat(read, { until: (piece) => String(piece).includes("heartbeat_interval") })
    return read
  })

  it.scopedLive("RefuseConnections sends Retry-After", () =>
    Effect.gen(function*() {
      const { port } = yield* GatewayServer.GatewayServer
      yield* inject(Fault.RefuseConnections({ host: "any", times: 1, status: 429, retryAfter: "1500 millis" }))
      const header = yield* Effect.async<string | undefined>((resume) => {
        new WebSocket(`ws://127.0.0.1:${port}/?v=10`)
          .on("error", () => {})
          .on("unexpected-response", (_, response) => resume(Effect.succeed(response.headers["retry-after"])))
      })
      assert.strictEqual(header, "2")
    }).pipe(Effect.provide(server)))

  it.scopedLive("Close sends no frame for a code that none can carry", () =>
    Effect.gen(function*() {
      const read = yield* connectRaw
      yield* inject(Fault.Close({ code: 1006, reason: "again" }))
      assert.match(String(yield* read), /^(reset|end)$/)
    }).pipe(Effect.provide(server)))

  it.scopedLive("StopReading fills the client's buffers, while events still arrive", () =>
    Effect.gen(function*() {
      const { port } = yield* GatewayServer.GatewayServer
      const payloads = yield* Mailbox.make<string>()
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => new WebSocket(`ws://127.0.0.1:${port}/?v=10`)),
        (socket) => Effect.sync(() => socket.terminate())
      )
      socket.on("error", () => {})
      socket.on("message", (data) => payloads.unsafeOffer(String(data)))
      yield* payloads.take
      yield* inject(Fault.StopReading())
      for (let i = 0; i < 100; i++) {
        socket.send("x".repeat(100_000))
      }
      yield* Effect.sleep("50 millis")
      assert.isAbove(socket.bufferedAmount, 0)
      yield* inject(Fault.RequestHeartbeat())
      assert.include(yield* payloads.take, "\"op\":1")
    }).pipe(Effect.provide(server)))

  it.scopedLive("ResetMidFrame sends half of a message, then the connection is gone", () =>
    Effect.gen(function*() {
      const read = yield* connectRaw
      yield* inject(Fault.ResetMidFrame())
      yield* inject(Fault.RequestHeartbeat())
      const whole = Frames.encode("{\"t\":null,\"s\":null,\"op\":1,\"d\":null}")
      const half = yield* read
      assert.deepStrictEqual(half, whole.subarray(0, Math.ceil(whole.length / 2)))
      // A system under load may report both at once, as an end.
      assert.match(String(yield* read), /^(reset|end)$/)
    }).pipe(Effect.provide(server)))

  it.scopedLive("Dribble sends a message byte by byte, and in the end it is whole", () =>
    Effect.gen(function*() {
      const read = yield* connectRaw
      yield* inject(Fault.Dribble({ bytesPerSecond: 500 }))
      yield* inject(Fault.RequestHeartbeat())
      const whole = Frames.encode("{\"t\":null,\"s\":null,\"op\":1,\"d\":null}")
      let got = Buffer.alloc(0)
      let pieces = 0
      while (got.length < whole.length) {
        const piece = yield* read
        if (typeof piece === "string") {
          return assert.fail(`the connection ended with ${piece}`)
        }
        pieces++
        got = Buffer.concat([got, piece])
      }
      assert.deepStrictEqual(got, whole)
      assert.isAbove(pieces, 3)
    }).pipe(Effect.provide(server)))

  for (
    const [what, fault, ending] of [
      ["a close", Fault.Close({ code: 4000, reason: "bye" }), Buffer.from("\x88\x05\x0f\xa0bye", "latin1")],
      ["a reset", Fault.ResetMidFrame(), Frames.encode("{\"t\":null,\"s\":null,\"op\":7,\"d\":null}").subarray(0, 19)]
    ] as const
  ) {
    it.scopedLive(`Dribble lets ${what} come behind a message, and not into it`, () =>
      Effect.gen(function*() {
        const read = yield* connectRaw
        yield* inject(Fault.Dribble({ bytesPerSecond: 50 }))
        yield* inject(Fault.RequestHeartbeat())
        let got = Buffer.alloc(0)
        const more = Effect.map(read, (piece) => {
          got = typeof piece === "string" ? got : Buffer.concat([got, piece])
        })
        yield* more
        yield* inject(fault)
        yield* inject(Fault.Reconnect())
        const whole = Buffer.concat([Frames.encode("{\"t\":null,\"s\":null,\"op\":1,\"d\":null}"), ending])
        yield* Effect.repeat(more, { until: () => got.length >= whole.length })
        assert.deepStrictEqual(got, whole)
      }).pipe(Effect.provide(server)))
  }

  it.live("is a frame that any client reads, whatever its size", () =>
    Effect.gen(function*() {
      const sizes = [0, 1, 125, 126, 65_535, 65_536]
      const messages = [...sizes.map((size) => "x".repeat(size)), ...FastCheck.sample(FastCheck.string(), 20)]
      const got = yield* Effect.async<ReadonlyArray<string>>((resume) => {
        const texts: Array<string> = []
        const listening: WebSocketServer = new WebSocketServer({ port: 0, host: "127.0.0.1" }, () => {
          const client = new WebSocket(`ws://127.0.0.1:${(listening.address() as Net.AddressInfo).port}`)
          client.on("message", (data) => {
            texts.push(data.toString())
            if (texts.length === messages.length) {
              client.terminate()
              listening.close(() => resume(Effect.succeed(texts)))
            }
          })
        })
        listening.on("connection", (_, request) => {
          messages.forEach((message) => request.socket.write(Frames.encode(message)))
        })
      })
      assert.deepStrictEqual(got, messages)
    }))
})
