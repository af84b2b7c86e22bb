import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Nesting from "../../../src/internal/wire/nesting.js"

/** The depth that a parsed value has. */
const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0

const cases: ReadonlyArray<readonly [text: string, depth: number]> = [
  ["null", 0],
  ["{}", 1],
  ["[[[]]]", 3],
  ["[{\"a\":[]}]", 3],
  ["[[],[],[]]", 2],
  ["{\"[[[[\":\"{{{{\"}", 1],
  ["[\"\\\"[[[\"]", 1],
  ["[\"\\\\\",[]]", 2],
  ["[\"\\\\\\\"[[[\",[]]", 2]
]

describe("the depth of brackets", () => {
  for (const [text, depth] of cases) {
    it(`of ${text} is ${depth}`, () => {
      assert.strictEqual(depthOf(JSON.parse(text)), depth)
      assert.isFalse(Nesting.isDeeperThan(text, depth))
      assert.isTrue(depth === 0 || Nesting.isDeeperThan(text, depth - 1))
    })
  }

  it("is that of the value that is parsed", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.json({ maxDepth: 6 }), (text) => {
        const depth = depthOf(JSON.parse(text))
        return !Nesting.isDeeperThan(text, depth) && (depth === 0 || Nesting.isDeeperThan(text, depth - 1))
      }),
      { seed: 7 }
    )
  })
})
