import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { assert, describe, it } from "@effect/vitest"
import { Events, Shard } from "@vesper/gateway"
import { type EventType, Intents } from "@vesper/model"
import { GuildState } from "@vesper/state"
import { Builder, Fault, GatewaySimulator, World } from "@vesper/testing"
import { Deferred, Effect, Layer, Option, TestClock } from "effect"
import * as MemberBot from "../src/MemberBot.js"

/** A database in a temporary file, because libsql drops one in memory after its first transaction. */
const database = Layer.unwrapScoped(Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const folder = yield* fileSystem.makeTempDirectoryScoped()
  return LibsqlClient.layer({ url: `file:${folder}/members.db` })
})).pipe(Layer.provide(NodeContext.layer))

const world = World.make({ guilds: 1, membersPerGuild: 1_200, seed: 3 })
const [guild] = world.guilds
const guildId = guild?.id ?? ""
// The bot is a member too.
const memberCount = 1_201

const layer = Layer.merge(
  database,
  GatewaySimulator.layerShard({ intents: Intents.none, acknowledge: "onHandled" }, { world })
)

/** Starts the bot and waits until the members of its guild are in the table. */
const start = Effect.gen(function*() {
  const made = yield* Deferred.make<GuildState.GuildState>()
  const probe = Layer.effectDiscard(
    Effect.flatMap(GuildState.GuildState, (state) => Deferred.succeed(made, state))
  ).pipe(Layer.provide(MemberBot.State))
  yield* Effect.forkScoped(Events.assemble(Layer.merge(MemberBot.Bot, probe), MemberBot.options))
  const state = yield* Deferred.await(made)
  const shard = yield* Shard.Shard
  const simulator = yield* GatewaySimulator.GatewaySimulator
  /** Waits until the last part of an answer is in the table. It takes real time, while the clock does not move. */
  const answer = Effect.flatMap(
    Events.next(shard, "GUILD_MEMBERS_CHUNK", { where: ({ d }) => d.chunk_index === d.chunk_count - 1 }),
    state.after
  )
  /** Dispatches an event, and waits until its change is in the table. */
  const apply = (t: EventType.EventType, event: GatewaySimulator.Event) =>
    Effect.gen(function*() {
      const wait = yield* Effect.fork(Events.next(shard, t))
      yield* Effect.yieldNow()
      yield* simulator.dispatch(event)
      yield* state.after(yield* wait)
    })
  yield* answer
  return { answer, apply, simulator, state }
})

describe("the member cache", () => {
  it.scoped("has all members of a guild", () =>
    Effect.gen(function*() {
      const { simulator, state } = yield* start
      assert.strictEqual(yield* state.size("members"), memberCount)
      const some = guild?.members[1_100]
      const found = yield* Effect.flatten(state.member(guildId, some?.user.id ?? ""))
      assert.deepStrictEqual([found.user.username, found.roles], [some?.user.username, some?.roles])
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("follows members that join, change and leave", () =>
    Effect.gen(function*() {
      const { apply, state } = yield* start
      const user = { id: "7", username: "Ada" }
      yield* apply("GUILD_MEMBER_ADD", Builder.member({ guild_id: guildId, user, nick: null, roles: ["2"] }))
      assert.deepStrictEqual((yield* Effect.flatten(state.member(guildId, "7"))).roles, ["2"])
      const renamed = { guild_id: guildId, user, nick: "Countess", roles: [] }
      yield* apply("GUILD_MEMBER_UPDATE", Builder.event("GUILD_MEMBER_UPDATE", renamed))
      assert.strictEqual((yield* Effect.flatten(state.member(guildId, "7"))).nick, "Countess")
      yield* apply("GUILD_MEMBER_REMOVE", Builder.event("GUILD_MEMBER_REMOVE", { guild_id: guildId, user }))
      assert.deepStrictEqual(yield* state.member(guildId, "7"), Option.none())
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps a guild over an outage, and removes one that the bot has left", () =>
    Effect.gen(function*() {
      const { apply, state } = yield* start
      yield* apply("GUILD_DELETE", Builder.event("GUILD_DELETE", { id: guildId, unavailable: true }))
      assert.strictEqual(yield* state.size("members"), memberCount)
      yield* apply("GUILD_DELETE", Builder.event("GUILD_DELETE", { id: guildId, unavailable: undefined }))
      assert.strictEqual(yield* state.size("members"), 0)
    }).pipe(Effect.provide(layer)))

  it.scoped("requests the members again in a new session, and no sooner than Discord wants", () =>
    Effect.gen(function*() {
      const { answer, simulator, state } = yield* start
      yield* simulator.inject(Fault.InvalidSession({ resumable: false }))
      const answered = yield* Effect.fork(answer)
      yield* TestClock.adjust("29 seconds")
      // The request was rate limited, and the bot waits.
      assert.isTrue(Option.isNone(yield* answered.poll))
      yield* TestClock.adjust("5 seconds")
      yield* answered
      assert.strictEqual(yield* state.size("members"), memberCount)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))
})
