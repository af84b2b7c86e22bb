import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as Fault from "../src/Fault.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as World from "../src/World.js"
import { connect, identifyBody, settle, violations } from "./client.js"

const world = World.make({ seed: 5, guilds: 1, membersPerGuild: 2_500 })
const guild = Option.getOrThrow(Option.fromNullable(world.guilds[0]))
const [voice, otherVoice] = guild.channels.filter(({ type }) => type === 2).map(({ id }) => id)
const users = guild.members.map(({ user }) => user.id)
const layer = GatewaySimulator.layerInMemory({ world })

/** The fields that the tests read; others are unchecked. */
const Answer = Schema.Struct({
  members: Schema.optional(
    Schema.Array(Schema.Struct({ user: Schema.Struct({ id: Schema.String, username: Schema.String }) }))
  )
}, { key: Schema.String, value: Schema.Unknown })

/** An identified client and its responses. */
const identified = (intents: Intents.Intents = Intents.all) =>
  Effect.gen(function*() {
    const client = yield* connect()
    yield* client.send(2, identifyBody({ intents }))
    let seen = client.frames.length
    const answers = () => {
      const fresh = client.received().slice(seen)
      seen = client.frames.length
      return fresh.map(({ d, t }) => ({ t, d: Schema.decodeUnknownSync(Answer)(d) }))
    }
    return { ...client, ask: (op: number, d: unknown) => Effect.map(client.send(op, d), answers) }
  })

describe("a member request", () => {
  it.scoped("for all is answered in chunks of a thousand, each with the nonce", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified()
      const chunks = yield* ask(8, { guild_id: guild.id, query: "", limit: 0, nonce: "a" })
      assert.deepStrictEqual(
        chunks.map(({ d, t }) => [t, d["chunk_index"], d["chunk_count"], d.members?.length, d["nonce"]]),
        [
          ["GUILD_MEMBERS_CHUNK", 0, 3, 1_000, "a"],
          ["GUILD_MEMBERS_CHUNK", 1, 3, 1_000, "a"],
          // The bot is a member too.
          ["GUILD_MEMBERS_CHUNK", 2, 3, 501, "a"]
        ]
      )
      assert.isFalse(chunks.some(({ d }) => "presences" in d || "not_found" in d))
    }).pipe(Effect.provide(layer)))

  it.scoped("for all is limited to one per guild in 30 s, by an event with the remaining time", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified()
      const all = { guild_id: guild.id, query: "", limit: 0, nonce: "a" }
      yield* ask(8, all)
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(yield* ask(8, all), [
        { t: "RATE_LIMITED", d: { opcode: 8, retry_after: 1, meta: { guild_id: guild.id, nonce: "a" } } }
      ])
      // Other requests are not limited.
      assert.strictEqual((yield* ask(8, { guild_id: guild.id, user_ids: users[0] })).length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* ask(8, all)).length, 3)
    }).pipe(Effect.provide(layer)))

  it.scoped("by id names the ids that it did not find, and gives presences if asked", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified()
      const present = guild["presences"][0]?.user.id
      const [chunk] = yield* ask(8, { guild_id: guild.id, user_ids: [present, "42"], presences: true })
      assert.deepStrictEqual(chunk?.d.members?.map(({ user }) => user.id), [present])
      assert.deepStrictEqual(chunk?.d["not_found"], ["42"])
      assert.deepStrictEqual(chunk?.d["presences"], [guild["presences"][0]])
    }).pipe(Effect.provide(layer)))

  it.scoped("by the beginning of a name gives a hundred at most, and one empty chunk without a match", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified()
      const [some] = yield* ask(8, { guild_id: guild.id, query: "ADA", limit: 2 })
      assert.deepStrictEqual(
        some?.d.members?.map(({ user }) => user.username.slice(0, 3)),
        ["ada", "ada"]
      )
      const [many] = yield* ask(8, { guild_id: guild.id, query: "a", limit: 100 })
      assert.isAtMost(many?.d.members?.length ?? 0, 100)
      const nobody = yield* ask(8, { guild_id: guild.id, query: "zzz", limit: 10 })
      assert.deepStrictEqual(nobody.map(({ d }) => [d["chunk_count"], d.members]), [[1, []]])
    }).pipe(Effect.provide(layer)))

  it.scoped("with a nonce over 32 bytes is answered without it", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified()
      const [at32] = yield* ask(8, { guild_id: guild.id, user_ids: users[0], nonce: "é".repeat(16) })
      const [over] = yield* ask(8, { guild_id: guild.id, user_ids: users[0], nonce: "é".repeat(16) + "x" })
      assert.strictEqual(at32?.d["nonce"], "é".repeat(16))
      assert.isFalse("nonce" in (over?.d ?? { nonce: "" }))
    }).pipe(Effect.provide(layer)))

  const unanswered: ReadonlyArray<readonly [what: string, d: Readonly<Record<string, unknown>>]> = [
    ["all members without GuildMembers", { query: "", limit: 0 }],
    ["presences without GuildPresences", { user_ids: users[0], presences: true }],
    ["no member in particular", {}],
    ["by query and by id", { query: "", limit: 0, user_ids: users[0] }]
  ]
  for (const [what, d] of unanswered) {
    it.scoped(`for ${what} is never answered, and is recorded`, () =>
      Effect.gen(function*() {
        const { ask } = yield* identified(Intents.of("Guilds"))
        assert.deepStrictEqual(yield* ask(8, { guild_id: guild.id, ...d }), [])
        assert.deepStrictEqual(yield* violations, ["MemberRequest"])
      }).pipe(Effect.provide(layer)))
  }

  it.scoped("with ids as JSON numbers finds them, without losing digits", () =>
    Effect.gen(function*() {
      const { write, ...client } = yield* identified()
      const before = client.frames.length
      yield* write(`{"op":8,"d":{"guild_id":${guild.id},"user_ids":[${users[0]}],"nonce":"${"9".repeat(20)}"}}`)
      const [chunk] = client.received().slice(before)
      const { d } = Schema.decodeUnknownSync(Schema.Struct({ d: Answer }))(chunk)
      assert.deepStrictEqual(d.members?.map(({ user }) => user.id), [users[0]])
      assert.strictEqual(d["nonce"], "9".repeat(20))
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer)))
})

describe("a guild that the bot is not in", () => {
  const commands: ReadonlyArray<readonly [name: string, op: number, d: Readonly<Record<string, unknown>>]> = [
    ["members", 8, { guild_id: "42", query: "", limit: 0 }],
    ["voice", 4, { guild_id: "42", channel_id: null, self_mute: false, self_deaf: false }],
    ["sounds", 31, { guild_ids: ["42"] }],
    ["channel info", 43, { guild_id: "42", fields: ["status"] }]
  ]
  for (const [name, op, d] of commands) {
    it.scoped(`is a violation in a command for ${name}, and is not answered`, () =>
      Effect.gen(function*() {
        const { ask } = yield* identified()
        assert.deepStrictEqual(yield* ask(op, d), [])
        assert.deepStrictEqual(yield* violations, ["UnknownGuild"])
      }).pipe(Effect.provide(layer)))

    it.scoped(`is a violation in a command for ${name} in an empty world, unless an event named it`, () =>
      Effect.gen(function*() {
        const { dispatch } = yield* GatewaySimulator.GatewaySimulator
        const { ask } = yield* identified()
        yield* ask(op, d)
        assert.deepStrictEqual(yield* violations, ["UnknownGuild"])
        yield* dispatch(Builder.event("GUILD_CREATE", { id: "42" }))
        yield* ask(op, d)
        assert.deepStrictEqual(yield* violations, ["UnknownGuild"])
      }).pipe(Effect.provide(GatewaySimulator.layerInMemory())))
  }
})

describe("a voice state", () => {
  const state = (channel_id: string | null | undefined, over = {}) => ({
    guild_id: guild.id,
    channel_id,
    self_mute: false,
    self_deaf: true,
    ...over
  })

  it.scoped("that joins or moves is answered by both voice events, one that mutes or leaves by the first", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified()
      const joined = yield* ask(4, state(voice))
      assert.deepStrictEqual(joined.map(({ d, t }) => [t, d["channel_id"] ?? d["endpoint"]]), [
        ["VOICE_STATE_UPDATE", voice],
        ["VOICE_SERVER_UPDATE", "voice.simulator.test:443"]
      ])
      const { member } = Schema.decodeUnknownSync(Schema.Struct({ member: Schema.Unknown }))(joined[0]?.d)
      assert.deepNestedInclude(member, { "user.username": "vesper", deaf: false, "roles.length": 0 })
      const muted = yield* ask(4, state(voice, { self_mute: true }))
      assert.deepStrictEqual(muted.map(({ d, t }) => [t, d["self_mute"], d["self_deaf"]]), [
        ["VOICE_STATE_UPDATE", true, true]
      ])
      assert.strictEqual((yield* ask(4, state(otherVoice))).length, 2)
      assert.deepStrictEqual((yield* ask(4, state(null))).map(({ d, t }) => [t, d["channel_id"]]), [
        ["VOICE_STATE_UPDATE", null]
      ])
      assert.deepStrictEqual(yield* ask(4, state(null)), [])
    }).pipe(Effect.provide(layer)))

  it.scoped("with ids as JSON numbers joins", () =>
    Effect.gen(function*() {
      const { write, ...client } = yield* identified()
      const before = client.frames.length
      yield* write(
        `{"op":4,"d":{"guild_id":${guild.id},"channel_id":${voice},"self_mute":false,"self_deaf":false}}`
      )
      assert.deepStrictEqual(client.received().slice(before).map(({ t }) => t), [
        "VOICE_STATE_UPDATE",
        "VOICE_SERVER_UPDATE"
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("is not sent without GuildVoiceStates, but the server is", () =>
    Effect.gen(function*() {
      const { ask } = yield* identified(Intents.of("Guilds"))
      assert.deepStrictEqual((yield* ask(4, state(voice))).map(({ t }) => t), ["VOICE_SERVER_UPDATE"])
    }).pipe(Effect.provide(layer)))

  it.scoped("is not answered without permission, nor for a channel that is none of voice", () =>
    Effect.gen(function*() {
      const { inject } = yield* GatewaySimulator.GatewaySimulator
      const { ask } = yield* identified()
      assert.deepStrictEqual(yield* ask(4, state(guild.channels[0]?.id)), [])
      yield* inject(Fault.DenyVoice())
      assert.deepStrictEqual(yield* ask(4, state(voice)), [])
    }).pipe(Effect.provide(layer)))
})

it.scoped("sounds are sent for each guild asked for, and channel info for one", () =>
  Effect.gen(function*() {
    const { ask } = yield* identified()
    assert.deepStrictEqual(yield* ask(31, { guild_ids: [guild.id] }), [
      { t: "SOUNDBOARD_SOUNDS", d: { guild_id: guild.id, soundboard_sounds: [] } }
    ])
    assert.deepStrictEqual(yield* ask(43, { guild_id: guild.id, fields: ["status"] }), [
      {
        t: "CHANNEL_INFO",
        d: { guild_id: guild.id, channels: [{ id: voice, status: null }, { id: otherVoice, status: null }] }
      }
    ])
  }).pipe(Effect.provide(layer)))

it.scoped("a presence is not answered, and the sixth within 20 s is a violation", () =>
  Effect.gen(function*() {
    const { ask } = yield* identified()
    const presence = { since: null, activities: [], status: "online", afk: false }
    for (let i = 0; i < 5; i++) {
      assert.deepStrictEqual(yield* ask(3, presence), [])
    }
    yield* TestClock.adjust(19_999)
    assert.deepStrictEqual(yield* violations, [])
    yield* ask(3, presence)
    assert.deepStrictEqual(yield* violations, ["PresenceRate"])
    yield* settle
  }).pipe(Effect.provide(layer)))
