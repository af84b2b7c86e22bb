import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Timetable from "../../src/internal/timetable.js"

const slack = 10

const anyTimes = FastCheck.array(FastCheck.integer({ min: 0, max: 200 }), { maxLength: 40 })

const rows = (table: Timetable.Timetable<number>) => {
  const all: Array<readonly [at: number, members: ReadonlyArray<number>]> = []
  for (let at = table.nextAt(); at < Infinity; at = table.nextAt()) {
    all.push([at, table.take(at)])
  }
  return all
}

describe("a timetable", () => {
  it("has who may come earlier come with the one before", () => {
    const table = Timetable.make<number>()
    table.enter(1, 100, slack)
    table.enter(2, 110, slack)
    table.enter(3, 111, slack)
    table.enter(4, 121, slack)
    table.enter(5, 99, slack)
    table.enter(6, 112, 0)
    assert.deepStrictEqual(rows(table), [[99, [5]], [100, [1, 2]], [111, [3, 4]], [112, [6]]])
  })

  it("takes what is due, and leaves the rest", () => {
    const table = Timetable.make<number>()
    table.enter(1, 30, 0)
    table.enter(2, 10, 0)
    table.enter(3, 20, 0)
    assert.deepStrictEqual(table.take(9), [])
    assert.deepStrictEqual(table.take(20), [2, 3])
    assert.strictEqual(table.nextAt(), 30)
  })

  it("wakes for nobody who has left", () => {
    const table = Timetable.make<number>()
    const leaveFirst = table.enter(1, 10, 0)
    const leaveSecond = table.enter(2, 15, slack)
    leaveFirst()
    assert.strictEqual(table.nextAt(), 10)
    leaveSecond()
    assert.strictEqual(table.nextAt(), Infinity)
  })

  it("is not disturbed by one who leaves after having been taken", () => {
    const table = Timetable.make<number>()
    const leave = table.enter(1, 10, 0)
    table.take(10)
    table.enter(2, 10, 0)
    leave()
    assert.deepStrictEqual(rows(table), [[10, [2]]])
  })

  it("has everybody once, never late and at most the slack early", () =>
    FastCheck.assert(FastCheck.property(anyTimes, (times) => {
      const table = Timetable.make<number>()
      times.forEach((at, member) => table.enter(member, at, slack))
      const seen = rows(table).flatMap(([at, members]) => members.map((member) => [member, at] as const))
      assert.strictEqual(new Set(seen.map(([member]) => member)).size, times.length)
      assert.strictEqual(seen.length, times.length)
      for (const [member, at] of seen) {
        assert.isAtMost(at, times[member] ?? NaN)
        assert.isAtLeast(at, (times[member] ?? NaN) - slack)
      }
    })))

  it("has all who do not leave, in the order of their times", () =>
    FastCheck.assert(FastCheck.property(anyTimes, FastCheck.func(FastCheck.boolean()), (times, leaves) => {
      const table = Timetable.make<number>()
      const entered = times.map((at, member) => table.enter(member, at, slack))
      entered.forEach((leave, member) => leaves(member) && leave())
      const left = rows(table)
      assert.deepStrictEqual(
        left.flatMap(([, members]) => members).sort((a, b) => a - b),
        Array.from(times.keys()).filter((member) => !leaves(member))
      )
      assert.deepStrictEqual(left.map(([at]) => at), left.map(([at]) => at).sort((a, b) => a - b))
      assert.isTrue(left.every(([, members]) => members.length > 0))
    })))

  it("brings together who goes on at the same interval, and keeps them so", () =>
    FastCheck.assert(FastCheck.property(anyTimes, (times) => {
      const table = Timetable.make<number>()
      const interval = 400
      times.forEach((at, member) => table.enter(member, at, slack))
      const first = roundOf(table, interval)
      const second = roundOf(table, interval)
      assert.isAtMost(second.length, first.length)
      assert.deepStrictEqual(roundOf(table, interval).map(({ length }) => length), second.map(({ length }) => length))
    })))
})

/** Takes everybody who is there, and enters each for an interval later. */
const roundOf = (table: Timetable.Timetable<number>, interval: number) => {
  const taken = rows(table)
  taken.forEach(([at, members]) => members.forEach((member) => table.enter(member, at + interval, slack)))
  return taken.map(([, members]) => members)
}
