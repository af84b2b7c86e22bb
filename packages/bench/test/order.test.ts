import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Order from "../src/clients/order.js"

const isInOrder = (options: Order.Delivery, sequences: ReadonlyArray<number>): boolean =>
  sequences.map(Order.make(options)).every((follows) => follows)

describe("the order of a benchmark's events", () => {
  const one = { shards: 1, isFiltered: false }
  const two = { shards: 2, isFiltered: false }
  const cases: ReadonlyArray<readonly [name: string, Order.Delivery, sequences: ReadonlyArray<number>, boolean]> = [
    ["is kept by consecutive numbers", one, [2, 3, 4], true],
    ["is broken by a lost event", one, [2, 4], false],
    ["is broken by a doubled event", one, [2, 2, 3], false],
    ["is broken by swapped events", one, [3, 2], false],
    ["is kept where unwanted events are left out", { shards: 1, isFiltered: true }, [3, 9, 10], true],
    ["is broken by a wanted event that is late", { shards: 1, isFiltered: true }, [9, 3], false],
    ["is kept by shards one after the other", two, [2, 3, 4, 2, 3, 4], true],
    ["is kept by shards in turns", two, [2, 2, 3, 3], true],
    ["is broken by an event more than there are shards", two, [2, 2, 2], false],
    ["is broken by an event that none of the shards can have reached", two, [2, 2, 4], false]
  ]
  for (const [name, options, sequences, expected] of cases) {
    it(name, () => assert.strictEqual(isInOrder(options, sequences), expected))
  }

  it("is kept by every interleaving of shards", () => {
    const turns = FastCheck.array(FastCheck.nat({ max: 3 }), { maxLength: 200 })
    FastCheck.assert(
      FastCheck.property(turns, (shards) => {
        const next = [2, 2, 2, 2]
        const sequences = shards.map((shard) => {
          const s = next[shard] ?? 0
          next[shard] = s + 1
          return s
        })
        return isInOrder({ shards: 4, isFiltered: false }, sequences)
      }),
      { seed: 17 }
    )
  })
})
