import { assert, describe, it } from "@effect/vitest"
import { GuildOrder, type Ordered } from "../../../src/internal/events/guildOrder.js"

interface Task extends Ordered {
  readonly n: number
}

const task = (orderKey: string, n: number): Task => ({ orderKey, n })

describe("the order of events per guild", () => {
  it("begins one task of a guild, and tasks of other guilds at the same time", () => {
    const order = new GuildOrder<Task>()
    assert.deepStrictEqual(
      [task("a", 1), task("a", 2), task("b", 3), task("b", 4)].map((each) => order.tryBegin(each)),
      [true, false, true, false]
    )
    assert.isUndefined(order.next())
  })

  it("begins the next task of a guild in order, each once the previous one is complete", () => {
    const order = new GuildOrder<Task>()
    const [first, second, third] = [task("a", 1), task("a", 2), task("a", 3)]
    for (const each of [first, second, third]) {
      order.tryBegin(each)
    }
    order.complete(first)
    assert.strictEqual(order.next(), second)
    assert.isUndefined(order.next())
    order.complete(second)
    assert.strictEqual(order.next(), third)
    order.complete(third)
    assert.isTrue(order.tryBegin(task("a", 4)), "the guild is free again")
  })

  it("keeps a guild busy while its next task is ready and not begun", () => {
    const order = new GuildOrder<Task>()
    const [first, second] = [task("a", 1), task("a", 2)]
    order.tryBegin(first)
    order.tryBegin(second)
    order.complete(first)
    assert.isFalse(order.tryBegin(task("a", 3)))
    assert.strictEqual(order.next(), second)
  })

  it("returns all tasks that have not begun, and is empty then", () => {
    const order = new GuildOrder<Task>()
    const [first, second, third, other] = [task("a", 1), task("a", 2), task("a", 3), task("b", 4)]
    for (const each of [first, second, third, other, task("b", 5)]) {
      order.tryBegin(each)
    }
    order.complete(first)
    assert.deepStrictEqual(order.drain().map(({ n }) => n), [2, 3, 5])
    assert.isUndefined(order.next())
    assert.isTrue(order.tryBegin(task("a", 6)))
  })
})
