/** Intents decide which events a session receives, and which fields of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as World from "../src/World.js"
import { connect, identifyBody, settle, violations } from "./client.js"

const world = World.make({ seed: 5, guilds: 1, membersPerGuild: 20 })
const guild = Option.getOrThrow(Option.fromNullable(world.guilds[0]))
const inVoice = guild.voice_states.map(({ user_id }) => user_id)
const layer = GatewaySimulator.layerInMemory({ world })

interface Guild {
  readonly members: ReadonlyArray<{ readonly user: { readonly id: string; readonly bot?: boolean } }>
  readonly presences: ReadonlyArray<unknown>
  readonly voice_states: ReadonlyArray<{ readonly user_id: string; readonly member?: unknown }>
  readonly member_count: number
  readonly large: boolean
}

interface Ready {
  readonly user: { readonly id: string; readonly bot: boolean }
  readonly application: { readonly flags: number }
}

const identified = (intents: Intents.Intents, over: Readonly<Record<string, unknown>> = {}) =>
  Effect.gen(function*() {
    const client = yield* connect()
    yield* client.send(2, identifyBody({ intents, ...over }))
    // The bodies are the simulator's own.
    const ready = client.received()[1]?.d as Ready
    const created = client.received()[2]?.d as Guild
    return { ...client, ready, created }
  })

describe("GUILD_CREATE", () => {
  it.scoped("without GUILD_MEMBERS lists the bot and members in voice, and without GUILD_PRESENCES no presences", () =>
    Effect.gen(function*() {
      const { created, ready } = yield* identified(Intents.of("Guilds"))
      assert.isAbove(inVoice.length, 0)
      assert.sameMembers(created.members.map(({ user }) => user.id), [ready.user.id, ...inVoice])
      assert.deepStrictEqual(created.presences, [])
      assert.strictEqual(created.member_count, 21)
      assert.isTrue(created.voice_states.every(({ member }) => member !== undefined))
    }).pipe(Effect.provide(layer)))

  it.scoped("lists presences with GUILD_PRESENCES", () =>
    Effect.gen(function*() {
      const presences = yield* identified(Intents.of("Guilds", "GuildPresences"))
      assert.strictEqual(presences.created.presences.length, guild.presences.length)
      assert.strictEqual(presences.created.members.length, 1 + inVoice.length)
    }).pipe(Effect.provide(layer)))

  it.scoped("lists all members and the bot among them with GUILD_MEMBERS and GUILD_PRESENCES", () =>
    Effect.gen(function*() {
      const { created, ready } = yield* identified(Intents.of("Guilds", "GuildMembers", "GuildPresences"))
      assert.strictEqual(created.members.length, 21)
      const bot = created.members.find(({ user }) => user.id === ready.user.id)
      assert.isTrue(bot?.user.bot)
      assert.isFalse(created.large)
    }).pipe(Effect.provide(layer)))

  it.scoped("omits offline members above the large threshold", () =>
    Effect.gen(function*() {
      const { created, ready } = yield* identified(Intents.all, { large_threshold: 50 })
      const online = Option.getOrThrow(Option.fromNullable(large.guilds[0])).presences.map(({ user }) => user.id)
      const voice = created.voice_states.map(({ user_id }) => user_id)
      assert.isTrue(created.large)
      assert.sameMembers(created.members.map(({ user }) => user.id), [...new Set([ready.user.id, ...voice, ...online])])
    }).pipe(Effect.provide(GatewaySimulator.layerInMemory({ world: large }))))

  it.scoped("holds the bot's own voice state while it is in voice", () =>
    Effect.gen(function*() {
      const { send } = yield* identified(Intents.of("Guilds"))
      const channel_id = guild.channels.find(({ type }) => type === 2)?.id
      yield* send(4, { guild_id: guild.id, channel_id, self_mute: false, self_deaf: false })
      yield* TestClock.adjust("5 seconds")
      const { created, ready } = yield* identified(Intents.of("Guilds"))
      const own = created.voice_states.find(({ user_id }) => user_id === ready.user.id)
      assert.deepNestedInclude(own, { channel_id, "member.user.id": ready.user.id })
    }).pipe(Effect.provide(layer)))
})

const large = World.make({ seed: 6, guilds: 1, membersPerGuild: 60 })

const direct = { guild_id: undefined, member: undefined }

describe("a message", () => {
  const cases: ReadonlyArray<readonly [intent: Intents.Name, inGuild: number, inDirect: number]> = [
    ["GuildMessages", 1, 0],
    ["DirectMessages", 0, 1],
    ["GuildMessageReactions", 0, 0]
  ]
  for (const [intent, inGuild, inDirect] of cases) {
    it.scoped(`is received with ${intent} alone ${inGuild} times from a guild, ${inDirect} times directly`, () =>
      Effect.gen(function*() {
        const { dispatch } = yield* GatewaySimulator.GatewaySimulator
        yield* identified(Intents.of(intent))
        assert.strictEqual(yield* dispatch(Builder.message({ guild_id: guild.id })), inGuild)
        assert.strictEqual(yield* dispatch(Builder.message(direct)), inDirect)
      }).pipe(Effect.provide(layer)))
  }

  it.scoped("reaction and typing follow the same rule", () =>
    Effect.gen(function*() {
      const { dispatch } = yield* GatewaySimulator.GatewaySimulator
      yield* identified(Intents.of("DirectMessageReactions", "GuildMessageTyping"))
      assert.strictEqual(yield* dispatch(Builder.reaction({ guild_id: guild.id })), 0)
      assert.strictEqual(yield* dispatch(Builder.reaction(direct)), 1)
      assert.strictEqual(yield* dispatch(Builder.event("TYPING_START", { guild_id: guild.id })), 1)
      assert.strictEqual(yield* dispatch(Builder.event("TYPING_START", direct)), 0)
    }).pipe(Effect.provide(layer)))
})

describe("content without MESSAGE_CONTENT", () => {
  const content = {
    content: "hello",
    embeds: [{ title: "a" }],
    components: [{ type: 1 as const, components: [] }],
    poll: {}
  }

  const received = (intents: Intents.Intents, event: (botId: string) => GatewaySimulator.Event) =>
    Effect.gen(function*() {
      const { dispatch } = yield* GatewaySimulator.GatewaySimulator
      const client = yield* identified(intents)
      yield* dispatch(event(client.ready.user.id))
      yield* settle
      assert.deepStrictEqual(yield* violations, [])
      return client.received().at(-1)?.d as Readonly<Record<string, unknown>>
    }).pipe(Effect.provide(layer))

  const messages = Intents.of("GuildMessages", "DirectMessages")
  const empty = { content: "", embeds: [], attachments: [], components: [] }

  it.scoped("is empty in a guild, in the message and in the one that it answers", () =>
    Effect.gen(function*() {
      const d = yield* received(
        messages,
        () => Builder.message({ guild_id: guild.id, ...content, referenced_message: { content: "before" } })
      )
      assert.deepInclude(d, empty)
      assert.isFalse("poll" in d)
      assert.deepInclude(d["referenced_message"], empty)
    }))

  it.scoped("is empty in an edit, and in an action of auto moderation", () =>
    Effect.gen(function*() {
      assert.deepInclude(
        yield* received(messages, () => Builder.event("MESSAGE_UPDATE", { guild_id: guild.id, ...content })),
        empty
      )
      const action = yield* received(
        Intents.of("AutoModerationExecution"),
        () => Builder.event("AUTO_MODERATION_ACTION_EXECUTION", { guild_id: guild.id, content: "hello" })
      )
      assert.deepInclude(action, { content: "", matched_content: "" })
    }))

  it.scoped("is there with the intent, in direct messages, in mentions of the bot, and in its own messages", () =>
    Effect.gen(function*() {
      const all = [
        yield* received(
          Intents.of("GuildMessages", "MessageContent"),
          () => Builder.message({ guild_id: guild.id, ...content })
        ),
        yield* received(messages, () => Builder.message({ ...direct, ...content })),
        yield* received(
          messages,
          (id) => Builder.message({ guild_id: guild.id, ...content, mentions: [{ ...author, id }] })
        ),
        yield* received(messages, (id) => Builder.message({ guild_id: guild.id, ...content, author: { id } }))
      ]
      for (const d of all) {
        assert.deepInclude(d, { content: "hello", embeds: [{ title: "a" }] })
        assert.isTrue("poll" in d)
      }
    }))

  it.scoped("is there in a body that is no whole message, which only a test sends", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* received(messages, () => ({ t: "MESSAGE_CREATE", d: { content: "hi" } })),
        { content: "hi" }
      )
    }))
})

const { author } = Builder.message().d

describe("a member event", () => {
  it.scoped("about the bot itself is received without GUILD_MEMBERS", () =>
    Effect.gen(function*() {
      const { dispatch } = yield* GatewaySimulator.GatewaySimulator
      const { ready } = yield* identified(Intents.of("Guilds"))
      const update = (id: string) => Builder.event("GUILD_MEMBER_UPDATE", { guild_id: guild.id, user: { id } })
      assert.strictEqual(yield* dispatch(update("7")), 0)
      assert.strictEqual(yield* dispatch(update(ready.user.id)), 1)
      const thread = (id: string) =>
        Builder.event("THREAD_MEMBERS_UPDATE", {
          guild_id: guild.id,
          added_members: [],
          removed_member_ids: [id]
        })
      assert.strictEqual(yield* dispatch(thread("7")), 0)
      assert.strictEqual(yield* dispatch(thread(ready.user.id)), 1)
    }).pipe(Effect.provide(layer)))
})

describe("READY", () => {
  it.scoped("names the bot and the privileged intents that it may request", () =>
    Effect.gen(function*() {
      const { ready } = yield* identified(Intents.of("Guilds"))
      assert.isTrue(ready.user.bot)
      assert.strictEqual(ready.application.flags, 1 << 15)
    }).pipe(
      Effect.provide(GatewaySimulator.layerInMemory({ allowedIntents: Intents.of("Guilds", "GuildMembers") }))
    ))
})

describe("a sent event", () => {
  it.scoped("is completed in the first guild, with a new id and the time", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* identified(Intents.all)
      const before = client.frames.length
      assert.strictEqual(yield* simulator.send("MESSAGE_CREATE", { content: "hi" }), 1)
      yield* simulator.send("MESSAGE_CREATE", { content: "hi", id: "7" })
      yield* simulator.send("BRAND_NEW", { a: 1 })
      yield* settle
      const [first, second, unknown] = client.received().slice(before).map(({ d }) =>
        d as Readonly<Record<string, unknown>>
      )
      assert.deepInclude(first, { content: "hi", guild_id: guild.id })
      assert.deepNestedInclude(first, { "author.id": guild.members[0]?.user.id })
      assert.include(guild.channels.map(({ id }) => id), first?.["channel_id"])
      assert.match(String(first?.["timestamp"]), /^2025-01-01T00/)
      assert.strictEqual(second?.["id"], "7")
      assert.notStrictEqual(first?.["id"], "7")
      assert.deepStrictEqual(unknown, { a: 1 })
    }).pipe(Effect.provide(layer)))
})
