import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as TimerQueue from "../../../src/internal/clock/timerQueue.js"

const timer = FastCheck.record({ at: FastCheck.integer({ min: 0, max: 50 }), isTakenBack: FastCheck.boolean() })

describe("a timer queue", () => {
  it("wakes what was not taken back, by time and then by order, as a sorted list would", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(timer, { maxLength: 60 }), (timers) => {
      const queue = TimerQueue.make(0)
      const woken: Array<number> = []
      const cancels = timers.map(({ at }, i) => queue.add(at, () => woken.push(i)))
      timers.forEach(({ isTakenBack }, i) => isTakenBack && cancels[i]?.())
      const left = timers.map((timer, i) => ({ ...timer, i })).filter(({ isTakenBack }) => !isTakenBack)
      assert.strictEqual(queue.size(), left.length)
      assert.strictEqual(queue.nextAt(), left.length === 0 ? undefined : Math.min(...left.map(({ at }) => at)))
      for (let next = queue.nextAt(); next !== undefined; next = queue.nextAt()) {
        queue.advanceTo(next)
        assert.strictEqual(queue.now(), next)
      }
      assert.deepStrictEqual(woken, left.sort((a, b) => a.at - b.at || a.i - b.i).map(({ i }) => i))
      assert.strictEqual(queue.size(), 0)
    }))
  })

  it("never goes back in time", () => {
    const queue = TimerQueue.make(10)
    queue.advanceTo(5)
    assert.strictEqual(queue.now(), 10)
  })
})
