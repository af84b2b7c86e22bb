import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import type * as FleetView from "../../src/internal/fleetView.js"
import * as Layout from "../../src/internal/layout.js"

const slotOf = (name: string) =>
  String(Array.from(name).reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) % 64, 7))

const calm: FleetView.Plan = { total: 12, next: Option.none(), epoch: 0 }
const changing = (total: number, next: number): FleetView.Plan => ({ total, next: Option.some(next), epoch: 1 })

describe("the seats of a fleet", () => {
  it("are one for each shard", () => {
    const layout = Layout.make("f", slotOf)
    const seats = layout.seats(calm)
    assert.deepStrictEqual(seats.map(({ occupant }) => occupant), Array.from(ShardId.all(12)))
    assert.strictEqual(layout.seatOf(calm, 7), seats[7]?.name)
    assert.strictEqual(new Set(seats.map(({ name }) => name)).size, 12)
  })

  it("are one for each part while it is resharded, which has the guilds of its old shards", () => {
    const layout = Layout.make("f", slotOf)
    const plan = changing(12, 16)
    const seats = layout.seats(plan)
    assert.deepStrictEqual(
      seats.map(({ occupant }) => occupant),
      [0, 1, 2, 3].map((part) => ({ plan, from: 12, to: 16, parts: 4, part }))
    )
    for (const shard of [3, 7, 11]) {
      assert.strictEqual(layout.seatOf(plan, shard), seats[3]?.name)
    }
  })

  it("have each guild in one part, under both totals", () => {
    const total = FastCheck.integer({ min: 1, max: 200 })
    FastCheck.assert(
      FastCheck.property(total, total, FastCheck.bigInt({ min: 0n, max: 2n ** 63n }), (from, to, guild) => {
        const layout = Layout.make("f", slotOf)
        const before = changing(from, to)
        const after = changing(to, from)
        const partOf = (plan: FleetView.Plan, count: number) =>
          layout.seatOf(plan, ShardId.shardOf(String(guild), count))
        assert.strictEqual(partOf(before, from), partOf(after, to))
      })
    )
  })
})
