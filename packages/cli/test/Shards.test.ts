import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Shards from "../src/Shards.js"

const read: ReadonlyArray<readonly [text: string, ids: ReadonlyArray<string>]> = [
  ["auto", ["[0/3]", "[1/3]", "[2/3]"]],
  ["2", ["[0/2]", "[1/2]"]],
  ["1-2/4", ["[1/4]", "[2/4]"]],
  [" 3 / 4 ", ["[3/4]"]]
]

const refused: ReadonlyArray<readonly [text: string, problem: RegExp]> = [
  ["0", /0 is too few/],
  ["2-1/4", /"2-1\/4" is no range: of 4 shards the first is 0 and the last is 3/],
  ["0-4/4", /is no range/],
  ["1-3", /"1-3" names no shards/],
  ["many", /"many" names no shards: give auto/],
  ["9999999", /too many/]
]

describe("shards as they are written", () => {
  for (const [text, ids] of read) {
    it(`reads ${text}`, () =>
      assert.deepStrictEqual(Shards.ids(Either.getOrThrow(Shards.parse(text)), 3).map(String), ids))
  }

  for (const [text, problem] of refused) {
    it(`refuses ${text}`, () => assert.match(Either.getOrThrow(Either.flip(Shards.parse(text))), problem))
  }
})
