import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Function from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import {
  awaitReady,
  entries,
  inject,
  isHeartbeat,
  layer,
  startShard,
  startShards,
  timesReceived,
  withChance,
  withFirstWrite
} from "../harness.js"

const interval = 41_250

describe("heartbeats", () => {
  it.scoped("come first after a random part of the interval, then once every interval", () =>
    Effect.gen(function*() {
      yield* startShard
      yield* TestClock.adjust(0.25 * interval + 3 * interval)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [10_312, 51_562, 92_812, 134_062])
    }).pipe(withChance(0.25), Effect.provide(layer())))

  for (const chance of [0, 0.1, 0.5, 0.999]) {
    it.scoped(`begin at ${chance} of the interval if chance says so`, () =>
      Effect.gen(function*() {
        yield* startShard
        yield* TestClock.adjust(interval)
        assert.strictEqual((yield* timesReceived(Opcode.Heartbeat))[0], Math.floor(interval * chance))
      }).pipe(withChance(chance), Effect.provide(layer())))
  }

  it.scoped("carry the last sequence number, and null before the first", () =>
    Effect.gen(function*() {
      yield* startShard
      yield* TestClock.adjust(10 + interval)
      const beats = (yield* entries("Received")).filter(({ op }) => op === Opcode.Heartbeat)
      assert.deepStrictEqual(beats.map(({ d }) => d), [null, 1])
    }).pipe(withChance(0), Effect.provide(layer({ simulator: { latency: 10 } }))))

  it.scoped("answer a request of the gateway's at once, and keep their own times", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust(1_000)
      yield* inject(Fault.RequestHeartbeat())
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [1_000, interval / 2, interval * 1.5])
      assert.strictEqual((yield* shard.latency).periods, 3)
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("go on while the shard waits for its turn to identify", () =>
    Effect.gen(function*() {
      yield* startShards(2)
      yield* TestClock.adjust("4 seconds")
      const [first, second] = [yield* heartbeatTimes(1), yield* heartbeatTimes(2)]
      assert.deepStrictEqual([first, second], [[1_000, 3_000], [1_000, 3_000]])
      assert.strictEqual((yield* entries("Identified")).length, 1)
    }).pipe(withChance(0.5), Effect.provide(layer({ simulator: { heartbeatInterval: "2 seconds" } }))))

  it.scoped("measure how long the gateway takes", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReadyIn(shard, 20)
      yield* TestClock.adjust(2 * interval)
      const latency = yield* shard.latency
      assert.deepStrictEqual(latency.average, Option.some(Duration.millis(20)))
      assert.strictEqual(latency.beats, 2)
    }).pipe(withChance(0.5), Effect.provide(layer({ simulator: { latency: 20 } }))))
})

describe("the heartbeats of a fleet", () => {
  const wide = { maxConcurrency: 16, simulator: { maxConcurrency: 16 } }

  /** Half of the shards are a hundredth of the interval behind the others. */
  const withChances = Effect.withRandom(Random.fixed([0.5, 0.51]))

  it.scoped("go out together where they are close: a little early, never late", () =>
    Effect.gen(function*() {
      yield* Fleet.make({ shards: { total: 4 } })
      yield* TestClock.adjust(2 * interval)
      const beats = yield* Effect.forEach([1, 2, 3, 4], heartbeatTimes)
      assert.deepStrictEqual(Array.from(new Set(beats.map(([first]) => first))), [0.5 * interval])
      assert.deepStrictEqual(Array.from(new Set(beats.map(([, second]) => second))), [1.5 * interval])
    }).pipe(withChances, Effect.provide(layer(wide))))

  it.scoped("are each connection's own: one that is dead is left alone", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 3 } })
      yield* TestClock.adjust("1 second")
      yield* fleet.awaitReady
      yield* inject(Fault.StopAcknowledging(), { shard: 1 })
      yield* TestClock.adjust(3 * interval)
      const closed = yield* entries("Closed")
      assert.deepStrictEqual(closed.map(({ at, by, code }) => [at, by, code]), [[1.5 * interval, "client", 4000]])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(withChance(0.5), Effect.provide(layer(wide))))

  it.scoped("stop with the shards, and go on for those that are left", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 2 } })
      yield* TestClock.adjust("1 second")
      yield* fleet.awaitReady
      const [first] = yield* fleet.shards
      yield* first?.close(CloseFrame.NORMAL) ?? Effect.void
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [0.5 * interval, 1.5 * interval])
    }).pipe(withChance(0.5), Effect.provide(layer(wide))))
})

describe("a zombie connection", () => {
  it.scoped("is left when a heartbeat is due and the one before was not acknowledged, and its session resumed", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.StopAcknowledging())
      yield* TestClock.adjust(interval / 2 + interval - 1)
      assert.deepStrictEqual(yield* entries("Closed"), [])
      yield* TestClock.adjust(1)
      const [closed] = yield* entries("Closed")
      assert.deepStrictEqual([closed?.at, closed?.by, closed?.code], [interval * 1.5, "client", 4000])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
      assert.strictEqual((yield* timesReceived(Opcode.Identify)).length, 1)
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("is left too after heartbeats that were acknowledged", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust(interval * 2.5)
      yield* inject(Fault.StopAcknowledging())
      yield* TestClock.adjust(interval * 2)
      assert.deepStrictEqual((yield* entries("Closed")).map(({ at, by }) => [at, by]), [[interval * 4.5, "client"]])
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("is left too when it is half-open, and no close frame gets through", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Stall())
      yield* TestClock.adjust(interval / 2 + interval)
      assert.deepStrictEqual(yield* entries("Closed"), [])
      // The timeout of the close frame is a second.
      yield* TestClock.adjust("1 second")
      const [closed] = yield* entries("Closed")
      assert.deepStrictEqual([closed?.at, closed?.by], [interval * 1.5 + 1_000, "network"])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("is left too when a heartbeat cannot even be written", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust(interval / 2 + interval)
      assert.deepStrictEqual((yield* entries("Closed")).map(({ at, by }) => [at, by]), [[interval * 1.5, "client"]])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    }).pipe(withChance(0.5), Effect.provide(withoutBeats.pipe(Layer.provideMerge(layer())))))

  it.scoped("does not make the next connection one: acknowledgements are a connection's own", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* TestClock.adjust(interval / 2)
      yield* inject(Fault.StopAcknowledging())
      yield* TestClock.adjust(interval)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(10 * interval)
      assert.deepStrictEqual((yield* entries("Closed")).map(({ by }) => by), ["network"])
    }).pipe(withChance(0.5), Effect.provide(layer())))
})

/** A socket on which the write of the first heartbeat never completes. */
const withoutBeats = withFirstWrite(isHeartbeat, Function.constVoid)

const heartbeatTimes = (connection: number) =>
  Effect.map(
    entries("Received"),
    (received) =>
      received.filter((entry) => entry.op === Opcode.Heartbeat && entry.connection === connection).map(({ at }) => at)
  )

const awaitReadyIn = (shard: Parameters<typeof awaitReady>[0], latency: number) =>
  Effect.zipRight(TestClock.adjust(3 * latency), awaitReady(shard))
