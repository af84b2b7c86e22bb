import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as EventSchema from "../src/EventSchema.js"
import type * as EventType from "../src/EventType.js"
import * as Mismatch from "../src/internal/mismatch.js"

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

describe("a schema", () => {
  it("keeps on decoding what it does not know, at any depth", () => {
    const d = {
      guild_id: "1",
      emojis: [{ id: "2", name: "blob", brand_new: [1] }],
      brand_new: { a: 1 }
    }
    assert.deepStrictEqual(Schema.decodeUnknownSync(EventSchema.of("GUILD_EMOJIS_UPDATE"))(d) as unknown, d)
  })

  it("is built once", () => {
    assert.strictEqual(EventSchema.of("GUILD_CREATE"), EventSchema.of("GUILD_CREATE"))
    assert.strictEqual(EventSchema.validate("GUILD_CREATE"), EventSchema.validate("GUILD_CREATE"))
  })
})

const mismatch = (type: EventType.EventType, d: unknown) => {
  const result = EventSchema.validate(type)(d)
  return Either.isLeft(result) ? result.left.message : "fits"
}

describe("of a union, the member that was meant is spoken of", () => {
  it("when a value may also be null", () => {
    assert.strictEqual(
      mismatch("USER_UPDATE", { id: "1", username: "a", discriminator: "0", global_name: 5, avatar: null }),
      "USER_UPDATE.global_name: expected a string or null, got 5"
    )
    assert.match(
      mismatch("GUILD_AUDIT_LOG_ENTRY_CREATE", {
        guild_id: "1",
        target_id: null,
        user_id: "x",
        id: "1",
        action_type: 1
      }),
      /\.user_id: expected a snowflake or null, got "x"/
    )
  })

  it("when a guild is not available", () => {
    assert.strictEqual(mismatch("GUILD_CREATE", { id: "1", unavailable: true }), "fits")
    assert.strictEqual(
      mismatch("GUILD_CREATE", { id: 1, unavailable: true }),
      "GUILD_CREATE.id: expected a snowflake, got 1"
    )
  })

  it("when an interaction has a type", () => {
    const ping = {
      id: "1",
      application_id: "2",
      type: 1,
      token: "secret",
      version: 1,
      app_permissions: "0",
      entitlements: [],
      authorizing_integration_owners: {},
      attachment_size_limit: 1
    }
    assert.strictEqual(mismatch("INTERACTION_CREATE", ping), "fits")
    assert.strictEqual(mismatch("INTERACTION_CREATE", { ...ping, type: 99 }), "fits")
    assert.strictEqual(
      mismatch("INTERACTION_CREATE", { ...ping, type: 3, data: { custom_id: 5, component_type: 2 } }),
      "INTERACTION_CREATE.data.custom_id: expected a string, got 5"
    )
  })
})

describe("a value that opens doors", () => {
  it("is described by its type only", () => {
    assert.strictEqual(Mismatch.describe("secret", ["token"]), "a string")
    assert.strictEqual(Mismatch.describe("secret", ["data", "session_id"]), "a string")
    assert.strictEqual(Mismatch.describe({ token: "secret" }, []), "an object with token")
  })
})
