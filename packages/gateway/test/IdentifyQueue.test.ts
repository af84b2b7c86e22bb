import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as IdentifyQueue from "../src/IdentifyQueue.js"

/** Asks for a permit for each shard in turn; when each was granted, in milliseconds. */
const grants = (
  queue: IdentifyQueue.IdentifyQueue,
  ids: ReadonlyArray<number>,
  advance: Effect.Effect<void>
): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const fibers = yield* Effect.forEach(ids, (id) =>
      Effect.fork(queue.withPermit(ShardId.unsafeMake(id, 100))(Clock.currentTimeMillis)))
    yield* advance
    return yield* Effect.forEach(fibers, Fiber.join)
  })

describe("IdentifyQueue", () => {
  const cases: ReadonlyArray<readonly [concurrency: number, ids: ReadonlyArray<number>, times: ReadonlyArray<number>]> =
    [
      [1, [0, 0, 1], [0, 5_000, 10_000]],
      [2, [0, 1, 2, 3], [0, 0, 5_000, 5_000]],
      [4, [0, 1, 3, 3], [0, 0, 0, 5_000]],
      [16, [0, 16, 32, 1], [0, 5_000, 10_000, 0]]
    ]
  for (const [maxConcurrency, ids, times] of cases) {
    it.effect(`concurrency ${maxConcurrency}: shards ${ids.join(", ")} identify at ${times.join(", ")} ms`, () =>
      Effect.gen(function*() {
        const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency })
        assert.deepStrictEqual(yield* grants(queue, ids, TestClock.adjust("1 minute")), times)
      }))
  }

  it.effect("counts the interval from the moment the identify was written", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.sleep("2 seconds")))
      assert.deepStrictEqual(yield* grants(queue, [0], TestClock.adjust("1 minute")), [7_000])
    }))

  it.effect("does not wait long after the interval is over", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1, interval: "3 seconds" })
      assert.deepStrictEqual(yield* grants(queue, [0, 1], TestClock.adjust("1 hour")), [0, 3_000])
      assert.deepStrictEqual(yield* grants(queue, [0, 1], TestClock.adjust("1 hour")), [3_600_000, 3_603_000])
    }))

  it.effect("gives the turn of an interrupted fiber to the next", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      yield* grants(queue, [0], Effect.void)
      const interrupted = yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.die("it must not run")))
      const next = yield* Effect.fork(queue.withPermit(ShardId.single)(Clock.currentTimeMillis))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(interrupted)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(next), 5_000)
    }))

  it.effect("does not count an identify that failed to be written", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      yield* Effect.flip(queue.withPermit(ShardId.single)(Effect.fail("the socket died")))
      assert.deepStrictEqual(yield* grants(queue, [0], Effect.void), [0])
    }))

  it.effect("counts an identify that was interrupted while it was written", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      const writing = yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.never))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(writing)
      assert.deepStrictEqual(yield* grants(queue, [0], TestClock.adjust("1 minute")), [5_000])
    }))

  it.effect("grants at once without a limit", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.IdentifyQueue
      assert.deepStrictEqual(yield* grants(queue, [0, 0, 0], Effect.void), [0, 0, 0])
    }).pipe(Effect.provide(IdentifyQueue.layerUnlimited)))
})
