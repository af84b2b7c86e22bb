import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as CommandRateLimiter from "../src/CommandRateLimiter.js"
import * as CommandLimiter from "../src/internal/commands/rateLimiter.js"
import * as Monotonic from "../src/internal/time/monotonic.js"
import * as SlidingLog from "../src/internal/time/slidingLog.js"

const capacities: ReadonlyArray<readonly [interval: Duration.DurationInput, capacity: number]> = [
  [Duration.infinity, 118],
  ["60 seconds", 118],
  ["42500 millis", 117],
  ["30 seconds", 117],
  ["29999 millis", 116],
  ["6100 millis", 109],
  ["1 second", 57],
  ["600 millis", 15],
  ["500 millis", 10],
  [0, 10]
]

const interval = Duration.millis(41_250)

const sendAll = (limiter: CommandLimiter.CommandLimiter, count: number) =>
  Effect.repeatN(Effect.zipRight(limiter.awaitRoom, limiter.recordCommand), count - 1)

describe("CommandRateLimiter", () => {
  for (const [interval, capacity] of capacities) {
    it(`has room for ${capacity} commands beside a heartbeat every ${Duration.format(interval)}`, () => {
      assert.strictEqual(CommandRateLimiter.capacity(interval), capacity)
    })
  }

  it.effect("is all available before anything was sent", () =>
    Effect.gen(function*() {
      const snapshot = yield* CommandLimiter.make(interval).snapshot
      assert.deepStrictEqual(
        snapshot,
        new CommandRateLimiter.CommandRateLimiter({
          available: 117,
          max: 117,
          nextAvailable: Duration.zero,
          nextRefill: Option.none()
        })
      )
    }))

  it.effect("gives a place back exactly 61 seconds after it was taken", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      yield* sendAll(limiter, 117)
      yield* TestClock.adjust(60_999)
      assert.strictEqual((yield* limiter.snapshot).available, 0)
      assert.deepStrictEqual((yield* limiter.snapshot).nextAvailable, Duration.millis(1))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* limiter.snapshot).available, 117)
    }))

  it.effect("stays within the limit where it is counted, whose messages are up to a second on their way", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      const arrivals: Array<number> = []
      let [delay, order] = [1_000, 0]
      const sending = yield* Effect.fork(Effect.forever(
        Effect.gen(function*() {
          yield* limiter.awaitRoom
          yield* limiter.recordCommand
          // Slow at first, as on a new connection, then fast; always in order.
          order = Math.max(order, (yield* Clock.currentTimeMillis) + delay)
          arrivals.push(order)
        })
      ))
      for (let n = 0; n < 20; n++) {
        yield* TestClock.adjust("10 seconds")
        delay = 0
      }
      yield* Fiber.interrupt(sending)
      const busiest = Math.max(...arrivals.map((at) => arrivals.filter((one) => one >= at && one < at + 60_000).length))
      assert.isAtMost(busiest, CommandRateLimiter.limit)
      assert.isAtLeast(arrivals.length, 3 * 117)
    }))

  it.effect("tells when the place that was taken first is free again, whether others are free or not", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      yield* sendAll(limiter, 1)
      yield* TestClock.adjust("20 seconds")
      yield* sendAll(limiter, 1)
      const snapshot = yield* limiter.snapshot
      assert.deepStrictEqual(snapshot.nextAvailable, Duration.zero)
      assert.deepStrictEqual(snapshot.nextRefill, Option.some(Duration.seconds(41)))
      yield* TestClock.adjust("41 seconds")
      assert.deepStrictEqual((yield* limiter.snapshot).nextRefill, Option.some(Duration.seconds(20)))
    }))

  it.effect("lets the command after the last wait until the first place is free", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      yield* sendAll(limiter, 60)
      yield* TestClock.adjust("30 seconds")
      yield* sendAll(limiter, 57)
      const waiting = yield* Effect.fork(sendAll(limiter, 1))
      yield* TestClock.adjust(30_999)
      assert.isTrue((yield* Fiber.poll(waiting))._tag === "None")
      yield* TestClock.adjust(1)
      yield* Fiber.join(waiting)
      assert.strictEqual((yield* limiter.snapshot).available, 59)
    }))

  it.effect("counts heartbeats that the gateway asked for beyond the reserve", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      for (let beat = 0; beat < 10; beat++) {
        limiter.unsafeRecordHeartbeat(yield* Clock.currentTimeMillis)
      }
      yield* sendAll(limiter, 110)
      assert.strictEqual((yield* limiter.snapshot).available, 0)
      const waiting = yield* Effect.fork(sendAll(limiter, 1))
      yield* TestClock.adjust(60_999)
      assert.isTrue((yield* Fiber.poll(waiting))._tag === "None")
      yield* TestClock.adjust(1)
      yield* Fiber.join(waiting)
    }))

  it.effect("holds heartbeats that the gateway asks for at the limit, and leaves ten places to commands", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      const now = yield* Monotonic.currentMillis
      let sent = 0
      while (limiter.unsafeHeartbeatDelay(now) === 0) {
        limiter.unsafeRecordHeartbeat(now)
        sent++
      }
      assert.deepStrictEqual([sent, limiter.unsafeHeartbeatDelay(now)], [110, 61_000])
      yield* sendAll(limiter, 10)
      assert.strictEqual((yield* limiter.snapshot).available, 0)
    }))

  it.effect("rounds waits up to whole milliseconds, because timers do not count in fractions", () =>
    Effect.gen(function*() {
      const limiter = CommandLimiter.make(interval)
      yield* TestClock.adjust(0.25)
      yield* sendAll(limiter, 117)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* limiter.snapshot).nextAvailable, Duration.millis(60_999))
      yield* TestClock.adjust(0.5)
      assert.deepStrictEqual((yield* limiter.snapshot).nextAvailable, Duration.millis(60_999))
    }))

  it("never lets more than the limit into any window, and never waits for nothing", () => {
    const pauses = FastCheck.array(FastCheck.nat(20_000), { minLength: 50, maxLength: 300 })
    FastCheck.assert(
      FastCheck.property(pauses, FastCheck.integer({ min: 1, max: 20 }), (pauses, max) => {
        const log = SlidingLog.make(60_000)
        const sent: Array<number> = []
        let now = 0
        for (const pause of pauses) {
          now += pause
          const wait = log.waitUntilBelow(max, now)
          const inWindow = (at: number) => sent.filter((time) => time + 60_000 > at).length
          if (wait > 0) {
            assert.strictEqual(inWindow(now + wait - 1), max, "it waited although there was room")
          }
          now += wait
          assert.isBelow(inWindow(now), max)
          log.record(now)
          sent.push(now)
        }
      })
    )
  })
})
