import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { Item } from "../../../src/internal/events/log/entry.js"
import { ItemQueue } from "../../../src/internal/events/log/itemQueue.js"

const item = (position: number): Item => ({ _tag: "Control", text: String(position), position })

const positions = (items: ReadonlyArray<Item>) => items.map(({ position }) => position)

type Step = "push" | "shift" | "insert"

const steps = FastCheck.array(
  FastCheck.oneof(
    { weight: 8, arbitrary: FastCheck.constant<Step>("push") },
    { weight: 7, arbitrary: FastCheck.constant<Step>("shift") },
    { weight: 1, arbitrary: FastCheck.constant<Step>("insert") }
  ),
  { maxLength: 800, minLength: 1, size: "max" }
)

describe("a queue of items", () => {
  it("is an array in the order of positions after any operations", () => {
    FastCheck.assert(
      FastCheck.property(steps, (steps) => {
        const queue = new ItemQueue()
        const model: Array<Item> = []
        const taken: Array<Item> = []
        let last = 0
        for (const step of steps) {
          if (step === "push") {
            const next = item(++last)
            queue.push(next)
            model.push(next)
          } else if (step === "shift") {
            const next = queue.shift()
            assert.strictEqual(next, model.shift())
            if (next !== undefined) {
              taken.push(next)
            }
          } else {
            const returned = taken.splice(0, 3)
            queue.insert(returned)
            model.unshift(...returned)
            model.sort((a, b) => a.position - b.position)
          }
          assert.strictEqual(queue.size, model.length)
          assert.strictEqual(queue.peek(), model[0])
        }
        assert.deepStrictEqual(positions(queue.toArray()), positions(model))
      }),
      { seed: 1, numRuns: 100 }
    )
  })

  it("counts the items behind a position", () => {
    const queue = new ItemQueue()
    for (const position of [2, 4, 6]) {
      queue.push(item(position))
    }
    assert.deepStrictEqual([0, 2, 3, 4, 6, Infinity].map((position) => queue.countAfter(position)), [3, 2, 2, 1, 0, 0])
    queue.shift()
    assert.strictEqual(queue.countAfter(0), 2)
  })

  it("returns all items when it is cleared, and can be used again", () => {
    const queue = new ItemQueue()
    queue.push(item(1))
    queue.push(item(2))
    queue.shift()
    assert.deepStrictEqual(positions(queue.clear()), [2])
    assert.strictEqual(queue.size, 0)
    queue.push(item(3))
    assert.deepStrictEqual(positions(queue.toArray()), [3])
  })
})
