import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import * as Message from "../../src/Message.js"
import * as ShardError from "../../src/ShardError.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import {
  awaitReady,
  brokenPipe,
  entries,
  inject,
  isHeartbeat,
  layer,
  startShard,
  withChance,
  withFirstWrite
} from "../harness.js"

/** A socket on which the first heartbeat fails. */
const refusingOneBeat = withFirstWrite(isHeartbeat, (_text, onWritten) => onWritten(brokenPipe))

const dispatch = (t: string, d: unknown = {}) =>
  Effect.flatMap(
    Effect.serviceOptional(GatewaySimulator.GatewaySimulator),
    (simulator) => simulator.dispatch({ t, d })
  ).pipe(Effect.orDie)

const recoverable = [
  {
    tag: "ReconnectError",
    happens: Effect.zipRight(
      inject(Fault.RefuseConnections({ host: "any", times: 1, status: 503 })),
      inject(Fault.Drop())
    ),
    message: /attempt 2 failed, the shard tries again: .* HTTP status 503/
  },
  {
    tag: "CompressionError",
    happens: Effect.zipRight(inject(Fault.Corrupt()), dispatch("TYPING_START")),
    message: /could not be decompressed.*resumes/
  },
  {
    tag: "DeserializationError",
    happens: inject(Fault.SendText({ text: "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":" })),
    message: /GUILD_CREATE could not be read, the shard continues/
  },
  { tag: "ProtocolError", happens: inject(Fault.HelloAgain()), message: /hello could not be processed.*reconnects/ },
  {
    tag: "SendingMessageError",
    happens: TestClock.adjust(41_250),
    message: /heartbeat could not be written, the shard reconnects: .*/
  }
] as const

const stack = Layer.merge(
  refusingOneBeat.pipe(Layer.provideMerge(layer())),
  NodeDecompressor.layerZlib()
)

describe("an error that the shard recovers from", () => {
  for (const { happens, message, tag } of recoverable) {
    for (const read of ["nextEvent", "nextMessage"] as const) {
      // A reader of messages receives the text without parsing it.
      if (tag === "DeserializationError" && read === "nextMessage") {
        continue
      }
      it.scoped(`${tag}: ${read} fails with it as it happens, and can be run again`, () =>
        Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const shard = yield* startShard
          yield* awaitReady(shard)
          const reading: Effect.Effect<unknown, ShardError.ReceiveError> = shard[read]
          const failure = yield* Effect.fork(Effect.flip(Effect.forever(reading)))
          yield* happens
          yield* TestClock.adjust("2 seconds")
          const error = yield* Fiber.join(failure)
          assert.strictEqual(error._tag, tag)
          assert.match(error.message, message)
          assert.isTrue("cause" in error && error.cause !== undefined)
          assert.isFalse(ShardError.isFatal(error))
          yield* simulator.dispatch({ t: "TYPING_START", d: {} })
          yield* simulator.dispatch({ t: "TYPING_START", d: {} })
          yield* reading
        }).pipe(withChance(1 - 2 ** -53), Effect.provide(stack)))
    }

    it.scoped(`${tag}: streams carry on, and diagnostics have it`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* startShard
        yield* awaitReady(shard)
        const published = yield* shard.diagnostics.pipe(
          Stream.filterMap((one) => one._tag === "Failure" ? Option.some(one.error) : Option.none()),
          Stream.runHead,
          Effect.fork
        )
        const event = yield* shard.events.pipe(
          Stream.filter(({ t }) => t === "MESSAGE_CREATE"),
          Stream.runHead,
          Effect.fork
        )
        yield* TestClock.adjust(0)
        yield* happens
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(Option.getOrThrow(yield* Fiber.join(published))._tag, tag)
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: {} })
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: {} })
        assert.isTrue(Option.isSome(yield* Fiber.join(event)))
        assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      }).pipe(withChance(1 - 2 ** -53), Effect.provide(stack)))
  }

  it.scoped("leaves the session as it was, where the gateway could not be reached for a while", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const before = Option.map(yield* shard.session, ({ id }) => id)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 3, status: 503 }))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Option.isSome(before))
      assert.deepStrictEqual(Option.map(yield* shard.session, ({ id }) => id), before)
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("names the event that could not be read, and does not hold its text", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const text = `{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"content":${"confidential ".repeat(20)}}}`
      yield* inject(Fault.SendText({ text }))
      const error = yield* Effect.flip(shard.nextEvent)
      assert.strictEqual(error._tag, "DeserializationError")
      assert.deepStrictEqual(
        error._tag === "DeserializationError" ? error.eventType : Option.none(),
        Option.some("MESSAGE_CREATE")
      )
      assert.notInclude(inspect(error, { depth: 20 }), "confidential confidential")
    }).pipe(Effect.provide(layer())))

  it.scoped("is none where the connection was lost: readers of messages see a Close, and diagnostics no failure", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const failures: Array<unknown> = []
      yield* shard.diagnostics.pipe(
        Stream.runForEach((one) => Effect.sync(() => one._tag === "Failure" && failures.push(one))),
        Effect.forkScoped
      )
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("1 second")
      const end = yield* shard.nextMessage
      assert.deepStrictEqual(end, Message.Close({ frame: Option.none() }))
      assert.deepStrictEqual([Message.isClose(end), Message.isText(end)], [true, false])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
      assert.deepStrictEqual(failures, [])
    }).pipe(withChance(0.5), Effect.provide(layer())))
})

describe("a fatal close", () => {
  it.scoped("makes every further call fail the same way, after what came before", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      yield* inject(Fault.Close({ code: 4014, reason: "Disallowed intent(s)." }))
      yield* TestClock.adjust(0)
      assert.isTrue(Message.isText(yield* shard.nextMessage))
      assert.isTrue(Message.isClose(yield* shard.nextMessage))
      for (let i = 0; i < 3; i++) {
        for (const error of [yield* Effect.flip(shard.nextMessage), yield* Effect.flip(shard.nextEvent)]) {
          assert.deepStrictEqual(
            error,
            new ShardError.FatallyClosedError({ code: 4014, reason: "Disallowed intent(s)." })
          )
          assert.isTrue(ShardError.isFatal(error))
        }
      }
      assert.match((yield* Effect.flip(shard.nextEvent)).message, /4014.*switched on.*Bot page/)
    }).pipe(Effect.provide(layer())))

  it.scoped("is matched by its tag", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Close({ code: 4004, reason: "" }))
      const code = yield* Stream.runDrain(shard.events).pipe(
        Effect.as(0),
        Effect.catchTag("FatallyClosedError", ({ code }) => Effect.succeed(code))
      )
      assert.strictEqual(code, 4004)
    }).pipe(Effect.provide(layer())))
})

describe("two readers at once", () => {
  it.scoped("get every event each, whichever way they read", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      const [streamed, asked]: readonly [Array<number>, Array<number>] = [[], []]
      yield* Effect.forkScoped(Stream.runForEach(shard.events, ({ s }) => Effect.sync(() => streamed.push(s))))
      yield* Effect.forkScoped(Effect.forever(Effect.map(shard.nextEvent, ({ s }) => asked.push(s))))
      yield* TestClock.adjust(0)
      for (let content = 0; content < 200; content++) {
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content } })
      }
      yield* TestClock.adjust(0)
      const sent = Array.from({ length: 200 }, (_, i) => i + 2)
      assert.deepStrictEqual([streamed, asked], [sent, sent])
    }).pipe(Effect.provide(layer())))
})

describe("closing", () => {
  for (const [code, keeps] of [[1000, false], [1001, false], [3000, true], [4000, true], [4999, true]] as const) {
    it.scoped(`with ${code} ${keeps ? "gives the session back" : "ends the session"}, tells readers of messages, and stops`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* simulator.dispatch({ t: "TYPING_START", d: {} })
        yield* TestClock.adjust(0)
        const frame = { code, reason: "a reason" }
        const session = yield* shard.close(frame)
        assert.strictEqual(Option.isSome(session), keeps)
        assert.deepStrictEqual(
          (yield* entries("Closed")).map(({ by, code, reason }) => [by, code, reason]),
          [["client", code, "a reason"]]
        )
        assert.deepStrictEqual(
          yield* shard.status,
          ShardStatus.Disconnected({ closeCode: Option.some(code), reconnectAttempts: 0 })
        )
        assert.isTrue(Message.isText(yield* shard.nextMessage))
        assert.deepStrictEqual(yield* shard.nextMessage, Message.Close({ frame: Option.some(frame) }))
        assert.strictEqual((yield* Effect.flip(shard.nextMessage))._tag, "ShardClosedError")
        assert.deepStrictEqual(yield* shard.close(CloseFrame.NORMAL), session)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual((yield* entries("Opened")).length, 1)
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("with a frame that may not be sent is a defect, and changes nothing", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      for (const frame of [{ code: 1006, reason: "" }, { code: 4000, reason: "é".repeat(62) }]) {
        const exit = yield* Effect.exit(shard.close(frame))
        assert.isTrue(Exit.isFailure(exit))
      }
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(Effect.provide(layer())))
})
