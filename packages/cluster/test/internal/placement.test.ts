import * as ShardId from "@vesper/model/ShardId"
import * as ClusterShardId from "@effect/cluster/ShardId"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as HashRing from "effect/HashRing"
import * as Option from "effect/Option"
import * as PrimaryKey from "effect/PrimaryKey"
import * as Placement from "../../src/internal/ownership/placement.js"

const calm = (total: number, slots = total): Placement.Plan => ({ total, next: Option.none(), slots, epoch: 0 })
const changing = (total: number, next: number, slots = total): Placement.Plan => ({
  total,
  next: Option.some(next),
  slots,
  epoch: 1
})

const few = FastCheck.integer({ min: 1, max: 12 })
const number = FastCheck.integer({ min: 1, max: 200 })

const allUnits = (plan: Placement.Plan): ReadonlyArray<ReadonlyArray<Placement.Unit>> =>
  Array.from({ length: Placement.countSlots(plan) }, (_, slot) => Placement.listUnits(plan, slot))

/** The hash by which @effect/cluster finds the shard of an entity, with the group left out. */
const hash = (name: string, slots: number): number => {
  let h = 5381
  for (let i = name.length; i > 0; i--) {
    h = (h * 33) ^ name.charCodeAt(i - 1)
  }
  return Math.abs(((h & 0xbfffffff) | ((h >>> 1) & 0x40000000)) % slots)
}

describe("the slots of a fleet", () => {
  it("have each shard once, and as many shards as another slot or one less", () => {
    FastCheck.assert(
      FastCheck.property(number, number, (total, slots) => {
        const units = allUnits(calm(total, slots))
        assert.deepStrictEqual(
          units.flat().map((unit) => Placement.isPart(unit) ? -1 : unit.id).sort((a, b) => a - b),
          Array.from({ length: total }, (_, id) => id)
        )
        const sizes = units.map((slot) => slot.length)
        if (slots <= total) {
          assert.isAtMost(Math.max(...sizes) - Math.min(...sizes), total % units.length === 0 ? 0 : 1)
        }
      }),
      { seed: 19 }
    )
  })

  it("have each guild in one part under both totals while they are resharded", () => {
    FastCheck.assert(
      FastCheck.property(
        number,
        number,
        number,
        FastCheck.bigInt({ min: 0n, max: 2n ** 63n }),
        (from, to, slots, guild) => {
          const plan = changing(from, to, slots)
          const slot = Placement.findSlot(plan, ShardId.shardOf(String(guild), from))
          const part = Placement.listUnits(plan, slot).find((unit) =>
            Placement.listShards(unit, new Set()).some(({ id, total }) =>
              total === from && id === ShardId.shardOf(String(guild), from)
            )
          )
          assert.isDefined(part)
          assert.isTrue(
            part !== undefined &&
              Placement.listShards(part, new Set()).some(({ id, total }) =>
                total === to && id === ShardId.shardOf(String(guild), to)
              )
          )
        }
      ),
      { seed: 19 }
    )
  })

  it("stay the same through a resharding of totals that they divide, so that no shard moves", () => {
    FastCheck.assert(
      FastCheck.property(few, few, few, (slots, from, to) => {
        const plans = [
          calm(from * slots, slots),
          changing(from * slots, to * slots, slots),
          calm(to * slots, slots)
        ]
        for (const plan of plans) {
          assert.strictEqual(Placement.countSlots(plan), slots)
          allUnits(plan).forEach((units, slot) =>
            units.forEach((unit) =>
              Placement.listShards(unit, new Set()).forEach(({ id }) => assert.strictEqual(id % slots, slot))
            )
          )
        }
      }),
      { seed: 19 }
    )
  })

  it("need no lease on the old shards of a part that is done", () => {
    const [part] = Placement.listUnits(changing(12, 16), 0)
    assert.isDefined(part)
    assert.deepStrictEqual(
      part === undefined ? [] : Placement.listShards(part, new Set([0])).map(({ id, total }) => [id, total]),
      [[0, 16], [4, 16], [8, 16], [12, 16]]
    )
  })

  it("have a name each that @effect/cluster's hash leads to, whatever their number", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.integer({ min: 1, max: 20_000 }), (slots) => {
        const names = Placement.makeNames(slots, (name) => hash(name, slots))
        names.forEach((name, slot) => assert.strictEqual(hash(name, slots), slot))
        assert.strictEqual(names.length, slots)
      }),
      { seed: 19, numRuns: 20 }
    )
  })

  it("are placed in under 100 ms for 4,000 shards on 20 runners", () => {
    const plan = calm(4_000)
    const since = process.cpuUsage()
    const units = Array.from({ length: 200 }, (_, slot) => Placement.listUnits(plan, slot))
    const names = Placement.makeNames(4_000, (name) => hash(name, 4_000))
    const ring = HashRing.make<{ readonly [PrimaryKey.symbol]: () => string }>()
    for (let runner = 0; runner < 20; runner++) {
      HashRing.add(ring, { [PrimaryKey.symbol]: () => `10.0.0.${runner}:34431` })
    }
    const placed = HashRing.getShards(ring, 4_000)
    const ids = names.map((_, slot) => ClusterShardId.make("f", slot + 1))
    // Of the processor and not of the clock: other work on the machine does not count.
    const { system, user } = process.cpuUsage(since)
    assert.strictEqual(units.length + names.length + ids.length + (placed?.length ?? 0), 12_200)
    assert.isBelow((user + system) / 1_000, 100)
  })
})
