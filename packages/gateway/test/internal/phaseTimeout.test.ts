import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as PhaseTimeout from "../../src/internal/connection/phaseTimeout.js"
import type { Delay, Timer, TimerScheduler } from "../../src/internal/time/index.js"

/** A scheduler whose timers are called by hand. */
const makeScheduler = () => {
  const timers: Array<{ readonly timer: Timer; delay: Delay | undefined }> = []
  const scheduler: TimerScheduler = {
    unsafeSchedule: (timer, first) => {
      const scheduled = { timer, delay: first }
      timers.push(scheduled)
      return () => {
        timers.splice(timers.indexOf(scheduled), 1)
      }
    }
  }
  return {
    scheduler,
    waiting: () => timers.map(({ delay }) => delay?.after),
    wake: (late: number) => {
      for (const scheduled of Array.from(timers)) {
        scheduled.delay = scheduled.timer.onDue(late)
      }
    }
  }
}

const start = (options: { readonly withPolls?: boolean } = {}) => {
  const { scheduler, waiting, wake } = makeScheduler()
  const phaseTimeout = PhaseTimeout.make(scheduler)
  const polls: Array<() => void> = []
  const now = { isPaused: false, hasProgressed: false, expired: 0 }
  phaseTimeout.unsafeStart({
    duration: Duration.seconds(20),
    isPaused: () => now.isPaused,
    hasProgressed: () => now.hasProgressed,
    onPolled: options.withPolls === true ? (onPolled) => polls.push(onPolled) : undefined,
    onExpired: () => {
      now.expired++
    },
    onDefect: () => {}
  })
  return { phaseTimeout, now, poll: () => polls.splice(0).forEach((onPolled) => onPolled()), waiting, wake }
}

const punctual = 49
const tooLate = 50

describe("a phase timeout", () => {
  it("expires once, when its time is over", () => {
    const { now, waiting, wake } = start()
    assert.deepStrictEqual([waiting(), now.expired], [[20_000], 0])
    wake(punctual)
    assert.deepStrictEqual([waiting(), now.expired], [[undefined], 1])
  })

  it("starts again as often as reading is paused", () => {
    const { now, waiting, wake } = start()
    now.isPaused = true
    for (let n = 0; n < 100; n++) {
      wake(n)
      assert.deepStrictEqual([waiting(), now.expired], [[20_000], 0])
    }
    now.isPaused = false
    wake(punctual)
    assert.strictEqual(now.expired, 1)
  })

  it("starts again nine times if there is progress, and no more", () => {
    const { now, waiting, wake } = start()
    now.hasProgressed = true
    for (let n = 0; n < 9; n++) {
      wake(punctual)
      assert.deepStrictEqual([waiting(), now.expired], [[20_000], 0])
    }
    wake(punctual)
    assert.strictEqual(now.expired, 1)
  })

  it("gives a process that was late five seconds to read, once", () => {
    const { now, waiting, wake } = start()
    wake(tooLate)
    assert.deepStrictEqual([waiting(), now.expired], [[5_000], 0])
    wake(60_000)
    assert.strictEqual(now.expired, 1)
  })

  it("has an end if there is always progress and the process is always late", () => {
    const { now, waiting, wake } = start()
    now.hasProgressed = true
    let total = 0
    for (let n = 0; now.expired === 0 && n < 1_000; n++) {
      total += (waiting()[0] ?? 0) + tooLate
      wake(tooLate)
    }
    assert.strictEqual(total, 10 * (20_000 + tooLate + 5_000 + tooLate))
  })

  it("waits until the sockets were polled, where the platform can say", () => {
    const { now, poll, waiting, wake } = start({ withPolls: true })
    wake(0)
    wake(0)
    assert.deepStrictEqual([waiting(), now.expired], [[50], 0])
    poll()
    wake(0)
    assert.strictEqual(now.expired, 1)
  })

  it("is that of one phase, and of none once it is stopped", () => {
    const { phaseTimeout, now, waiting } = start()
    phaseTimeout.unsafeStart({
      duration: Duration.seconds(30),
      isPaused: () => false,
      hasProgressed: () => false,
      onPolled: undefined,
      onExpired: () => {},
      onDefect: () => {}
    })
    assert.deepStrictEqual(waiting(), [30_000])
    phaseTimeout.unsafeStop()
    assert.deepStrictEqual([waiting(), now.expired], [[], 0])
  })
})
