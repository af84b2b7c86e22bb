import { assert, describe, it } from "@effect/vitest"
import { cells, illegality } from "./cells.js"

describe("the cells of the table that cannot be", () => {
  const reasons = new Map<string, number>()
  for (const cell of cells) {
    const reason = illegality(cell)
    if (reason !== undefined) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
  }

  it("are these, each for one reason", () => {
    assert.deepStrictEqual(Object.fromEntries(reasons), {
      "a fleet that was closed has ended: it has no `connect`": 136,
      "a subscription is one of a shard, and a resharding replaces the shards: a fleet has no `subscribe`": 180,
      "nothing of a session is left after the process without a store": 184
    })
  })
})
