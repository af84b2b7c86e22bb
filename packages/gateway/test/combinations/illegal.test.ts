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
      "a clock that is set changes nothing that is not stored: one life with a store shows that": 76,
      "nothing of a session is left after the process without a store": 152,
      "a fleet that was closed has ended: it has no `connect`": 152,
      "a store changes nothing for a resharding but its restarts: one life without a store shows that": 234,
      "a cluster has its sessions in a database": 648,
      "a runner that has left its cluster has ended: it has no `connect`": 136,
      "the handlers of a cluster end with its runner": 64,
      "a cluster runs one function: it has no second run of handlers": 88,
      "a subscription is one of a shard, and a resharding replaces the shards: a fleet has no `subscribe`": 240,
      "the handlers of a cluster run from its start on, and not after `nextEvent`": 88,
      "the streams of a cluster are those of its shards, and a resharding replaces the shards": 234
    })
  })
})
