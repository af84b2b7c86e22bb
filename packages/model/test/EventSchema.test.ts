import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as EventSchema from "../src/EventSchema.js"

describe("a mismatch", () => {
  const validate = EventSchema.validate("TYPING_START")

  it("names the event, the path, what should be there and what is", () => {
    const result = validate({ channel_id: "1", user_id: 5, timestamp: 1 })
    assert.deepStrictEqual(
      Either.getLeft(result),
      Either.getLeft(Either.left(
        new EventSchema.EventMismatch({
          event: "TYPING_START",
          path: ["user_id"],
          expected: "a snowflake",
          actual: "5"
        })
      ))
    )
  })

  it("is shortened, whatever the size of the value", () => {
    const result = validate({ channel_id: "x".repeat(1_000_000), user_id: "1", timestamp: 1 })
    assert.isTrue(Either.isLeft(result) && result.left.message.length < 150)
  })

  it("says of a missing field that nothing is there", () => {
    const result = validate({ channel_id: "1", timestamp: 1 })
    assert.strictEqual(
      Either.isLeft(result) && result.left.message,
      "TYPING_START.user_id: expected a snowflake, got nothing"
    )
  })
})

describe("a body that fits", () => {
  it("comes back as the very same value, unknown fields included", () => {
    const d = { channel_id: "1", user_id: "5", timestamp: 1, brand_new: { a: 1 } }
    assert.strictEqual(Either.getOrThrow(EventSchema.validate("TYPING_START")(d)) as unknown, d)
  })
})
