import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as HeartbeatScheduler from "../src/HeartbeatScheduler.js"
import * as Scheduler from "../src/internal/heartbeat/coalescingTimers.js"
import type { Timer } from "../src/internal/time/index.js"

const interval = 40_000
const slack = 1_000

/** A timer with a fixed interval that records when it is called. */
const makeTimer = Effect.map(Effect.clock, (clock) => {
  const times: Array<number> = []
  const defects: Array<unknown> = []
  const timer: Timer = {
    onDue: () => {
      times.push(clock.unsafeCurrentTimeMillis())
      return { after: interval, slack }
    },
    onDefect: (cause) => {
      defects.push(cause)
    }
  }
  return { timer, times, defects }
})

/** The same timer, which is removed after its first call. */
const once = (timer: Timer): Timer => ({
  ...timer,
  onDue: (late) => {
    timer.onDue(late)
    return undefined
  }
})

/** The same clock with a wall clock that can be set; it counts sleeps. */
const makeClock = (clock: Clock.Clock) => {
  let sleeps = 0
  let sleeping = 0
  let shift = 0
  const counting: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + shift,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.map(Effect.suspend(() => clock.currentTimeMillis), (millis) => millis + shift),
    currentTimeNanos: Effect.suspend(() => clock.currentTimeNanos),
    sleep: (duration) =>
      Effect.suspend(() => {
        sleeps++
        sleeping++
        return Effect.ensuring(clock.sleep(duration), Effect.sync(() => sleeping--))
      })
  }
  return {
    clock: counting,
    sleeps: () => sleeps,
    sleeping: () => sleeping,
    setBack: (millis: number) => {
      shift -= millis
    }
  }
}

describe("a heartbeat scheduler", () => {
  it.scoped("calls a single timer exactly at its times", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const { timer, times } = yield* makeTimer
      scheduler.unsafeSchedule(timer, { after: 12_345.5, slack })
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(times, [12_345.5, 12_345.5 + interval, 12_345.5 + 2 * interval])
    }))

  it.scoped("calls timers together whose times are close, early and never late, with one wake for all of them", () =>
    Effect.gen(function*() {
      const { clock, sleeps } = makeClock(yield* Effect.clock)
      const scheduler = yield* Effect.withClock(Scheduler.make, clock)
      const timers = yield* Effect.forEach(
        [5_000, 5_400, 6_000, 6_001],
        (after) =>
          Effect.tap(makeTimer, ({ timer }) => Effect.sync(() => scheduler.unsafeSchedule(timer, { after, slack })))
      )
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(timers.map(({ times }) => times), [
        [5_000, 45_000, 85_000],
        [5_000, 45_000, 85_000],
        [5_000, 45_000, 85_000],
        [6_001, 46_001, 86_001]
      ])
      // Twice in each of three rounds, and once for the next.
      assert.strictEqual(sleeps(), 7)
    }))

  it.scoped("calls timers together that are registered in another order", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const [later, earlier] = [yield* makeTimer, yield* makeTimer]
      scheduler.unsafeSchedule(later.timer, { after: 5_400, slack })
      scheduler.unsafeSchedule(earlier.timer, { after: 5_000, slack })
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual(earlier.times, [5_000, 45_000])
      assert.deepStrictEqual(later.times, [5_400, 45_000])
    }))

  it.scoped("calls a timer without slack exactly, and no other one at its time", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const [beating, exact] = [yield* makeTimer, yield* makeTimer]
      scheduler.unsafeSchedule(once(exact.timer), { after: 4_500, slack: 0 })
      scheduler.unsafeSchedule(beating.timer, { after: 5_000, slack })
      scheduler.unsafeSchedule(exact.timer, { after: 5_500, slack: 0 })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([beating.times, exact.times], [[5_000], [4_500, 5_500]])
    }))

  it.scoped("calls a timer that is registered later and is due sooner", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const [first, second] = [yield* makeTimer, yield* makeTimer]
      scheduler.unsafeSchedule(first.timer, { after: 30_000, slack })
      yield* TestClock.adjust("5 seconds")
      scheduler.unsafeSchedule(second.timer, { after: 0, slack })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual([first.times, second.times], [[], [5_000]])
      yield* TestClock.adjust(interval)
      assert.deepStrictEqual([first.times, second.times], [[30_000], [5_000, 45_000]])
    }))

  it.scoped("does not call a timer that was removed, and calls the others", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const [first, second] = [yield* makeTimer, yield* makeTimer]
      const remove = scheduler.unsafeSchedule(first.timer, { after: 5_000, slack })
      scheduler.unsafeSchedule(second.timer, { after: 5_500, slack })
      yield* TestClock.adjust("10 seconds")
      remove()
      remove()
      yield* TestClock.adjust(interval)
      assert.deepStrictEqual([first.times, second.times], [[5_000], [5_000, 45_000]])
    }))

  it.scoped("does not call a timer again that is removed during its call, or that returns no delay", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const [first, second] = [yield* makeTimer, yield* makeTimer]
      const remove = scheduler.unsafeSchedule({
        ...first.timer,
        onDue: (late) => {
          remove()
          return first.timer.onDue(late)
        }
      }, { after: 5_000, slack })
      scheduler.unsafeSchedule(once(second.timer), { after: 5_000, slack })
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual([first.times, second.times], [[5_000], [5_000]])
    }))

  it.scoped("removes a timer that throws, passes it the cause, and calls the others", () =>
    Effect.gen(function*() {
      const scheduler = yield* Scheduler.make
      const [broken, sound] = [yield* makeTimer, yield* makeTimer]
      scheduler.unsafeSchedule({
        ...broken.timer,
        onDue: () => {
          throw "broken"
        }
      }, { after: 5_000, slack })
      scheduler.unsafeSchedule(sound.timer, { after: 5_500, slack })
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(broken.defects, ["broken"])
      assert.deepStrictEqual(sound.times, [5_000, 45_000, 85_000])
    }))

  it.scoped("is not affected when the wall clock is set back", () =>
    Effect.gen(function*() {
      const { clock, setBack } = makeClock(yield* Effect.clock)
      const scheduler = yield* Effect.withClock(Scheduler.make, clock)
      const { timer, times } = yield* makeTimer
      scheduler.unsafeSchedule(timer, { after: 5_000, slack })
      yield* TestClock.adjust("10 seconds")
      setBack(3_600_000)
      yield* TestClock.adjust(2 * interval)
      assert.deepStrictEqual(times, [5_000, 45_000, 85_000])
    }))

  it.scoped("stops with its scope, and registering a timer after that does nothing", () =>
    Effect.gen(function*() {
      const { clock, sleeping } = makeClock(yield* Effect.clock)
      const scope = yield* Scope.make()
      const scheduler = yield* Effect.withClock(Scope.extend(Scheduler.make, scope), clock)
      const { timer, times } = yield* makeTimer
      scheduler.unsafeSchedule(timer, { after: 5_000, slack })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(sleeping(), 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(sleeping(), 0)
      scheduler.unsafeSchedule(timer, { after: 0, slack })
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(times, [5_000])
    }))

  it.effect("is shared by all that the layer is provided to, and otherwise made for each", () =>
    Effect.gen(function*() {
      const both = Effect.all([HeartbeatScheduler.current, HeartbeatScheduler.current])
      const [first, second] = yield* Effect.scoped(Effect.provide(both, HeartbeatScheduler.layer))
      assert.strictEqual(first, second)
      const [third, fourth] = yield* Effect.scoped(both)
      assert.notStrictEqual(third, fourth)
    }))
})
