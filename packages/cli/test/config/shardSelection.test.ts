import { assert, describe, it } from "@effect/vitest"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as Either from "effect/Either"
import * as ShardSelection from "../../src/config/shardSelection.js"

const read: ReadonlyArray<readonly [text: string, shards: Exclude<Fleet.Shards, "recommended">]> = [
  ["auto", { total: 3 }],
  ["2", { total: 2 }],
  ["1-2/4", { range: [1, 2], total: 4 }],
  [" 3 / 4 ", { range: [3, 3], total: 4 }]
]

const refused: ReadonlyArray<readonly [text: string, problem: RegExp]> = [
  ["0", /0 is too few/],
  ["2-1/4", /"2-1\/4" is not a range: of 4 shards the first is 0 and the last is 3/],
  ["0-4/4", /is not a range/],
  ["1-3", /"1-3" does not name shards/],
  ["many", /"many" does not name shards: give auto/],
  ["9999999", /too many/],
  ["0-99999/100000", /100000 shards are too many for one process: give at most 4096/],
  ["5000", /too many for one process/]
]

describe("shards as they are written", () => {
  for (const [text, shards] of read) {
    it(`reads ${text}`, () =>
      assert.deepStrictEqual(
        ShardSelection.toFleet(Either.getOrThrow(ShardSelection.parse(text)), 3),
        Either.right(shards)
      ))
  }

  it("refuses a recommendation that one process cannot hold", () =>
    assert.match(
      Either.getOrThrow(Either.flip(ShardSelection.toFleet(ShardSelection.Auto(), 99_999_999))),
      /recommends 99999999 shards, which are too many for one process: give at most 4096, such as --shards 0-15\/64/
    ))

  for (const [text, problem] of refused) {
    it(`refuses ${text}`, () => assert.match(Either.getOrThrow(Either.flip(ShardSelection.parse(text))), problem))
  }
})
