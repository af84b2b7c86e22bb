import { assert, describe, it } from "@effect/vitest"
import * as ModelSchema from "../src/ModelSchema.js"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as ShardId from "../src/ShardId.js"
import * as Snowflake from "../src/Snowflake.js"

const refused: ReadonlyArray<readonly [id: number, total: number]> = [
  [1, 1],
  [-1, 1],
  [0, 0],
  [0, -1],
  [0.5, 1],
  [0, Number.NaN],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
]

describe("a shard id", () => {
  for (const [id, total] of refused) {
    it(`is not ${id} of ${total}`, () => {
      const made = ShardId.make(id, total)
      assert.include(String(Either.getLeft(made)), "InvalidShardId")
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(ModelSchema.ShardIdFromPair)([id, total])))
      assert.throws(() => ShardId.unsafeMake(id, total), /does not exist/)
    })
  }

  it("goes over the wire as a pair", () => {
    const shard = Schema.decodeUnknownSync(ModelSchema.ShardIdFromPair)([2, 5])
    assert.deepStrictEqual([shard.id, shard.total, String(shard)], [2, 5, "[2/5]"])
    assert.deepStrictEqual(Schema.encodeSync(ModelSchema.ShardIdFromPair)(shard), [2, 5])
  })

  it("is one of all of its total", () => {
    assert.deepStrictEqual(ShardId.all(3).map(String), ["[0/3]", "[1/3]", "[2/3]"])
  })

  it("has the bucket of its id", () => {
    assert.deepStrictEqual(ShardId.all(5).map((shard) => ShardId.bucket(shard, 2)), [0, 1, 0, 1, 0])
  })
})

describe("the parts of two totals", () => {
  it("are as many as it takes for a part's guilds to keep to themselves under both", () => {
    const total = FastCheck.integer({ min: 1, max: 48 })
    FastCheck.assert(FastCheck.property(total, total, (before, after) => {
      const parts = ShardId.parts(before, after)
      // Each number that a guild can have, modulo both totals, and the parts of its two shards.
      const met = new Set(Array.from({ length: before * after }, (_, guild) => `${guild % before}/${guild % after}`))
      for (const { id: old } of ShardId.all(before)) {
        for (const { id } of ShardId.all(after)) {
          assert.strictEqual(met.has(`${old}/${id}`), old % parts === id % parts)
        }
      }
    }))
  })
})

describe("the shard of a guild", () => {
  it("is the one of Discord's formula", () => {
    assert.strictEqual(ShardId.shardOf("197038439483310086", 1), 0)
    assert.strictEqual(ShardId.shardOf("197038439483310086", 10), Number((197038439483310086n >> 22n) % 10n))
  })

  it("is within the total, and depends on the time alone", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.bigInt(0n, 2n ** 64n - 1n),
        FastCheck.integer({ min: 1, max: 5_000 }),
        (id, total) => {
          const shard = ShardId.shardOf(String(id), total)
          assert.isTrue(Number.isInteger(shard) && shard >= 0 && shard < total)
          assert.strictEqual(ShardId.shardOf(String(id ^ 0x3fffffn), total), shard)
        }
      )
    )
  })
})

describe("a snowflake", () => {
  it("tells its time", () => {
    // The example of Discord's documentation.
    assert.strictEqual(Snowflake.timestamp(Snowflake.make("175928847299117063")), 1_462_015_105_796)
  })

  it("made from a time has that time, and is ordered by it", () => {
    const time = FastCheck.integer({ min: Snowflake.epoch, max: Snowflake.epoch + 2 ** 41 })
    FastCheck.assert(FastCheck.property(time, time, (a, b) => {
      const [first, second] = [Snowflake.fromTimestamp(a), Snowflake.fromTimestamp(b)]
      assert.strictEqual(Snowflake.timestamp(first), a)
      assert.strictEqual(Snowflake.compare(first, second), Math.sign(a - b))
    }))
  })

  for (const text of ["", "-1", "1.5", "abc", "123456789012345678901"]) {
    it(`is not "${text}"`, () => {
      assert.throws(() => Snowflake.make(text), /is not a snowflake/)
    })
  }
})
