import { assert, describe, it } from "@effect/vitest"
import * as Coverage from "./coverage.js"
import type { Documentation } from "./documentation.js"
import documented from "./documented.json" with { type: "json" }

const documentation: Documentation = documented

describe("the model", () => {
  it("lacks nothing that the documentation has", () => {
    assert.deepStrictEqual(Coverage.findLacks(documentation), [])
  })

  it("is held to every receive event, with no exception", () => {
    assert.strictEqual(Object.keys(documentation.events).length, 82)
    assert.isAbove(Object.keys(documentation.structures).length, 100)
  })
})

describe("the comparison", () => {
  const lacksWith = (change: Partial<Documentation>) =>
    Coverage.findLacks({ ...documentation, ...change }).map((lack) => `${lack.name} ${lack.problem}`)

  it("notices a new event", () => {
    const events = { ...documentation.events, BRAND_NEW: { fields: { id: "snowflake" } } }
    assert.deepStrictEqual(lacksWith({ events }), ["BRAND_NEW has no schema"])
  })

  it("notices a new field, a new null, another type, and what may now be absent", () => {
    const events = {
      ...documentation.events,
      TYPING_START: {
        fields: {
          channel_id: "?snowflake",
          "guild_id?": "snowflake",
          "user_id?": "snowflake",
          timestamp: "string",
          "member?": "member object",
          brand_new: "string"
        }
      }
    }
    assert.deepStrictEqual(lacksWith({ events }), [
      "TYPING_START.channel_id may be null",
      "TYPING_START.user_id is required here, and may be absent",
      "TYPING_START.timestamp is number here, and documented as string",
      "TYPING_START.brand_new is missing"
    ])
  })

  it("notices a change deep inside", () => {
    const structures = {
      ...documentation.structures,
      Embed: { ...documentation.structures["Embed"], brand_new: "string" }
    }
    assert.deepStrictEqual(lacksWith({ structures }), ["Embed.brand_new is missing"])
  })

  it("notices new intents, opcodes, close codes and flags", () => {
    assert.deepStrictEqual(
      lacksWith({
        intents: { ...documentation.intents, GUILD_BRAND_NEW: { bit: 30, events: ["TYPING_START"] } },
        opcodes: { ...documentation.opcodes, 99: "Brand New" },
        closeCodes: { ...documentation.closeCodes, 4999: "Brand new" },
        flags: { ...documentation.flags, "Role Flags": { BRAND_NEW: 3 }, "Brand New Flags": { A: 0 } }
      }),
      [
        "GUILD_BRAND_NEW is bit 30",
        "TYPING_START is let through by DirectMessageTyping, GuildBrandNew, GuildMessageTyping",
        "99 Brand New",
        "4999 Brand new",
        "Role Flags: BRAND_NEW is bit 3",
        "Brand New Flags: A is bit 0"
      ]
    )
  })
})
