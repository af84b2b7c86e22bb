import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { assert, describe, it } from "@effect/vitest"
import { Builder, Fault, GatewaySimulator, World } from "@vesper/testing"
import { Context, Effect, Layer, Option, Queue, TestClock } from "effect"
import { Member } from "../src/Member.js"
import * as MemberBot from "../src/MemberBot.js"
import * as MemberCache from "../src/MemberCache.js"

/** Publishes every write, so that a test can wait for it, because the database takes real time. */
class Written extends Context.Tag("Written")<Written, Queue.Queue<keyof MemberCache.MemberCache>>() {}

const observed = Layer.effect(
  MemberCache.MemberCache,
  Effect.gen(function*() {
    const cache = yield* MemberCache.MemberCache
    const written = yield* Written
    const publish = (operation: keyof MemberCache.MemberCache) => Effect.tap(Queue.offer(written, operation))
    return {
      ...cache,
      put: (member) => publish("put")(cache.put(member)),
      putPart: (part) => publish("putPart")(cache.putPart(part)),
      remove: (guild, id) => publish("remove")(cache.remove(guild, id)),
      removeGuild: (guild) => publish("removeGuild")(cache.removeGuild(guild))
    }
  })
)

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

const layer = observed.pipe(
  Layer.provideMerge(MemberCache.layer),
  Layer.provideMerge(Layer.merge(database, Layer.effect(Written, Queue.unbounded()))),
  Layer.merge(GatewaySimulator.layerShard(MemberBot.config, { world }))
)

const ghost = new Member({ guild: guildId, id: "3", username: "ghost", nick: null, roles: [] })

/** Starts the bot and waits until the members of its guild are in the table. */
const start = Effect.gen(function*() {
  const cache = yield* MemberCache.MemberCache
  const written = yield* Written
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Effect.forkScoped(MemberBot.run)
  // The response has a thousand members in its first part.
  assert.deepStrictEqual(Array.from(yield* Queue.takeN(written, 2)), ["putPart", "putPart"])
  return { cache, simulator, written }
})

describe("the member cache", () => {
  it.scoped("has all members of a guild", () =>
    Effect.gen(function*() {
      const { cache, simulator } = yield* start
      assert.strictEqual(yield* cache.count, memberCount)
      const some = guild?.members[1_100]
      const found = Option.getOrThrow(yield* cache.find(guildId, some?.user.id ?? ""))
      assert.strictEqual(found.username, some?.user.username)
      assert.deepStrictEqual(found.roles, some?.roles)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("follows members that join, change and leave", () =>
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

  it.scoped("forgets members that left while no bot was running", () =>
    Effect.gen(function*() {
      const cache = yield* MemberCache.MemberCache
      yield* cache.put(ghost)
      yield* Queue.take(yield* Written)
      yield* start
      assert.deepStrictEqual(yield* cache.find(guildId, ghost.id), Option.none())
      assert.strictEqual(yield* cache.count, memberCount)
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps a guild over an outage, and forgets one that the bot has left", () =>
    Effect.gen(function*() {
      const { cache, simulator, written } = yield* start
      yield* simulator.dispatch(Builder.event("GUILD_DELETE", { id: guildId, unavailable: true }))
      yield* simulator.dispatch(Builder.event("GUILD_DELETE", { id: "5", unavailable: undefined }))
      // The next write is the other guild's.
      assert.strictEqual(yield* Queue.take(written), "removeGuild")
      assert.strictEqual(yield* cache.count, memberCount)
      yield* simulator.dispatch(Builder.event("GUILD_DELETE", { id: guildId, unavailable: undefined }))
      yield* Queue.take(written)
      assert.strictEqual(yield* cache.count, 0)
    }).pipe(Effect.provide(layer)))

  it.scoped("asks again with a new session, and no sooner than Discord wants", () =>
    Effect.gen(function*() {
      const { cache, simulator, written } = yield* start
      yield* simulator.inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("29 seconds")
      // The request was rate limited, and the bot waits.
      assert.isTrue(yield* Queue.isEmpty(written))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(Array.from(yield* Queue.takeN(written, 2)), ["putPart", "putPart"])
      // The earlier members are still in the table.
      assert.strictEqual(yield* cache.count, memberCount)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))
})
