import { assert, describe, it } from "@effect/vitest"
import * as GatewaySchema from "../../../src/GatewaySchema.js"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Identity from "../../../src/internal/session/identity.js"
import * as ResumeCheck from "../../../src/internal/session/resumeCheck.js"
import * as Presence from "../../../src/internal/commands/currentPresence.js"
import * as Session from "../../../src/Session.js"
import * as ShardConfig from "../../../src/ShardConfig.js"

const needed = new Session.Identity({
  bot: "11",
  shard: 1,
  total: 4,
  apiVersion: 10,
  intents: Intents.of("Guilds", "GuildMessages"),
  largeThreshold: 50
})

const compare = (stored: Partial<Session.Identity>) =>
  ResumeCheck.compare(new Session.Identity({ ...needed, ...stored }), needed)

describe("a session", () => {
  const refused: ReadonlyArray<readonly [what: string, stored: Partial<Session.Identity>, reason: RegExp]> = [
    ["without an intent", { intents: Intents.of("Guilds") }, /^it lacks the intents GuildMessages$/],
    ["with other intents", { intents: Intents.of("GuildMembers") }, /lacks the intents Guilds, GuildMessages$/],
    ["of another bot", { bot: "12" }, /^it belongs to the bot 12, not 11$/],
    ["of another shard", { shard: 0 }, /^it belongs to shard 0 of 4, not 1 of 4$/],
    ["of another total", { total: 8 }, /^it belongs to shard 1 of 8, not 1 of 4$/],
    ["of another version", { apiVersion: 9 }, /^it was made with version 9 of the gateway, not 10$/]
  ]
  for (const [what, stored, reason] of refused) {
    it(`${what} is refused`, () => {
      const verdict = compare(stored)
      assert.strictEqual(verdict._tag, "Refuse")
      assert.match(verdict._tag === "Refuse" ? verdict.reasons.join() : "", reason)
    })
  }

  const resumed: ReadonlyArray<readonly [what: string, stored: Partial<Session.Identity>, difference: RegExp]> = [
    ["that is the same", {}, /^$/],
    ["with more intents", { intents: Intents.nonPrivileged }, /^it also has the intents GuildModeration, /],
    ["with another large threshold", { largeThreshold: 250 }, /^its large threshold is 250, not 50$/],
    ["with another presence", { presence: "{}" }, /^$/],
    ["of a bot whose id is not known", { bot: undefined }, /^$/]
  ]
  for (const [what, stored, difference] of resumed) {
    it(`${what} is resumed`, () => {
      const verdict = compare(stored)
      assert.strictEqual(verdict._tag, "Resume")
      assert.match(verdict._tag === "Resume" ? verdict.differences.join() : "", difference)
    })
  }

  it("is refused for each bit that it lacks, and for none that it has", () => {
    const bits = FastCheck.maxSafeNat().map((bits) => Either.getOrThrow(Intents.fromBits(bits)))
    FastCheck.assert(
      FastCheck.property(bits, bits, (stored, wanted) => {
        const verdict = ResumeCheck.compare(
          new Session.Identity({ ...needed, intents: stored }),
          new Session.Identity({ ...needed, intents: wanted })
        )
        const isSubset = (BigInt(wanted) & BigInt(stored)) === BigInt(wanted)
        assert.strictEqual(verdict._tag, isSubset ? "Resume" : "Refuse")
      }),
      { seed: 18 }
    )
  })
})

describe("the identity of a session", () => {
  const config = Either.getOrThrow(ShardConfig.make({
    token: Redacted.make("MTE.secret.token"),
    intents: Intents.of("Guilds"),
    largeThreshold: 100
  }))
  const presence = { since: null, activities: [{ name: "chess", type: 0 }], status: "dnd", afk: false } as const

  it("is what the shard identifies with, without the token", () => {
    const identity = Identity.make(config, Either.getOrThrow(ShardId.make(1, 2)))
    assert.deepStrictEqual(Schema.encodeSync(GatewaySchema.Identity)(identity), {
      bot: "11",
      shard: 1,
      total: 2,
      apiVersion: 10,
      intents: 1,
      largeThreshold: 100
    })
  })

  it("has one text for presences that differ in the order of their fields alone", () => {
    const { activities, afk, since, status } = presence
    const reordered = { status, afk, activities: activities.map(({ name, type }) => ({ type, name })), since }
    assert.strictEqual(Presence.text(reordered), Presence.text(presence))
    assert.notStrictEqual(Presence.text({ ...presence, status: "idle" }), Presence.text(presence))
  })

  it("survives the encoding of its session as JSON", () => {
    const session = new Session.Session({
      id: "abc",
      sequence: 7,
      identity: new Session.Identity({
        ...Identity.make(config, ShardId.single),
        presence: Presence.text(presence)
      })
    })
    const text = Schema.encodeSync(Schema.parseJson(GatewaySchema.Session))(session)
    assert.isTrue(Equal.equals(Schema.decodeSync(Schema.parseJson(GatewaySchema.Session))(text), session))
  })

  it("is unknown for a session that an earlier version has stored", () => {
    const session = Schema.decodeSync(Schema.parseJson(GatewaySchema.Session))("{\"id\":\"abc\",\"sequence\":7}")
    assert.isUndefined(session.identity)
  })
})
