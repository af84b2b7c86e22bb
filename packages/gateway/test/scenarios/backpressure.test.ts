import { assert, describe, it } from "@effect/vitest"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Diagnostic from "../../src/Diagnostic.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, entries, inject, layer, startShard, timesReceived, withChance } from "../harness.js"

const send = (count: number) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
    Effect.forEach(
      Array.from({ length: count }, (_, i) => i),
      (content) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content } }),
      { discard: true }
    ))

const small = layer({ config: { eventBufferSize: 10 } })

describe("a program that is slower than the gateway", () => {
  it.scoped("pauses the socket: the buffer stays bounded, and nothing is lost", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const paused = yield* Effect.fork(
        Stream.runHead(Stream.filter(shard.diagnostics, ({ _tag }) => _tag === "Paused"))
      )
      yield* awaitReady(shard)
      yield* send(1_000)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(paused), Option.some(Diagnostic.Paused({ buffered: 10 })))
      // The shard has received only the events that its buffer holds.
      const session = Option.getOrThrow(yield* shard.session)
      assert.isAtMost(session.sequence, 12)
      const events = yield* Stream.runCollect(Stream.take(shard.events, 1_000))
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(Chunk.map(events, ({ s }) => s)),
        Array.from({ length: 1_000 }, (_, i) => i + 2)
      )
    }).pipe(Effect.provide(small)))

  it.scoped("goes on beating, and is no zombie however long it takes", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* send(100)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* entries("Closed"), [])
      assert.strictEqual((yield* timesReceived(Opcode.Heartbeat)).length, 15)
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(withChance(0), Effect.provide(small)))

  it.scoped("becomes a zombie like any other once it has caught up", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* send(100)
      yield* TestClock.adjust("5 minutes")
      yield* Stream.runDrain(Stream.take(shard.events, 100))
      yield* TestClock.adjust("1 minute")
      yield* inject(Fault.StopAcknowledging())
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual((yield* entries("Closed")).map(({ by, code }) => [by, code]), [["client", 4000]])
    }).pipe(withChance(0), Effect.provide(small)))

  it.scoped("resumes after a loss in spite of a full buffer, and still loses nothing", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* send(50)
      yield* TestClock.adjust(0)
      yield* inject(Fault.Drop())
      yield* send(50)
      const events = yield* Stream.runCollect(Stream.take(shard.events, 100))
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(Chunk.map(events, ({ s }) => s)),
        Array.from({ length: 100 }, (_, i) => i + 2)
      )
    }).pipe(Effect.provide(small)))

  it.scoped("gives each of several streams all events", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const read = Stream.runCollect(Stream.take(shard.events, 100))
      const readers = yield* Effect.forEach([1, 2], () => Effect.fork(read))
      yield* TestClock.adjust(0)
      yield* send(100)
      for (const reader of readers) {
        const events = Chunk.toReadonlyArray(yield* Fiber.join(reader))
        assert.deepStrictEqual(events.map(({ s }) => s), Array.from({ length: 100 }, (_, i) => i + 2))
      }
    }).pipe(Effect.provide(small)))

  it.scoped("gives a later stream what is received after it began, and keeps nothing of a stream that was left", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* TestClock.adjust(0)
      yield* send(5)
      yield* TestClock.adjust(0)
      assert.strictEqual(Option.getOrThrow(yield* Stream.runHead(shard.events)).s, 1)
      const later = yield* Effect.fork(Stream.runHead(shard.events))
      yield* TestClock.adjust(0)
      assert.isNull(later.unsafePoll())
      yield* send(1)
      assert.strictEqual(Option.getOrThrow(yield* Fiber.join(later)).s, 7)
      assert.strictEqual(yield* shard.buffered, 0)
    }).pipe(Effect.provide(small)))

  it.scoped("loses nothing of its single events when it asks now and then", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* TestClock.adjust(0)
      yield* send(5)
      const numbers: Array<number> = []
      for (let i = 0; i < 6; i++) {
        numbers.push((yield* shard.nextEvent).s)
        yield* TestClock.adjust("1 minute")
      }
      assert.deepStrictEqual(numbers, [1, 2, 3, 4, 5, 6])
    }).pipe(Effect.provide(small)))

  it.scoped("drops the oldest after drainTimeout if it never reads, and the last are there for its first reader", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const published = yield* Effect.fork(Stream.runCollect(
        Stream.take(Stream.filter(shard.diagnostics, ({ _tag }) => _tag !== "Ready"), 2)
      ))
      yield* TestClock.adjust(0)
      yield* send(100)
      yield* TestClock.adjust("9 seconds")
      assert.isAtMost(Option.getOrThrow(yield* shard.session).sequence, 12)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 101)
      assert.deepStrictEqual(Array.from(yield* Fiber.join(published)), [
        Diagnostic.Paused({ buffered: 10 }),
        Diagnostic.Abandoned({ reader: "a reader, and there has been none", events: 10 })
      ])
      const last = yield* Stream.runCollect(Stream.take(shard.events, 10))
      assert.deepStrictEqual(Array.from(last, ({ s }) => s), Array.from({ length: 10 }, (_, i) => i + 92))
    }).pipe(Effect.provide(small)))
})

describe("events that are not wanted", () => {
  it.scoped("do not reach the program, do not fill the buffer, and advance the sequence", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* TestClock.adjust(0)
      yield* send(100)
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      assert.strictEqual((yield* shard.nextEvent).s, 102)
      assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 102)
    }).pipe(Effect.provide(layer({ config: { eventBufferSize: 10, events: ["TYPING_START"] } }))))
})
