import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as EventSchema from "@vesper/model/EventSchema"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as Expect from "../src/Expect.js"
import * as Fixture from "../src/Fixture.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as Bot from "../src/internal/world/bot.js"
import * as World from "../src/World.js"

describe("a builder", () => {
  it("gives every event whole, and each time a copy", () => {
    for (const type of EventType.all.filter((type) => !/^MESSAGE_(CREATE|UPDATE)$/.test(type))) {
      assert.deepStrictEqual<unknown>(Builder.event(type).d, Fixture.of(type).d)
    }
    assert.notStrictEqual(Builder.message().d, Builder.message().d)
  })

  it("puts in what is given, completes objects, and leaves out what is undefined", () => {
    const whole = Fixture.of("MESSAGE_CREATE").d
    const { d } = Builder.message({ content: "hi", author: { username: "ada" }, mentions: [], guild_id: undefined })
    assert.deepInclude(d, { content: "hi", mentions: [], channel_id: whole.channel_id })
    assert.deepStrictEqual(d.author, { ...whole.author, username: "ada" })
    assert.isFalse("guild_id" in d)
  })

  it("takes undefined and parts at every depth, at compile time too", () => {
    const { d } = Builder.message({
      author: { username: "ada", primary_guild: { tag: undefined }, email: undefined },
      timestamp: undefined,
      referenced_message: { author: { username: "bob" } }
    })
    assert.isFalse("timestamp" in d)
    assert.isFalse("email" in d.author)
    assert.isFalse("tag" in (d.author.primary_guild ?? {}))
    assert.strictEqual(d.referenced_message?.author.username, "bob")
    assert.strictEqual(typeof d.referenced_message?.author.id, "string")
  })

  it("makes an ordinary message, and a special one on request", () => {
    const { d } = Builder.message()
    assert.deepStrictEqual<ReadonlyArray<unknown>>([d.type, d.flags, d.components], [0, 0, []])
    for (const field of ["webhook_id", "poll", "interaction_metadata", "referenced_message", "reactions"]) {
      assert.isFalse(field in d, field)
    }
    assert.strictEqual(Builder.message({ webhook_id: "5" }).d.webhook_id, "5")
  })

  it("has no mentions and attachments by default, nor has the message that it answers", () => {
    const plain = { mentions: [], mention_roles: [], mention_everyone: false, attachments: [], embeds: [], type: 0 }
    for (const world of [World.empty, World.make({ guilds: 1 })]) {
      for (const type of ["MESSAGE_CREATE", "MESSAGE_UPDATE"]) {
        const { d } = Builder.complete(type, { referenced_message: { id: "7" } }, world)
        assert.deepInclude(d, plain)
        assert.deepInclude(Object(d).referenced_message, plain)
        assert.notMatch(JSON.stringify(d), /<@/)
      }
    }
    const attachments = [{ id: "5", filename: "a.png", size: 1, url: "https://a", proxy_url: "https://a" }]
    assert.deepInclude(Builder.message({ attachments, mention_roles: ["6"] }).d, { attachments, mention_roles: ["6"] })
  })

  it("is direct without its guild, and has nothing of a guild", () => {
    const { d: built } = Builder.message({ guild_id: undefined })
    const { d: completed } = Builder.complete("MESSAGE_CREATE", {}, World.empty)
    for (const d of [built, completed]) {
      assert.isFalse("guild_id" in Object(d) || "member" in Object(d))
      assert.deepInclude(d, { channel_type: 1, mentions: [], mention_roles: [] })
    }
    assert.isTrue("member" in Builder.message().d)
  })

  it("knows the guild, by which the gateway finds the shard", () => {
    assert.strictEqual(Builder.message({ guild_id: "7" }).guildId, "7")
    assert.strictEqual(Builder.message({ guild_id: undefined }).guildId, undefined)
    assert.strictEqual(Builder.event("GUILD_DELETE", { id: "8" }).guildId, "8")
  })

  it("makes what the schemas take", () => {
    for (
      const built of [Builder.message({ content: "hi" }), Builder.reaction(), Builder.member(), Builder.interaction()]
    ) {
      assert.isTrue(Schema.is(EventSchema.of(built.t))(built.d), built.t)
    }
  })
})

// A body is a union, which the tests read field by field.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Body = Readonly<Record<string, any>>

const interaction = (...[fields]: Parameters<typeof Builder.interaction>): Body => {
  const { d, t } = Builder.interaction(fields)
  assert.isTrue(Schema.is(EventSchema.of(t))(d), JSON.stringify(d).slice(0, 200))
  return d
}

describe("an interaction", () => {
  it("by default is a slash command without a target, whose resolved members have their users", () => {
    const { data, ...d } = interaction()
    assert.isFalse("message" in d)
    assert.isFalse("target_id" in data)
    assert.sameMembers(Object.keys(data.resolved.members), Object.keys(data.resolved.users))
    assert.strictEqual(data.options.find(({ type }: Body) => type === 6).value, Object.keys(data.resolved.users)[0])
    assert.deepStrictEqual([d["guild"].id, d["channel"].guild_id, data.guild_id], Array(3).fill(d["guild_id"]))
    assert.strictEqual(d["channel"].id, d["channel_id"])
  })

  it("with options of its own has no objects of other options", () => {
    const { data } = interaction({ data: { name: "ban", options: [] } })
    assert.deepInclude(data, { name: "ban", options: [] })
    assert.isFalse("resolved" in data)
  })

  it("with a user command has its user and member, with a message command its message", () => {
    const user = interaction({ data: { type: 2, target_id: "7" } }).data
    assert.deepStrictEqual(
      [user.target_id, Object.keys(user.resolved.users), Object.keys(user.resolved.members), user.resolved.users[7].id],
      ["7", ["7"], ["7"], "7"]
    )
    const { data } = interaction({ data: { type: 3 } })
    assert.deepStrictEqual(Object.keys(data.resolved), ["messages"])
    assert.strictEqual(data.resolved.messages[data.target_id].id, data.target_id)
    assert.isFalse("options" in data)
  })

  it("with a button has its message, and a select menu its values", () => {
    const button = interaction({ type: 3, data: { custom_id: "accept", component_type: 2 }, channel_id: "9" })
    assert.deepStrictEqual(button["data"], { custom_id: "accept", component_type: 2 })
    assert.strictEqual(button["message"].channel_id, "9")
    assert.isFalse("guild_id" in button["message"])
    const select = interaction({ type: 3, data: { custom_id: "who", component_type: 5 } })
    assert.deepStrictEqual(select["data"].values, Object.keys(select["data"].resolved.users))
    assert.deepStrictEqual(select["data"].values, Object.keys(select["data"].resolved.members))
    const { values, resolved } = interaction({ type: 3, data: { component_type: 8, values: ["7", "8"] } })["data"]
    assert.deepStrictEqual(values, ["7", "8"])
    assert.deepStrictEqual(Object.values(resolved.channels).map((channel) => (channel as Body)["id"]), ["7", "8"])
  })

  it("with an autocompletion has a focused option, and a modal its components", () => {
    const { data } = interaction({ type: 4 })
    assert.isTrue(data.options[0].focused)
    const modal = interaction({ type: 5 })
    assert.isAbove(modal["data"].components.length, 0)
    assert.isFalse("message" in modal)
  })

  it("in a direct message has a user and no member, and nothing of a guild", () => {
    const d = interaction({ guild_id: undefined })
    assert.strictEqual(typeof d["user"].id, "string")
    for (const field of ["guild", "guild_id", "guild_locale", "member"]) {
      assert.isFalse(field in d, field)
    }
    assert.isFalse("guild_id" in d["data"])
    assert.isFalse("members" in d["data"].resolved)
  })
})

/** A kind of interaction that Discord sends, with the fields that make it. */
const kinds: ReadonlyArray<readonly [what: string, fields: Body]> = [
  ["a slash command", {}],
  ["a slash command with options", { data: { name: "ban", options: [{ name: "who", type: 6, value: "7" }] } }],
  ["a user command", { data: { type: 2 } }],
  ["a message command", { data: { type: 3 } }],
  ["a button", { type: 3 }],
  ...[3, 5, 6, 7, 8].map((type) =>
    [`a select menu of type ${type}`, { type: 3, data: { component_type: type } }] as const
  ),
  ["an autocompletion", { type: 4 }],
  ["a modal", { type: 5 }]
]

const world = World.make({ guilds: 2, membersPerGuild: 3 })
const [firstGuild, secondGuild] = world.guilds
const voiceChannel = firstGuild?.channels.find(({ type }) => type === 2)?.id

/** The place of an interaction, with its guild and channel if they are known. */
const places: ReadonlyArray<
  readonly [what: string, world: World.World, fields: Body, guild?: string | undefined, channel?: string | undefined]
> = [
  ["in no world", World.empty, {}],
  ["in a guild of no world", World.empty, { guild_id: "7", channel_id: "8" }, "7", "8"],
  [
    "in a guild and a channel of no world, by their objects",
    World.empty,
    {
      guild: { id: "7" },
      channel: { id: "8", name: "eight" }
    },
    "7",
    "8"
  ],
  ["in the first guild", world, {}, firstGuild?.id, firstGuild?.channels[0]?.id],
  ["in a channel of the first guild", world, { channel_id: voiceChannel }, firstGuild?.id, voiceChannel],
  ["in the second guild", world, { guild_id: secondGuild?.id }, secondGuild?.id, secondGuild?.channels[0]?.id],
  ["in another guild", world, { guild_id: "7" }, "7"],
  ["in a direct message", world, { guild_id: undefined, channel_id: "8" }, undefined, "8"],
  ["in a direct message of no world", World.empty, { guild_id: undefined }]
]

/** The values of a field at every depth. */
const valuesOf = (name: string, body: unknown): ReadonlyArray<unknown> => {
  const found = new Set<unknown>()
  JSON.stringify(body, (key, value: unknown) => {
    if (key === name) {
      found.add(value)
    }
    return value
  })
  return [...found]
}

describe("a completed interaction", () => {
  const cases = places.flatMap((place) => kinds.map((kind) => [place, kind] as const))
  for (const [[where, within, place, guild, channel], [what, kind]] of cases) {
    it(`has one guild, one channel, one user and the bot's application: ${what} ${where}`, () => {
      // Completed as an event of a name that is known at run time only, as a scenario has it.
      const event = Builder.complete("INTERACTION_CREATE", { ...kind, ...place }, within)
      const d = event.d as Body
      assert.isTrue(Schema.is(EventSchema.of("INTERACTION_CREATE"))(d))
      const isDirect = "guild_id" in place && place["guild_id"] === undefined
      assert.strictEqual(event.guildId, d["guild_id"])
      assert.deepStrictEqual(valuesOf("guild_id", d), isDirect ? [] : [guild ?? d["guild_id"]])
      assert.deepStrictEqual(valuesOf("channel_id", d), [channel ?? d["channel_id"]])
      assert.strictEqual(d["channel"].id, d["channel_id"])
      assert.strictEqual(d["guild"]?.id, d["guild_id"])
      assert.strictEqual(d["channel"].type === 1, isDirect)
      assert.deepStrictEqual(d["authorizing_integration_owners"], { 0: isDirect ? "0" : d["guild_id"] })
      assert.deepStrictEqual([d["application_id"], ...d["entitlements"].map((e: Body) => e["application_id"])], [
        Bot.id,
        Bot.id
      ])
      assert.strictEqual("member" in d, !isDirect)
      assert.strictEqual("user" in d, isDirect)
      const user = isDirect ? d["user"] : d["member"].user
      assert.deepStrictEqual(d["entitlements"].map((e: Body) => e["user_id"]), [user.id])
      if (kind["type"] === 3) {
        assert.strictEqual(d["message"].author.id, Bot.id)
      }
      const known = within.guilds.find(({ id }) => id === d["guild_id"])
      if (known !== undefined) {
        assert.strictEqual(d["guild"].name, known.name)
        assert.include(known.channels.map(({ id, name }) => `${id} ${name}`), `${d["channel"].id} ${d["channel"].name}`)
        assert.include(known.members.map((member) => member.user.id), user.id)
      }
    })
  }
})

describe("the fixtures", () => {
  it("hold the fields that Discord sends without documenting them", () => {
    assert.strictEqual(typeof Builder.event("GUILD_MEMBER_UPDATE").d.flags, "number")
  })
})

const layer = Shard.layer(ShardId.single).pipe(
  Layer.provide(ShardConfig.layer({
    token: Redacted.make("any-token"),
    intents: Intents.of("GuildMessages", "MessageContent")
  })),
  Layer.provide(IdentifyQueue.layerUnlimited),
  Layer.provideMerge(GatewaySimulator.layerInMemory())
)

describe("an expected command", () => {
  it.scoped("is the first that matches, including earlier ones", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const byOpcode = yield* Expect.expectCommand(simulator, Opcode.Identify)
      const byPredicate = yield* Expect.expectCommand(simulator, ({ bytes, op }) => op === 2 && bytes > 10)
      assert.strictEqual(byOpcode, byPredicate)
      yield* simulator.dispatch(Builder.message({ content: "built" }))
      const event = yield* shard.nextEvent
      assert.deepInclude(event.d, { content: "built" })
    }).pipe(Effect.provide(layer)))

  it.scoped("that is not received fails with the commands that were", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const expecting = yield* Effect.fork(
        Effect.flip(Expect.expectCommand(simulator, Opcode.PresenceUpdate, { within: "2 seconds" }))
      )
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(expecting)
      assert.strictEqual(error.message, "PresenceUpdate was not received within 2s; received: Identify")
    }).pipe(Effect.provide(layer)))

  it.scoped("that cannot be received because the clock does not move fails as well", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const error = yield* Effect.flip(Expect.expectCommand(simulator, Opcode.PresenceUpdate))
      assert.strictEqual(
        error.message,
        "PresenceUpdate was not received, and the clock does not move (TestClock.adjust moves it); received: Identify"
      )
    }).pipe(Effect.provide(layer)))
})
