import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { parseDuration } from "../../src/config/duration.js"

const read: ReadonlyArray<readonly [text: string, millis: number]> = [
  ["10s", 10_000],
  ["500ms", 500],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
  [" 10 seconds ", 10_000],
  ["0s", 0]
]

const refused: ReadonlyArray<readonly [text: string, problem: RegExp]> = [
  ["", /is not a duration/],
  ["10", /is not a duration/],
  ["s", /is not a duration/],
  ["-1s", /is not a duration/],
  ["1e3s", /is not a duration/],
  ["10x", /"x" is not a unit/],
  ["ten seconds", /is not a duration/]
]

describe("a duration", () => {
  for (const [text, millis] of read) {
    it(`"${text}" is ${millis} ms`, () => {
      assert.deepStrictEqual(Either.map(parseDuration(text), Duration.toMillis), Either.right(millis))
    })
  }

  for (const [text, problem] of refused) {
    it(`is not "${text}"`, () => {
      const parsed = parseDuration(text)
      assert.match(Either.isLeft(parsed) ? parsed.left : "none", problem)
    })
  }
})
