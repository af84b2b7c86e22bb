import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { assert, describe, it } from "@effect/vitest"
import { Builder, Fault, GatewaySimulator, World } from "@vesper/testing"
import { Context, Effect, Layer, Option, Queue, TestClock } from "effect"
import { Member } from "../src/Member.js"
import * as MemberBot from "../src/MemberBot.js"
import * as MemberCache from "../src/MemberCache.js"

/** Tells what has been written, so that a test can wait for it: the database takes real time, and TestClock has none. */
class Written extends Context.Tag("Written")<Written, Queue.Queue<keyof MemberCache.MemberCache>>() {}

const observed = Layer.effect(
  MemberCache.MemberCache,
  Effect.gen(function*() {
    const cache = yield* MemberCache.MemberCache
    const written = yield* Written
    const tell = (operation: keyof MemberCache.MemberCache) => Effect.tap(Queue.offer(written, operation))
    return {
      ...cache,
      put: (member) => tell("put")(cache.put(member)),
      putPart: (part) => tell("putPart")(cache.putPart(part)),
      remove: (guild, id) => tell("remove")(cache.remove(guild, id)),
      removeGuild: (guild) => tell("removeGuild")(cache.removeGuild(guild))
    }
  })
)

/** A database in a file that is gone after the test: one in memory is gone after its first transaction. */
const database = Layer.unwrapScoped(Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const folder = yield* fileSystem.makeTempDirectoryScoped()
  return LibsqlClient.layer({ url: `file:${folder}/members.db` })
})).pipe(Layer.provide(NodeContext.layer))

const world = World.make({ guilds: 1, membersPerGuild: 1_200, seed: 3 })
const [guild] = world.guilds
const guildId = guild?.id ?? ""

const layer = observed.pipe(
  Layer.provideMerge(MemberCache.layer),
  Layer.provideMerge(Layer.merge(database, Layer.effect(Written, Queue.unbounded()))),
  Layer.merge(GatewaySimulator.layerShard(MemberBot.config, { world }))
)

const ghost = new Member({ guild: guildId, id: "1", username: "ghost", nick: null, roles: [] })

/** The bot, once the members of its guild are in the table. */
const start = Effect.gen(function*() {
  const cache = yield* MemberCache.MemberCache
  const written = yield* Written
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Effect.forkScoped(MemberBot.run)
  // A thousand members are in the first part of the answer, the others in the second.
  assert.deepStrictEqual(Array.from(yield* Queue.takeN(written, 2)), ["putPart", "putPart"])
  return { cache, simulator, written }
})

describe("the member cache", () => {
  it.scoped("has all members of a guild", () =>
    Effect.gen(function*() {
      const { cache, simulator } = yield* start
      assert.strictEqual(yield* cache.count, guild?.members.length)
      const some = guild?.members[1_100]
      const found = Option.getOrThrow(yield* cache.find(guildId, some?.user.id ?? ""))
      assert.strictEqual(found.username, some?.user.username)
      assert.deepStrictEqual(found.roles, some?.roles)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("follows those who come, change and go", () =>
    Effect.gen(function*() {
      const { cache, simulator, written } = yield* start
      const user = { id: "7", username: "Ada%1" }
      yield* simulator.dispatch(Builder.member({ guild_id: guildId, user, nick: null, roles: ["2"] }))
      yield* Queue.take(written)
      assert.deepStrictEqual((yield* cache.search(guildId, "ada%")).map(({ id }) => id), ["7"])
      assert.deepStrictEqual(yield* cache.search(guildId, "%1"), [])

      yield* simulator.dispatch(
        Builder.event("GUILD_MEMBER_UPDATE", { guild_id: guildId, user, nick: "Countess", roles: [] })
      )
      yield* Queue.take(written)
      assert.deepStrictEqual(
        yield* cache.search(guildId, "count"),
        [new Member({ guild: guildId, id: "7", username: "Ada%1", nick: "Countess", roles: [] })]
      )

      yield* simulator.dispatch(Builder.event("GUILD_MEMBER_REMOVE", { guild_id: guildId, user }))
      yield* Queue.take(written)
      assert.deepStrictEqual(yield* cache.find(guildId, "7"), Option.none())
    }).pipe(Effect.provide(layer)))

  it.scoped("forgets those who left while no bot was running", () =>
    Effect.gen(function*() {
      const cache = yield* MemberCache.MemberCache
      yield* cache.put(ghost)
      yield* Queue.take(yield* Written)
      yield* start
      assert.deepStrictEqual(yield* cache.find(guildId, ghost.id), Option.none())
      assert.strictEqual(yield* cache.count, guild?.members.length)
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps a guild over an outage, and forgets one that the bot has left", () =>
    Effect.gen(function*() {
      const { cache, simulator, written } = yield* start
      yield* simulator.dispatch(Builder.event("GUILD_DELETE", { id: guildId, unavailable: true }))
      yield* simulator.dispatch(Builder.event("GUILD_DELETE", { id: "5", unavailable: undefined }))
      // What was written next is the other guild's.
      assert.strictEqual(yield* Queue.take(written), "removeGuild")
      assert.strictEqual(yield* cache.count, guild?.members.length)
      yield* simulator.dispatch(Builder.event("GUILD_DELETE", { id: guildId, unavailable: undefined }))
      yield* Queue.take(written)
      assert.strictEqual(yield* cache.count, 0)
    }).pipe(Effect.provide(layer)))

  it.scoped("asks again with a new session, and no sooner than Discord wants", () =>
    Effect.gen(function*() {
      const { cache, simulator, written } = yield* start
      yield* simulator.inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("29 seconds")
      // It has asked, was told to wait, and waits.
      assert.isTrue(yield* Queue.isEmpty(written))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(Array.from(yield* Queue.takeN(written, 2)), ["putPart", "putPart"])
      // Those who were there before are there still.
      assert.strictEqual(yield* cache.count, guild?.members.length)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))
})
