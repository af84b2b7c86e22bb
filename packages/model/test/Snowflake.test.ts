import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Snowflake from "../src/Snowflake.js"

const dates = FastCheck.date({ min: new Date(Snowflake.epoch), max: new Date(Date.UTC(2080, 0)), noInvalidDate: true })

const ids = FastCheck.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => Snowflake.make(String(bits)))

describe("a snowflake", () => {
  it("has the time that it was made from", () => {
    FastCheck.assert(FastCheck.property(dates, (date) => {
      assert.strictEqual(Snowflake.timestamp(Snowflake.fromDate(date)), date.getTime())
    }))
  })

  it("is compared as a number, also over 2^53", () => {
    FastCheck.assert(FastCheck.property(ids, ids, (a, b) => {
      assert.strictEqual(Snowflake.compare(a, b), BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0)
      assert.strictEqual(Snowflake.Order(a, b), Snowflake.compare(a, b))
    }))
    assert.strictEqual(Snowflake.compare(Snowflake.make("9"), Snowflake.make("10")), -1)
  })

  it("is a string of digits", () => {
    for (const text of ["", "-1", "1.5", "abc", "123456789012345678901"]) {
      assert.throws(() => Snowflake.make(text))
    }
  })
})
