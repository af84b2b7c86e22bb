import { assert, describe, it } from "@effect/vitest"
import { Lanes } from "../../../src/internal/events/lanes.js"

const task = (lane: string, n: number) => ({ lane, n })

describe("lanes", () => {
  it("begin one task of a lane, and tasks of other lanes beside it", () => {
    const lanes = new Lanes<{ readonly lane: string; readonly n: number }>()
    assert.deepStrictEqual(
      [task("a", 1), task("a", 2), task("b", 3), task("b", 4)].map((one) => lanes.enter(one)),
      [true, false, true, false]
    )
    assert.isUndefined(lanes.next())
  })

  it("begin the next task of a lane in order, each once the one before has left", () => {
    const lanes = new Lanes<{ readonly lane: string; readonly n: number }>()
    const [first, second, third] = [task("a", 1), task("a", 2), task("a", 3)]
    for (const one of [first, second, third]) {
      lanes.enter(one)
    }
    lanes.leave(first)
    assert.strictEqual(lanes.next(), second)
    assert.isUndefined(lanes.next())
    lanes.leave(second)
    assert.strictEqual(lanes.next(), third)
    lanes.leave(third)
    assert.isTrue(lanes.enter(task("a", 4)), "the lane is free again")
  })

  it("keep a lane busy while its next task is ready and not begun", () => {
    const lanes = new Lanes<{ readonly lane: string; readonly n: number }>()
    const [first, second] = [task("a", 1), task("a", 2)]
    lanes.enter(first)
    lanes.enter(second)
    lanes.leave(first)
    assert.isFalse(lanes.enter(task("a", 3)))
    assert.strictEqual(lanes.next(), second)
  })

  it("give out all tasks that have not begun, and are free then", () => {
    const lanes = new Lanes<{ readonly lane: string; readonly n: number }>()
    const [first, second, third, other] = [task("a", 1), task("a", 2), task("a", 3), task("b", 4)]
    for (const one of [first, second, third, other, task("b", 5)]) {
      lanes.enter(one)
    }
    lanes.leave(first)
    assert.deepStrictEqual(lanes.drain().map(({ n }) => n), [2, 3, 5])
    assert.isUndefined(lanes.next())
    assert.isTrue(lanes.enter(task("a", 6)))
  })
})
