import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Hash from "effect/Hash"
import * as Slots from "../../src/internal/slots.js"

const slotsOf = (slots: number) => (name: string) => String(Math.abs(Hash.string(name)) % slots)

const countsOf = (names: ReadonlyArray<string>, slots: number) => {
  const counts = new Map<string, number>()
  names.map(slotsOf(slots)).forEach((slot) => counts.set(slot, (counts.get(slot) ?? 0) + 1))
  return Array.from(counts.values())
}

describe("names", () => {
  it("gives each shard a slot of its own while there are enough", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 1, max: 64 }),
        FastCheck.integer({ min: 0, max: 64 }),
        (total, more) => {
          const names = Slots.names("fleet", total, slotsOf(total + more))
          assert.strictEqual(new Set(names).size, total)
          assert.isTrue(countsOf(names, total + more).every((count) => count === 1))
        }
      ),
      { seed: 31, numRuns: 100 }
    )
  })

  it("fills the slots evenly when there are more shards", () => {
    const counts = countsOf(Slots.names("fleet", 40, slotsOf(16)), 16)
    assert.strictEqual(counts.length, 16)
    assert.isTrue(counts.every((count) => count === 2 || count === 3))
  })

  it("gives the same names again, and others to another fleet", () => {
    assert.deepStrictEqual(Slots.names("a", 8, slotsOf(8)), Slots.names("a", 8, slotsOf(8)))
    assert.notDeepEqual(Slots.names("a", 8, slotsOf(8)), Slots.names("b", 8, slotsOf(8)))
  })
})
