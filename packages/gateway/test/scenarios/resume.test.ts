import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Diagnostic from "../../src/Diagnostic.js"
import type * as Session from "../../src/Session.js"
import * as Shard from "../../src/Shard.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import * as ShardError from "../../src/ShardError.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, entries, inject, layer, startShard, withChance } from "../harness.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as Intents from "@vesper/model/Intents"
import * as Redacted from "effect/Redacted"

/** Sends numbered events, from `from` up to `to`. */
const send = (from: number, to: number) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
    Effect.forEach(
      Array.from({ length: to - from + 1 }, (_, i) => from + i),
      (number) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: String(number) } }),
      { discard: true }
    ))

/** Collects the numbers of events of a shard until `last`. */
const collect = (shard: Shard.Shard, last: number) =>
  shard.events.pipe(
    Stream.filterMap((event) => event.t === "MESSAGE_CREATE" ? Option.some(Number(event.d.content)) : Option.none()),
    Stream.takeUntil((number) => number === last),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

describe("a resume", () => {
  it.scoped("replays what was missed, in order, each event once", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const numbers = yield* Effect.fork(collect(shard, 30))
      yield* send(1, 10)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 1, status: 502 }))
      yield* inject(Fault.Drop())
      yield* send(11, 20)
      yield* TestClock.adjust("2 seconds")
      yield* send(21, 30)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(numbers), upTo(30))
      const [resumed] = yield* entries("Resumed")
      assert.strictEqual(resumed?.replayed, 10)
    }).pipe(Effect.provide(layer())))

  it.scoped("may take longer than its deadline, as long as something comes", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const numbers = yield* Effect.fork(collect(shard, 6))
      yield* TestClock.adjust("1 minute")
      yield* inject(Fault.Drop())
      yield* send(1, 6)
      // A message takes 10 seconds: the end of the connection, HELLO and six events, with a deadline of 30 seconds.
      yield* TestClock.adjust("100 seconds")
      assert.deepStrictEqual(yield* Fiber.join(numbers), upTo(6))
      assert.strictEqual((yield* entries("Opened")).length, 2)
    }).pipe(
      withChance(0.5),
      Effect.provide(layer({ simulator: { latency: "10 seconds", heartbeatInterval: "10 minutes" } }))
    ))

  it.scoped("loses and repeats nothing, whatever cuts the connection and when", () =>
    Effect.gen(function*() {
      const cuts = FastCheck.sample(
        FastCheck.array(
          FastCheck.tuple(
            FastCheck.constantFrom<Fault.Fault>(
              Fault.Drop(),
              Fault.Reconnect(),
              Fault.InvalidSession({ resumable: true }),
              Fault.Close({ code: 4000, reason: "" }),
              Fault.Close({ code: 1001, reason: "" }),
              Fault.DuplicateLast(),
              Fault.HelloAgain(),
              Fault.SendText({ text: "not json" })
            ),
            FastCheck.integer({ min: 0, max: 3_000 })
          ),
          { minLength: 8, maxLength: 12 }
        ),
        { numRuns: 4, seed: 11 }
      )
      for (const history of cuts) {
        yield* Effect.gen(function*() {
          const shard = yield* startShard
          const numbers = yield* Effect.fork(collect(shard, 50 * history.length))
          yield* TestClock.adjust(0)
          for (const [i, [fault, pause]] of history.entries()) {
            yield* send(50 * i + 1, 50 * i + 25)
            yield* inject(fault)
            yield* send(50 * i + 26, 50 * (i + 1))
            yield* TestClock.adjust(pause)
          }
          yield* TestClock.adjust("3 minutes")
          assert.deepStrictEqual(yield* Fiber.join(numbers), upTo(50 * history.length))
          assert.strictEqual((yield* entries("Identified")).length, 1)
        }).pipe(Effect.scoped, Effect.provide(layer({ simulator: { sessionTimeout: "1 hour" } })))
      }
    }))

  it.scoped("drops an event that comes twice, and says so", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const duplicate = yield* Effect.fork(Stream.runHead(shard.diagnostics))
      const numbers = yield* Effect.fork(collect(shard, 3))
      yield* TestClock.adjust(0)
      yield* send(1, 2)
      yield* inject(Fault.DuplicateLast())
      yield* send(3, 3)
      assert.deepStrictEqual(yield* Fiber.join(numbers), [1, 2, 3])
      assert.deepStrictEqual(yield* Fiber.join(duplicate), Option.some(Diagnostic.Duplicate({ sequence: 3 })))
    }).pipe(Effect.provide(layer())))

  it.scoped("cannot bring back what the gateway never sent: a gap is reported", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const gap = yield* Effect.fork(Stream.runHead(shard.diagnostics))
      yield* TestClock.adjust(0)
      yield* inject(Fault.SkipSequence({ count: 2 }))
      yield* send(1, 1)
      assert.deepStrictEqual(yield* Fiber.join(gap), Option.some(Diagnostic.Gap({ after: 1, before: 4 })))
    }).pipe(Effect.provide(layer())))

  it.scoped("works from the session of an earlier process", () =>
    Effect.gen(function*() {
      const first = yield* Effect.scoped(Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* send(1, 5)
        yield* collect(shard, 5)
        return yield* shard.session
      }))
      yield* send(6, 9)
      const session: Session.Session = yield* first
      assert.strictEqual(session.sequence, 6)
      const shard = yield* Effect.provide(
        Shard.make(ShardId.single),
        ShardConfig.layer({ token: Redacted.make("MTE.secret.token"), intents: Intents.nonPrivileged, session })
      )
      assert.deepStrictEqual(yield* collect(shard, 9), [6, 7, 8, 9])
      assert.strictEqual((yield* entries("Identified")).length, 1)
      assert.deepStrictEqual((yield* entries("SessionEnded")).length, 0)
    }).pipe(Effect.provide(layer())))

  it.scoped("never passes the identify queue", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(0)
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(Effect.provide(layer())))
})

describe("the end of a shard's scope", () => {
  it.effect("closes with a code that keeps the session", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.flatMap(startShard, awaitReady))
      assert.deepStrictEqual((yield* entries("Closed")).map(({ by, code }) => [by, code]), [["client", 4000]])
      assert.deepStrictEqual(yield* entries("SessionEnded"), [])
    }).pipe(Effect.provide(layer())))

  it.effect("ends streams and waiting readers of other scopes", () =>
    Effect.gen(function*() {
      const [stream, reader, command] = yield* Effect.scoped(Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* inject(Fault.NeverResumed({ host: "any", times: 1 }))
        yield* inject(Fault.Drop())
        yield* TestClock.adjust(0)
        return [
          yield* Effect.forkDaemon(Stream.runDrain(shard.events)),
          yield* Effect.forkDaemon(Effect.flip(shard.nextEvent)),
          yield* Effect.forkDaemon(Effect.flip(shard.send("{}")))
        ] as const
      }))
      yield* Fiber.join(stream)
      assert.strictEqual((yield* Fiber.join(reader))._tag, "ShardClosedError")
      assert.strictEqual((yield* Fiber.join(command)).reason, "Sending")
    }).pipe(Effect.provide(layer())))
})

describe("close", () => {
  it.scoped("with 4000 gives the session back, and what was received before can still be read", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* send(1, 3)
      yield* TestClock.adjust(0)
      const session = yield* shard.close(CloseFrame.RESUME)
      assert.deepStrictEqual(Option.map(session, ({ sequence }) => sequence), Option.some(4))
      assert.deepStrictEqual(
        yield* shard.status,
        ShardStatus.Disconnected({ closeCode: Option.some(4000), reconnectAttempts: 0 })
      )
      const rest = yield* Stream.runCollect(shard.events)
      assert.deepStrictEqual(Chunk.toReadonlyArray(Chunk.map(rest, ({ s }) => s)), [2, 3, 4])
      assert.strictEqual((yield* Effect.flip(shard.nextEvent))._tag, "ShardClosedError")
      assert.isTrue(yield* shard.sender.isClosed)
      assert.deepStrictEqual(yield* shard.close(CloseFrame.NORMAL), session, "closing twice is harmless")
    }).pipe(Effect.provide(layer())))

  it.scoped("with 1000 ends the session", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      assert.deepStrictEqual(yield* shard.close(CloseFrame.NORMAL), Option.none())
      assert.strictEqual((yield* entries("SessionEnded")).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("can be followed by connect, which resumes", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* shard.close(CloseFrame.RESUME)
      yield* send(1, 2)
      yield* shard.connect
      assert.deepStrictEqual(yield* collect(shard, 2), [1, 2])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("is not undone by reading, only by connect", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* shard.close(CloseFrame.RESUME)
      yield* Stream.runDrain(shard.events)
      yield* shard.runForEach(() => Effect.void)
      const error = yield* Effect.flip(shard.nextEvent)
      assert.isTrue(ShardError.isFatal(error))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* entries("Opened")).length, 1)
      yield* shard.connect
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* entries("Opened")).length, 2)
    }).pipe(Effect.provide(layer())))

  it.scoped("by its scope is permanent: connect does nothing any more, and reading says so", () =>
    Effect.gen(function*() {
      const shard = yield* Effect.scoped(Effect.tap(startShard, awaitReady))
      yield* shard.connect
      const error = yield* Effect.flip(shard.nextEvent)
      assert.strictEqual(error._tag, "ShardClosedError")
      assert.strictEqual((yield* entries("Opened")).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("works in the middle of a back-off, and before the shard has started", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      yield* inject(Fault.RefuseConnections({ host: "any", times: 5, status: 503 }))
      assert.deepStrictEqual(yield* shard.close(CloseFrame.RESUME), Option.none())
      yield* shard.connect
      yield* TestClock.adjust("2 seconds")
      const before = (yield* entries("Refused")).length
      yield* shard.close(CloseFrame.RESUME)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* entries("Refused")).length, before)
    }).pipe(Effect.provide(layer())))
})

describe("a lazy shard", () => {
  it.scoped("connects at its first reading, and no sooner", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.Shard
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* entries("Opened"), [])
      yield* Stream.runHead(shard.events)
      assert.strictEqual((yield* entries("Opened")).length, 1)
    }).pipe(Effect.provide(
      Shard.layer(ShardId.single).pipe(
        Layer.provide(IdentifyQueue.layerUnlimited),
        Layer.provideMerge(layer())
      )
    )))
})
