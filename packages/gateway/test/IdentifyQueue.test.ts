import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as ShardMetrics from "../src/ShardMetrics.js"
import * as IdentifyQueue from "../src/IdentifyQueue.js"
import * as IdentifyStore from "../src/IdentifyStore.js"
import * as ShiftedClock from "./shiftedClock.js"

/** Requests a permit for each shard in turn. Returns the times of the grants, in milliseconds. */
const grants = (
  queue: IdentifyQueue.IdentifyQueue,
  ids: ReadonlyArray<number>,
  advance: Effect.Effect<void>
): Effect.Effect<ReadonlyArray<number>, IdentifyQueue.IdentifyBudgetExhausted> =>
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

  it.effect("comes to an end where nothing can be interrupted", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      const times = grants(queue, [0, 1], TestClock.adjust("1 minute"))
      assert.deepStrictEqual(yield* Effect.uninterruptible(times), [0, 5_000])
    }))

  it.effect("costs nothing if it is interrupted between its turn and the identify", () =>
    Effect.gen(function*() {
      const saving = yield* Effect.makeLatch()
      const store = { initial: Option.none(), save: () => saving.await }
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 10 } }).pipe(
        Effect.provideService(IdentifyStore.CurrentIdentifyStore, store)
      )
      const fiber = yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.die("it must not run")))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust("1 second")
      yield* saving.open
      yield* Fiber.await(fiber)
      assert.strictEqual(Option.getOrThrow(yield* queue.budget).remaining, 10)
      assert.deepStrictEqual(yield* grants(queue, [0], Effect.void), [2_000])
    }))

  it.live("gives 1,000 shards their turns at the exact theoretical times, 16 at a time", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      const times = yield* Effect.gen(function*() {
        const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 16, budget: { total: 2_000 } })
        return yield* Effect.forEach(
          ShardId.all(1_000),
          (id) => queue.withPermit(id)(Clock.currentTimeMillis),
          { concurrency: "unbounded" }
        )
      }).pipe(clock.run)
      assert.deepStrictEqual(times, Array.from({ length: 1_000 }, (_, id) => Math.floor(id / 16) * 5_000))
    }))

  it.effect("gives the day's last turns to those who came first, whatever their bucket", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({
        maxConcurrency: 4,
        budget: { total: 100, remaining: 3, resetAfter: "1 hour", reserve: 0 }
      })
      const times = yield* grants(queue, [3, 7, 2, 1, 0], TestClock.adjust("2 hours"))
      // Shard 7 waits for the bucket of shard 3, and is too late.
      assert.deepStrictEqual(times, [0, 3_600_000, 0, 0, 3_600_000])
    }))

  it.effect("gives an interrupted one's share of the budget to the next", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({
        maxConcurrency: 2,
        budget: { total: 100, remaining: 1, resetAfter: "1 hour", reserve: 0 }
      })
      const dying = yield* Effect.fork(
        Effect.either(queue.withPermit(ShardId.single)(Effect.delay(Effect.fail("the socket died"), "1 second")))
      )
      yield* TestClock.adjust(0)
      const next = yield* Effect.fork(grants(queue, [1], Effect.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(dying)
      assert.deepStrictEqual(yield* Fiber.join(next), [1_000])
    }))

  it.effect("fails when the budget is spent, for those who want that, and says until when", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({
        maxConcurrency: 1,
        budget: { total: 100, remaining: 6, resetAfter: "1 hour" },
        whenExhausted: "fail"
      })
      assert.deepStrictEqual(yield* grants(queue, [0], Effect.void), [0])
      const waiting = yield* Effect.fork(Effect.flip(grants(queue, [0], Effect.void)))
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(waiting)
      assert.deepInclude(error, { _tag: "IdentifyBudgetExhausted", remaining: 5, reserve: 5, until: 3_600_000 })
      assert.include(error.message, "1970-01-01T01:00:00.000Z")
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* grants(queue, [0], Effect.void), [3_610_000])
    }))

  it.effect("lets a human spend the reserve while shards wait", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({
        maxConcurrency: 1,
        budget: { total: 1_000, remaining: 50, resetAfter: "1 hour" }
      })
      const waiting = yield* Effect.fork(grants(queue, [0], Effect.void))
      yield* TestClock.adjust("1 minute")
      yield* queue.update({ reserve: 49 })
      assert.deepStrictEqual(yield* Fiber.join(waiting), [60_000])
      const last = yield* Effect.fork(grants(queue, [0], Effect.void))
      yield* TestClock.adjust("1 minute")
      assert.isNull(yield* Fiber.poll(last).pipe(Effect.map(Option.getOrNull)))
      yield* Fiber.interrupt(last)
    }))

  it.effect("puts those who wait into new buckets when max concurrency changes, in their order", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      const times = yield* grants(
        queue,
        [0, 1, 2, 3, 4],
        TestClock.adjust("1 second").pipe(
          Effect.zipRight(Effect.orDie(queue.update({ maxConcurrency: 2 }))),
          Effect.zipRight(TestClock.adjust("1 minute"))
        )
      )
      assert.deepStrictEqual(times, [0, 1_000, 5_000, 6_000, 10_000])
    }))

  it.effect("tells its metrics", () =>
    Effect.gen(function*() {
      const state = Effect.all({
        wait: Metric.value(ShardMetrics.identifyWait),
        budget: Metric.value(ShardMetrics.identifyBudget),
        waiting: Metric.value(ShardMetrics.identifiesWaiting),
        identifies: Metric.value(ShardMetrics.identifies),
        refunds: Metric.value(ShardMetrics.identifyRefunds)
      })
      const before = yield* state
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 100 } })
      yield* Effect.flip(queue.withPermit(ShardId.single)(Effect.fail("the socket died")))
      const waiting = yield* Effect.fork(grants(queue, [0, 0, 0], Effect.void))
      yield* TestClock.adjust("1 second")
      const during = yield* state
      assert.strictEqual(during.waiting.value, 2)
      assert.strictEqual(during.budget.value, 94)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      const after = yield* state
      assert.strictEqual(after.waiting.value, 0)
      assert.strictEqual(after.budget.value, 92)
      assert.strictEqual(after.identifies.count - before.identifies.count, 3)
      assert.strictEqual(after.refunds.count - before.refunds.count, 1)
      assert.strictEqual(after.wait.sum - before.wait.sum, 15)
    }))

  /** Makes a queue with a number of identifies left today. */
  const withTurns = (remaining: number, whenExhausted: "wait" | "fail" = "wait") =>
    IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 10, remaining, reserve: 0 }, whenExhausted })

  it.scoped("reserves nothing that is reserved, or that somebody waits for", () =>
    Effect.gen(function*() {
      const queue = yield* withTurns(6)
      yield* queue.reserve(4)
      const error = yield* Effect.flip(queue.reserve(3))
      assert.deepInclude(error, { _tag: "IdentifyBudgetExhausted", total: 10, remaining: 2, reserve: 0 })
      assert.isTrue(Either.isLeft(yield* Effect.either((yield* queue.reserve(1)).reserve(2))))
      // One writes, and the next waits for the interval.
      yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.never))
      yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.void))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Either.isLeft(yield* Effect.either(queue.reserve(1))))
    }))

  it.effect("holds what is reserved against those who came before, until it is released", () =>
    Effect.gen(function*() {
      const queue = yield* withTurns(3)
      const scope = yield* Scope.make()
      const view = yield* Scope.extend(queue.reserve(3), scope)
      const other = yield* Effect.fork(queue.withPermit(ShardId.single)(Clock.currentTimeMillis))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* grants(view, [0, 1], TestClock.adjust("1 minute")), [1_000, 6_000])
      assert.isTrue(Option.isNone(yield* Fiber.poll(other)))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* Fiber.join(other), 61_000)
      // No identify is left for either.
      const late = yield* Effect.fork(view.withPermit(ShardId.single)(Effect.void))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* Fiber.poll(late)))
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(late)
    }))

  it.scoped("fails for others as if it were spent, for those who want that", () =>
    Effect.gen(function*() {
      const queue = yield* withTurns(3, "fail")
      const view = yield* queue.reserve(3)
      const error = yield* Effect.flip(queue.withPermit(ShardId.single)(Effect.void))
      assert.deepInclude(error, { _tag: "IdentifyBudgetExhausted", remaining: 0 })
      yield* view.withPermit(ShardId.single)(Effect.void)
    }))

  it.scoped("gives an identify that was never written back to its reservation", () =>
    Effect.gen(function*() {
      const queue = yield* withTurns(2)
      const view = yield* queue.reserve(2)
      yield* Effect.flip(view.withPermit(ShardId.single)(Effect.fail("the socket died")))
      const other = yield* Effect.fork(queue.withPermit(ShardId.single)(Effect.void))
      assert.deepStrictEqual(yield* grants(view, [0, 1], TestClock.adjust("1 minute")), [0, 5_000])
      yield* Fiber.interrupt(other)
    }))

  it.effect("releases what is reserved when its owner is interrupted", () =>
    Effect.gen(function*() {
      const queue = yield* withTurns(3)
      const owner = yield* Effect.fork(Effect.scoped(Effect.zipRight(queue.reserve(3), Effect.never)))
      yield* Effect.yieldNow()
      yield* Effect.flip(Effect.scoped(queue.reserve(1)))
      yield* Fiber.interrupt(owner)
      yield* Effect.scoped(queue.reserve(3))
    }))

  it.scoped("reserves whatever is asked for where no budget is known", () =>
    Effect.gen(function*() {
      const custom = IdentifyQueue.make(() => (identify) => identify)
      assert.strictEqual(yield* custom.reserve(1_000_000), custom)
    }))

  it.effect("has 1,000 identifies a day, of which 50 are reserved, unless it is given others", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      const { remaining, reserve, total } = Option.getOrThrow(yield* queue.budget)
      assert.deepStrictEqual({ remaining, reserve, total }, { remaining: 1_000, reserve: 50, total: 1_000 })
    }))

  it.effect("does not give an interrupted identify back to the day's budget", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 10 } })
      const isStarted = yield* Deferred.make<void>()
      const identify = Effect.zipRight(Deferred.succeed(isStarted, undefined), Effect.never)
      const writing = yield* Effect.fork(queue.withPermit(ShardId.single)(identify))
      yield* Deferred.await(isStarted)
      yield* Fiber.interrupt(writing)
      assert.strictEqual(Option.getOrThrow(yield* queue.budget).remaining, 9)
    }))

  it.effect("grants at once without a limit", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.IdentifyQueue
      assert.deepStrictEqual(yield* grants(queue, [0, 0, 0], Effect.void), [0, 0, 0])
    }).pipe(Effect.provide(IdentifyQueue.layerUnlimited)))
})

describe("a wall clock that is set", () => {
  const jumps = ["1 second", "1 hour", "365 days"] as const
  const shifts = jumps.flatMap((jump) => [Duration.toMillis(jump), -Duration.toMillis(jump)])

  /** Returns the times of four grants and the remaining budget, with a change of the clock at this time. */
  const grantsWith = (phase: number, shift: number) =>
    Effect.gen(function*() {
      const clock = yield* ShiftedClock.make
      const time = Effect.clockWith((clock) => Effect.sync(() => Number(clock.unsafeCurrentTimeNanos()) / 1e6))
      const begin = yield* time
      const queue = yield* clock.provide(
        IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 3, reserve: 0 } })
      )
      const waiting = yield* Effect.fork(clock.provide(Effect.forEach(
        ShardId.all(4),
        (id) => queue.withPermit(id)(Effect.delay(time, "1 second")),
        { concurrency: "unbounded" }
      )))
      yield* TestClock.adjust(phase)
      clock.shift(shift)
      yield* TestClock.adjust("25 hours")
      const budget = Option.getOrThrow(yield* clock.provide(queue.budget))
      const left = Option.getOrThrow(budget.resetsAt) - (yield* clock.provide(Clock.currentTimeMillis)) + phase
      return { at: (yield* Fiber.join(waiting)).map((at) => at - begin), remaining: budget.remaining, left }
    })

  // Before the first, during its write, in the interval after it, and while all wait for the next day.
  for (const phase of [0, 500, 3_000, 3_600_000]) {
    for (const shift of shifts) {
      it.effect(`by ${shift / 1_000} s after ${phase / 1_000} s changes no turn`, () =>
        Effect.gen(function*() {
          const expected = yield* grantsWith(phase, 0)
          assert.deepStrictEqual(expected.at.slice(0, 3), [1_000, 7_000, 13_000])
          assert.deepStrictEqual(yield* grantsWith(phase, shift), expected)
        }))
    }
  }

  it.effect("leaves a day's end where it was for a shard that fails over it", () =>
    Effect.gen(function*() {
      const clock = yield* ShiftedClock.make
      const error = yield* Effect.gen(function*() {
        const queue = yield* IdentifyQueue.makeInMemory({
          maxConcurrency: 1,
          budget: { total: 100, remaining: 0, resetAfter: "1 hour" },
          whenExhausted: "fail"
        })
        clock.shift(-Duration.toMillis("365 days"))
        return yield* Effect.flip(queue.withPermit(ShardId.single)(Effect.void))
      }).pipe(clock.provide)
      assert.deepStrictEqual(error.after, Duration.hours(1))
      assert.strictEqual(error.until, Duration.toMillis("1 hour") - Duration.toMillis("365 days"))
    }))
})

describe("an option that makes no sense", () => {
  const wrong: ReadonlyArray<readonly [option: string, options: object]> = [
    ...[undefined, 0, -1, 1.5, NaN, Infinity, "4"].map((maxConcurrency) =>
      ["maxConcurrency", { maxConcurrency }] as const
    ),
    ...[NaN, -1, "soon", "-5 seconds", {}].map((interval) => ["interval", { interval }] as const),
    ["whenExhausted", { whenExhausted: "explode" }],
    ["budget", { budget: 5 }],
    ...[0, NaN, 10.5].map((total) => ["budget.total", { budget: { total } }] as const),
    ...[-1, NaN].map((remaining) => ["budget.remaining", { budget: { remaining } }] as const),
    ...[-1, NaN].map((reserve) => ["budget.reserve", { budget: { reserve } }] as const),
    ...[-1, NaN, "later"].map((resetAfter) => ["budget.resetAfter", { budget: { resetAfter } }] as const)
  ]
  for (const [option, options] of wrong) {
    it.effect(`is refused by its name: ${option} of ${JSON.stringify(Object.values(options))}`, () =>
      Effect.gen(function*() {
        // JavaScript can pass any value.
        const given = { maxConcurrency: 1, ...options } as IdentifyQueue.InMemoryOptions
        const error = yield* Effect.flip(IdentifyQueue.makeInMemory(given))
        assert.include(String(error), `at ${option}:`)
        const layered = yield* Effect.flip(Layer.build(IdentifyQueue.layerInMemory(given)))
        assert.deepStrictEqual(layered, error)
      }).pipe(Effect.scoped))
  }

  it.effect("changes nothing in an update", () =>
    Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 })
      const before = yield* queue.budget
      const error = yield* Effect.flip(queue.update({ reserve: 5, maxConcurrency: NaN }))
      assert.include(String(error), "maxConcurrency")
      assert.deepStrictEqual(yield* queue.budget, before)
    }))

  it.effect("is refused for a shared queue whose URL is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(IdentifyQueue.makeHttp("queue:7878"))
      assert.include(String(error), "is not an HTTP URL")
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})
