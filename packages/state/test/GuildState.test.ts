import { assert, describe, it } from "@effect/vitest"
import * as Events from "@vesper/gateway/Events"
import * as Fleet from "@vesper/gateway/Fleet"
import * as Shard from "@vesper/gateway/Shard"
import * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as Permissions from "@vesper/model/Permissions"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as GuildState from "../src/GuildState.js"
import * as GuildStore from "../src/GuildStore.js"
import * as Applier from "../src/internal/state/applier.js"
import * as SqlGuildStore from "../src/SqlGuildStore.js"
import { database, dispatch, everything, gateway, sqlite, stores } from "./setup.js"

const world = World.make({ seed: 5, guilds: 3, membersPerGuild: 10 })
const [first, second, third] = world.guilds
if (first === undefined || second === undefined || third === undefined) {
  throw new Error("the world has three guilds")
}

const toEvent = (t: string, d: unknown) => Dispatch.fromPayload({ op: 0, t, s: 1, d: structuredClone(d) })

interface Limits {
  readonly guilds?: number
  readonly capacity?: Partial<Record<GuildStore.Kind, number>>
  readonly perGuild?: number
}

/** A state whose events are applied one by one. */
const makeState = ({ capacity = {}, guilds = 100, perGuild = Number.POSITIVE_INFINITY }: Limits = {}) =>
  Effect.gen(function*() {
    const store = yield* GuildStore.GuildStore
    const bounds: GuildStore.Bounds = {
      guilds,
      lists: new Map(
        GuildStore.kinds.map((kind) => [kind, {
          capacity: capacity[kind] ?? 10_000,
          perGuild: kind === "members" ? perGuild : Number.POSITIVE_INFINITY
        }])
      )
    }
    const { apply } = Applier.make(store, { guilds: true, kinds: new Set(GuildStore.kinds) }, bounds, new Set())
    const { state } = yield* GuildState.make(everything)
    return { state, apply: (t: string, d: unknown) => apply(toEvent(t, d)) }
  })

const memberOf = (id: string, roles: ReadonlyArray<string> = []) => ({ ...first.members[0], user: { id }, roles })

for (const { isThere, layer, name } of stores) {
  describe.skipIf(!isThere)(`a state ${name}`, () => {
    it.scoped("keeps a guild in an outage, and removes one that the bot has left", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        yield* apply("GUILD_CREATE", first)
        yield* apply("GUILD_CREATE", second)
        yield* apply("GUILD_DELETE", { id: first.id, unavailable: true })
        yield* apply("GUILD_DELETE", { id: second.id })
        assert.deepStrictEqual(yield* state.guildIds, [first.id])
        assert.isTrue((yield* Effect.flatten(state.guild(first.id))).unavailable)
        assert.strictEqual((yield* state.roles(first.id)).length, first.roles.length)
        assert.deepStrictEqual(yield* state.roles(second.id), [])
        yield* apply("GUILD_CREATE", first)
        assert.isUndefined((yield* Effect.flatten(state.guild(first.id))).unavailable)
      }).pipe(Effect.provide(layer)))

    it.scoped("removes the guilds of a shard that its READY does not list, and no other", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        yield* Effect.forEach(world.guilds, (guild) => apply("GUILD_CREATE", guild))
        const total = 2
        const own = world.guilds.filter(({ id }) => ShardId.shardOf(id, total) === ShardId.shardOf(first.id, total))
        const others = world.guilds.filter((guild) => !own.includes(guild))
        yield* apply("READY", {
          shard: [ShardId.shardOf(first.id, total), total],
          guilds: [{ id: first.id, unavailable: true }]
        })
        assert.sameMembers([...yield* state.guildIds], [first.id, ...others.map(({ id }) => id)])
        yield* apply("READY", { guilds: [] })
        assert.deepStrictEqual(yield* state.guildIds, [])
      }).pipe(Effect.provide(layer)))

    it.scoped("replaces all lists of a guild by GUILD_CREATE", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        yield* apply("GUILD_CREATE", first)
        yield* apply("GUILD_CREATE", {
          ...first,
          channels: first.channels.slice(1),
          members: first.members.slice(5),
          voice_states: []
        })
        assert.strictEqual((yield* state.channels(first.id)).length, first.channels.length - 1)
        assert.strictEqual((yield* state.members(first.id)).length, first.members.length - 5)
        assert.deepStrictEqual(yield* state.voiceStates(first.id), [])
      }).pipe(Effect.provide(layer)))

    it.scoped("ignores changes of a guild that it does not have", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        yield* apply("GUILD_ROLE_CREATE", { guild_id: first.id, role: first.roles[0] })
        yield* apply("GUILD_MEMBER_ADD", { ...first.members[0], guild_id: first.id })
        yield* apply("GUILD_UPDATE", first)
        assert.deepStrictEqual(
          [yield* state.guildIds, yield* state.roles(first.id), yield* state.members(first.id)],
          [[], [], []]
        )
      }).pipe(Effect.provide(layer)))

    it.scoped("follows voice states", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        yield* apply("GUILD_CREATE", first)
        const [initial] = yield* state.voiceStates(first.id)
        const move = { ...initial, guild_id: first.id, user_id: "7", member: first.members[0] }
        yield* apply("VOICE_STATE_UPDATE", move)
        const moved = yield* Effect.flatten(state.voiceState(first.id, "7"))
        assert.deepStrictEqual([moved.channel_id, "member" in moved], [initial?.channel_id, false])
        yield* apply("VOICE_STATE_UPDATE", { ...move, channel_id: null })
        assert.isTrue(Option.isNone(yield* state.voiceState(first.id, "7")))
      }).pipe(Effect.provide(layer)))

    it.scoped("keeps active threads: synced, archived, deleted with their channel", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        const [a, b] = first.channels.map(({ id }) => id)
        const thread = (id: string, parent_id: string | undefined, archived = false) => ({
          id,
          guild_id: first.id,
          parent_id,
          type: 11,
          thread_metadata: { archived }
        })
        const ids = Effect.map(state.threads(first.id), (threads) => threads.map(({ id }) => id).sort())
        yield* apply("GUILD_CREATE", { ...first, threads: [thread("1", a), thread("2", b)] })
        yield* apply("THREAD_CREATE", { ...thread("3", a), newly_created: true, member: { id: "3" } })
        assert.notProperty(yield* Effect.flatten(state.thread(first.id, "3")), "member")
        yield* apply("THREAD_LIST_SYNC", {
          guild_id: first.id,
          channel_ids: [a],
          threads: [thread("4", a)],
          members: []
        })
        assert.deepStrictEqual(yield* ids, ["2", "4"])
        yield* apply("THREAD_UPDATE", thread("4", a, true))
        yield* apply("CHANNEL_DELETE", { id: b, guild_id: first.id, type: 0 })
        assert.deepStrictEqual(yield* ids, [])
        yield* apply("THREAD_UPDATE", thread("4", a))
        assert.deepStrictEqual(yield* ids, ["4"])
        yield* apply("THREAD_LIST_SYNC", { guild_id: first.id, threads: [], members: [] })
        assert.deepStrictEqual(yield* ids, [])
      }).pipe(Effect.provide(layer)))

    it.scoped("merges chunks and updates of members, and removes a deleted role from them", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        const [, role] = first.roles.map(({ id }) => id)
        yield* apply("GUILD_CREATE", { ...first, members: [] })
        yield* apply("GUILD_MEMBERS_CHUNK", {
          guild_id: first.id,
          members: [memberOf("7", [String(role)]), memberOf("8")]
        })
        yield* apply("GUILD_MEMBER_UPDATE", { guild_id: first.id, user: { id: "7" }, nick: "seven", roles: [role] })
        const member = yield* Effect.flatten(state.member(first.id, "7"))
        assert.deepInclude(member, { nick: "seven", joined_at: first.members[0]?.joined_at ?? null })
        yield* apply("GUILD_ROLE_DELETE", { guild_id: first.id, role_id: role })
        assert.deepStrictEqual((yield* Effect.flatten(state.member(first.id, "7"))).roles, [])
        yield* apply("GUILD_MEMBER_REMOVE", { guild_id: first.id, user: { id: "7" } })
        assert.strictEqual(yield* state.size("members"), 1)
      }).pipe(Effect.provide(layer)))

    it.scoped("removes members that were written least recently, above the bounds", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState({ capacity: { members: 40 }, perGuild: 30 })
        for (const guild of [first, second]) {
          yield* apply("GUILD_CREATE", { ...guild, members: [] })
          for (let at = 0; at < 35; at++) {
            yield* TestClock.adjust(1)
            yield* apply("GUILD_MEMBER_ADD", { ...memberOf(String(at)), guild_id: guild.id })
          }
          assert.isAtMost((yield* state.members(guild.id)).length, 30)
        }
        assert.isAtMost(yield* state.size("members"), 40)
        assert.isTrue(Option.isSome(yield* state.member(second.id, "34")))
        assert.isTrue(Option.isNone(yield* state.member(first.id, "5")))
      }).pipe(Effect.provide(layer)))

    it.scoped("removes whole guilds, and all roles of a guild, above the bounds", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState({ guilds: 2, capacity: { roles: 6 } })
        for (const guild of world.guilds) {
          yield* TestClock.adjust(1)
          yield* apply("GUILD_CREATE", guild)
        }
        assert.sameMembers([...yield* state.guildIds], [second.id, third.id])
        assert.deepStrictEqual(yield* state.channels(first.id), [])
        assert.deepStrictEqual(yield* state.roles(second.id), [])
        assert.strictEqual((yield* state.roles(third.id)).length, 4)
        // Permissions are unknown without the roles, also after one of them was received again.
        yield* apply("GUILD_ROLE_UPDATE", { guild_id: second.id, role: second.roles[0] })
        assert.isTrue(Option.isNone(yield* state.permissions(second.id, memberOf("7"))))
        assert.isTrue(Option.isSome(yield* state.permissions(third.id, memberOf("7"))))
      }).pipe(Effect.provide(layer)))

    it.scoped("computes permissions in a channel, a thread and for a member by id, until a timeout ends", () =>
      Effect.gen(function*() {
        const { apply, state } = yield* makeState()
        const [channel] = first.channels
        const until = new Date(60_000).toISOString()
        const thread = {
          id: "50",
          guild_id: first.id,
          parent_id: channel?.id,
          type: 11,
          thread_metadata: { archived: false }
        }
        yield* apply("GUILD_CREATE", { ...first, threads: [thread] })
        yield* apply("GUILD_ROLE_UPDATE", {
          guild_id: first.id,
          role: { ...first.roles[0], permissions: Permissions.toString(Permissions.of("ViewChannel", "SendMessages")) }
        })
        yield* apply("GUILD_MEMBER_ADD", { ...memberOf("7"), communication_disabled_until: until, guild_id: first.id })
        const names = (id: string, user = "7") =>
          Effect.map(state.permissionsIn(first.id, id, user), Option.map(Permissions.names))
        assert.deepStrictEqual(yield* names(String(channel?.id)), Option.some(["ViewChannel"]))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* names(String(channel?.id)), Option.some(["ViewChannel", "SendMessages"]))
        assert.deepStrictEqual(yield* names("50"), Option.some(["ViewChannel"]))
        assert.deepStrictEqual(yield* names("51"), Option.none())
        assert.deepStrictEqual(yield* names("50", "unknown"), Option.none())
        assert.deepStrictEqual(yield* names("50", first.owner_id), Option.some(Permissions.names(Permissions.all)))
      }).pipe(Effect.provide(layer)))
  })
}

describe("the state in SQLite", () => {
  it.scoped("outlives the process", () =>
    Effect.gen(function*() {
      const open = Effect.map(SqlGuildStore.make, (store) => Effect.provideService(GuildStore.GuildStore, store))
      const before = yield* (yield* open)(makeState())
      yield* before.apply("GUILD_CREATE", first)
      const { state } = yield* (yield* open)(makeState())
      assert.deepStrictEqual(yield* state.guildIds, [first.id])
      assert.strictEqual((yield* state.members(first.id)).length, 10)
    }).pipe(Effect.provide(database)))

  it.scopedLive("fails with an error that names the remedy, after some attempts", () =>
    Effect.gen(function*() {
      const store = yield* GuildStore.GuildStore
      const change = GuildStore.Change.RemoveGuild({ guildId: Symbol() as unknown as string })
      const error = yield* Effect.flip(store.write([change], { guilds: 1, lists: new Map() }))
      assert.match(error.message, /could not be written: .*check the database/s)
    }).pipe(Effect.provide(sqlite.layer)))
})

describe("GuildState.layer", () => {
  const assembled = <E, R>(features: Layer.Layer<never, E, R>, options: Events.AssembleOptions = {}) =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      return yield* Effect.provideService(Events.assemble(features, options), Shard.Shard, shard)
    })

  const identified = Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    ({ log }) => Effect.map(log, (entries) => entries.filter(LogEntry.is("Identified")).map(({ intents }) => intents))
  )

  const withoutIntents = gateway(world, { intents: Intents.none })

  it.scoped("requests the intents of the kept kinds, and nothing for nothing", () =>
    Effect.gen(function*() {
      for (
        const [options, ...intents] of [
          [{}],
          [{ guilds: true, channels: { capacity: 10 } }, "Guilds"],
          [{ voiceStates: true }, "Guilds", "GuildVoiceStates"]
        ] as const
      ) {
        const bot = yield* Effect.fork(Effect.scoped(assembled(Layer.discard(GuildState.layer(options)))))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* identified).at(-1), Intents.of(...intents))
        yield* Effect.fork(Fiber.interrupt(bot))
        yield* TestClock.adjust("10 seconds")
      }
    }).pipe(Effect.provide(withoutIntents)))

  it.scoped("fails without the privileged intent of members, and for an invalid bound", () =>
    Effect.gen(function*() {
      const members = yield* Effect.flip(assembled(Layer.discard(GuildState.layer({ members: true }))))
      assert.include(String(members), "GuildMembers")
      const bound = yield* Effect.flip(assembled(Layer.discard(GuildState.layer({ members: { perGuild: 0 } }))))
      assert.include(String(bound), "the bound has to be an integer of at least 1, not 0")
    }).pipe(Effect.provide(withoutIntents)))

  it.scoped("is a defect to read a kind that is not kept", () =>
    Effect.gen(function*() {
      const { state } = yield* GuildState.make({ guilds: true })
      const cause = yield* Effect.flip(Effect.sandbox(state.permissions(first.id, "7")))
      assert.include(String(cause), "add `roles: true` to the options of GuildState")
    }).pipe(Effect.provide(GuildStore.layerMemory)))

  const assembledFleet = <E, R>(features: Layer.Layer<never, E, R>) =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 2 }, connect: "onRead" })
      return yield* Effect.provideService(Events.assembleFleet(features), Fleet.Fleet, fleet)
    })

  for (
    const { assemble, name } of [
      { name: "a shard", assemble: assembled },
      { name: "a fleet", assemble: assembledFleet }
    ]
  ) {
    it.scoped(`applies an event before the handlers of the features that use it, on ${name}`, () =>
      Effect.gen(function*() {
        const seen: Array<boolean> = []
        const feature = Events.layer(
          Events.on("GUILD_ROLE_CREATE", ({ d }) =>
            Effect.gen(function*() {
              const state = yield* GuildState.GuildState
              seen.push(Option.isSome(yield* state.role(d.guild_id, d.role.id)))
            }))
        ).pipe(Layer.provide(GuildState.layer({ roles: true })))
        yield* Effect.forkScoped(assemble(feature))
        yield* TestClock.adjust("10 seconds")
        for (let id = 1; id <= 300; id++) {
          const guild = id % 2 === 0 ? first : second
          yield* dispatch("GUILD_ROLE_CREATE", { guild_id: guild.id, role: { ...first.roles[0], id: String(id) } })
          yield* TestClock.adjust(0)
        }
        assert.deepStrictEqual(seen, Array.from({ length: 300 }, () => true))
      }).pipe(Effect.provide(withoutIntents)))
  }

  it.scoped("waits in `after` until an event is in the table", () =>
    Effect.gen(function*() {
      const { handlers, state } = yield* GuildState.make({ roles: true })
      const seen = yield* Deferred.make<number>()
      const feature = Events.on("GUILD_ROLE_CREATE", (event) =>
        Effect.gen(function*() {
          yield* state.after(event)
          const roles = yield* Effect.orDie(state.roles(event.d.guild_id))
          yield* Deferred.succeed(seen, roles.length)
        }))
      yield* Effect.forkScoped(assembled(Layer.mergeAll(Events.layer(feature), Events.layer(handlers))))
      yield* TestClock.adjust("10 seconds")
      const role = (id: string) => ({ guild_id: first.id, role: { ...first.roles[0], id } })
      yield* dispatch("GUILD_ROLE_CREATE", role("1"))
      assert.strictEqual(yield* Deferred.await(seen), first.roles.length + 1)
      yield* state.after(toEvent("MESSAGE_CREATE", {}))
    }).pipe(Effect.provide(Layer.merge(withoutIntents, sqlite.layer))))
})
