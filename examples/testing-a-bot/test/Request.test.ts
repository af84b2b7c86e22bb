import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import * as Request from "../src/Request.js"

const focus = (minutes: number) => Option.some(Request.Focus({ duration: Duration.minutes(minutes) }))

const cases: ReadonlyArray<readonly [content: string, expected: Option.Option<Request.Request>]> = [
  ["!focus 25", focus(25)],
  ["  !focus   1 ", focus(1)],
  ["!focus 480", focus(480)],
  ["!stop", Option.some(Request.Stop())],
  ["!focus", Option.none()],
  ["!focus 0", Option.none()],
  ["!focus 481", Option.none()],
  ["!focus -5", Option.none()],
  ["!focus soon", Option.none()],
  ["!focus 25 minutes", Option.none()],
  ["!stop it", Option.none()],
  ["focus 25", Option.none()],
  ["", Option.none()]
]

describe("a request", () => {
  for (const [content, expected] of cases) {
    it(`"${content}" is ${Option.match(expected, { onNone: () => "none", onSome: ({ _tag }) => _tag })}`, () => {
      assert.deepStrictEqual(Request.parse(content), expected)
    })
  }
})
