import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as RetryAfter from "../../src/internal/http/retryAfter.js"

const now = Date.parse("Sat, 28 Nov 2026 12:00:00 GMT")

const table: ReadonlyArray<
  readonly [what: string, headers: RetryAfter.Headers, expected: Option.Option<Duration.DurationInput>]
> = [
  ["no header", {}, Option.none()],
  ["seconds", { "retry-after": "120" }, Option.some("2 minutes")],
  ["a fraction of a second", { "retry-after": "0.5" }, Option.some("500 millis")],
  ["no time at all", { "retry-after": "0" }, Option.some(0)],
  ["a date", { "retry-after": "Sat, 28 Nov 2026 12:00:30 GMT" }, Option.some("30 seconds")],
  ["a date in the past", { "retry-after": "Sat, 28 Nov 2026 11:00:00 GMT" }, Option.some(0)],
  [
    "a date of a server whose clock is an hour slow",
    { "retry-after": "Sat, 28 Nov 2026 11:00:30 GMT", date: "Sat, 28 Nov 2026 11:00:00 GMT" },
    Option.some("30 seconds")
  ],
  ["a negative number", { "retry-after": "-1" }, Option.none()],
  ["a text", { "retry-after": "soon" }, Option.none()],
  ["an empty text", { "retry-after": " " }, Option.none()]
]

describe("Retry-After", () => {
  for (const [what, headers, expected] of table) {
    it(`is read from ${what}`, () =>
      assert.deepStrictEqual(RetryAfter.parse(headers, now), Option.map(expected, Duration.decode)))
  }
})
