import { assert, describe, it } from "@effect/vitest"
import * as EventType from "@vesper/model/EventType"
import * as ShardId from "@vesper/model/ShardId"
import * as FastCheck from "effect/FastCheck"
import type * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as World from "../src/World.js"

const events = (world: World.World, count: number): ReadonlyArray<GatewaySimulator.Event> =>
  Array.from({ length: count }, (_, i) => world.nextEvent(1_700_000_000_000 + i * 100))
    .flatMap((event) => event === undefined ? [] : [event])

describe("a world", () => {
  it("is the same for the same seed, and another for another", () => {
    const tell = (seed: number) => {
      const world = World.make({ seed, guilds: 3 })
      return JSON.stringify([world.guilds, events(world, 200)])
    }
    FastCheck.assert(
      FastCheck.property(FastCheck.integer({ min: 0 }), (seed) => {
        assert.strictEqual(tell(seed), tell(seed))
        assert.notStrictEqual(tell(seed), tell(seed + 1))
      }),
      { numRuns: 10 }
    )
  })

  it("has guilds that spread over any number of shards", () => {
    const { guilds } = World.make({ guilds: 400, membersPerGuild: 1 })
    for (const total of [2, 4, 16]) {
      const counts = ShardId.all(total).map(({ id }) =>
        guilds.filter((guild) => ShardId.shardOf(guild.id, total) === id).length
      )
      assert.isAbove(Math.min(...counts), 400 / total / 3, `${total} shards: ${counts}`)
    }
  })

  it("gives every id once", () => {
    const { guilds } = World.make({ guilds: 50, membersPerGuild: 30 })
    const ids = guilds.flatMap((guild) => [
      guild.id,
      ...guild.channels.map(({ id }) => id),
      ...guild.members.map(({ user }) => user.id)
    ])
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("speaks of guilds, channels and members that it has", () => {
    const world = World.make({ guilds: 4, membersPerGuild: 5 })
    const guildIds = world.guilds.map(({ id }) => id)
    const all = events(world, 2_000)
    assert.strictEqual(all.length, 2_000)
    for (const { d, guildId, t } of all) {
      assert.isTrue(EventType.isKnown(t))
      assert.include(guildIds, guildId)
      assert.strictEqual((d as { guild_id: string }).guild_id, guildId)
    }
    const counts = new Map<string, number>()
    all.forEach(({ t }) => counts.set(t, (counts.get(t) ?? 0) + 1))
    for (const name of ["PRESENCE_UPDATE", "MESSAGE_CREATE", "TYPING_START", "VOICE_STATE_UPDATE"]) {
      assert.isAbove(counts.get(name) ?? 0, 50, name)
    }
    assert.isAbove(counts.size, 10)
  })

  it("without guilds is silent", () => {
    assert.deepStrictEqual(events(World.make({ guilds: 0 }), 10), [])
    assert.deepStrictEqual(events(World.empty, 10), [])
  })
})
