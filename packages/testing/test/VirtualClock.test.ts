import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as VirtualClock from "../src/VirtualClock.js"

describe("a virtual clock", () => {
  it.live("jumps from sleeper to sleeper, in the order of their times and then of their coming", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make(1_000)
      const seen: Array<readonly [name: string, at: number]> = []
      const sleeper = (name: string, millis: number) =>
        Effect.zipRight(
          Effect.sleep(millis),
          Effect.map(Clock.currentTimeMillis, (at) => seen.push([name, at]))
        )
      yield* clock.run(Effect.all(
        [sleeper("c", 20), sleeper("a", 10), sleeper("b", 10), sleeper("d", 86_400_000)],
        { concurrency: "unbounded" }
      ))
      assert.deepStrictEqual(seen, [["a", 1_010], ["b", 1_010], ["c", 1_020], ["d", 86_401_000]])
      assert.strictEqual(yield* clock.sleeping, 0)
    }))

  it.live("waits for promises and for fibers that yield", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      const program = Effect.gen(function*() {
        const sleeping = yield* Effect.fork(Effect.sleep("1 second"))
        yield* Effect.repeatN(Effect.promise(() => Promise.resolve().then(() => Promise.resolve())), 20)
        yield* Effect.repeatN(Effect.yieldNow(), 5_000)
        assert.strictEqual(yield* Clock.currentTimeMillis, 0)
        yield* Fiber.join(sleeping)
        return yield* Clock.currentTimeMillis
      })
      assert.strictEqual(yield* clock.run(program), 1_000)
    }))

  it.live("dies when nothing can wake its fibers", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      for (const stuck of [Effect.never, Effect.sleep(Duration.infinity)]) {
        const exit = yield* Effect.exit(clock.run(stuck))
        assert.isTrue(Exit.isFailure(exit))
        if (Exit.isFailure(exit)) {
          assert.include(Cause.pretty(exit.cause), "nothing can wake them")
        }
      }
    }))

  it.live("gives back failures, and stops what it runs when it is interrupted", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      assert.strictEqual(yield* Effect.flip(clock.run(Effect.zipRight(Effect.sleep(1), Effect.fail("no")))), "no")
      let isInterrupted = false
      const endless = Effect.forever(Effect.sleep(1)).pipe(
        Effect.onInterrupt(() => Effect.sync(() => isInterrupted = true))
      )
      const fiber = yield* Effect.fork(clock.run(endless))
      yield* Effect.sleep("5 millis")
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isInterrupted)
      assert.strictEqual(yield* clock.sleeping, 0)
    }))

  it.live("wakes every sleeper at the end of a suspension", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.VirtualClock
      const woken = yield* Effect.fork(
        Effect.forEach([1, 2, 3], () => Effect.zipRight(Effect.sleep("1 second"), Clock.currentTimeMillis))
      )
      yield* clock.adjust(0)
      yield* clock.suspend("1 minute")
      yield* clock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(woken), [60_000, 61_000, 62_000])
    }).pipe(Effect.provide(VirtualClock.layer)))

  it.live("whose wall time is set keeps its monotonic time and its sleepers", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.VirtualClock
      const fiber = yield* Effect.fork(Effect.sleep("2 seconds"))
      yield* clock.adjust("1 second")
      yield* clock.setWallTime(500_000)
      assert.strictEqual(yield* Clock.currentTimeMillis, 500_000)
      assert.strictEqual(yield* Clock.currentTimeNanos, 1_000_000_000n)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* clock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* Clock.currentTimeMillis, 501_000)
    }).pipe(Effect.provide(VirtualClock.layer)))

  it.live("as a layer is moved by adjust, and no further", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.VirtualClock
      const fiber = yield* Effect.fork(Effect.zipRight(Effect.sleep("2 seconds"), Clock.currentTimeMillis))
      yield* clock.adjust("1999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* clock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), 2_000)
      assert.strictEqual(yield* Clock.currentTimeMillis, 6_999)
    }).pipe(Effect.provide(VirtualClock.layer)))
})
