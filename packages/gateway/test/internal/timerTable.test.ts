import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as TimerTable from "../../src/internal/heartbeat/timerTable.js"

const slack = 10

const anyTimes = FastCheck.array(FastCheck.integer({ min: 0, max: 200 }), { maxLength: 40 })

const rows = (table: TimerTable.TimerTable<number>) => {
  const all: Array<readonly [at: number, timers: ReadonlyArray<number>]> = []
  for (let at = table.nextAt(); at < Infinity; at = table.nextAt()) {
    all.push([at, table.take(at)])
  }
  return all
}

describe("a table of timers", () => {
  it("adds a timer with slack to the row before it", () => {
    const table = TimerTable.make<number>()
    table.add(1, 100, slack)
    table.add(2, 110, slack)
    table.add(3, 111, slack)
    table.add(4, 121, slack)
    table.add(5, 99, slack)
    table.add(6, 112, 0)
    assert.deepStrictEqual(rows(table), [[99, [5]], [100, [1, 2]], [111, [3, 4]], [112, [6]]])
  })

  it("takes what is due and keeps the others", () => {
    const table = TimerTable.make<number>()
    table.add(1, 30, 0)
    table.add(2, 10, 0)
    table.add(3, 20, 0)
    assert.deepStrictEqual(table.take(9), [])
    assert.deepStrictEqual(table.take(20), [2, 3])
    assert.strictEqual(table.nextAt(), 30)
  })

  it("has no time for a timer that was removed", () => {
    const table = TimerTable.make<number>()
    const leaveFirst = table.add(1, 10, 0)
    const leaveSecond = table.add(2, 15, slack)
    leaveFirst()
    assert.strictEqual(table.nextAt(), 10)
    leaveSecond()
    assert.strictEqual(table.nextAt(), Infinity)
  })

  it("is not affected by the removal of a timer that was taken", () => {
    const table = TimerTable.make<number>()
    const leave = table.add(1, 10, 0)
    table.take(10)
    table.add(2, 10, 0)
    leave()
    assert.deepStrictEqual(rows(table), [[10, [2]]])
  })

  it("returns each timer once, never late and at most the slack early", () =>
    FastCheck.assert(FastCheck.property(anyTimes, (times) => {
      const table = TimerTable.make<number>()
      times.forEach((at, timer) => table.add(timer, at, slack))
      const seen = rows(table).flatMap(([at, timers]) => timers.map((timer) => [timer, at] as const))
      assert.strictEqual(new Set(seen.map(([timer]) => timer)).size, times.length)
      assert.strictEqual(seen.length, times.length)
      for (const [timer, at] of seen) {
        assert.isAtMost(at, times[timer] ?? NaN)
        assert.isAtLeast(at, (times[timer] ?? NaN) - slack)
      }
    })))

  it("returns all timers that are not removed, in the order of their times", () =>
    FastCheck.assert(FastCheck.property(anyTimes, FastCheck.func(FastCheck.boolean()), (times, leaves) => {
      const table = TimerTable.make<number>()
      const entered = times.map((at, timer) => table.add(timer, at, slack))
      entered.forEach((leave, timer) => leaves(timer) && leave())
      const left = rows(table)
      assert.deepStrictEqual(
        left.flatMap(([, timers]) => timers).sort((a, b) => a - b),
        Array.from(times.keys()).filter((timer) => !leaves(timer))
      )
      assert.deepStrictEqual(left.map(([at]) => at), left.map(([at]) => at).sort((a, b) => a - b))
      assert.isTrue(left.every(([, timers]) => timers.length > 0))
    })))

  it("keeps timers together that have the same interval", () =>
    FastCheck.assert(FastCheck.property(anyTimes, (times) => {
      const table = TimerTable.make<number>()
      const interval = 400
      times.forEach((at, timer) => table.add(timer, at, slack))
      const first = roundOf(table, interval)
      const second = roundOf(table, interval)
      assert.isAtMost(second.length, first.length)
      assert.deepStrictEqual(roundOf(table, interval).map(({ length }) => length), second.map(({ length }) => length))
    })))
})

/** Takes all timers and adds each again one interval later. */
const roundOf = (table: TimerTable.TimerTable<number>, interval: number) => {
  const taken = rows(table)
  taken.forEach(([at, timers]) => timers.forEach((timer) => table.add(timer, at + interval, slack)))
  return taken.map(([, timers]) => timers)
}
