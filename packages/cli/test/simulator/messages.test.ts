import { assert, describe, it } from "@effect/vitest"
import * as Shard from "@vesper/gateway/Shard"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { sendMessages } from "../../src/simulator/messages.js"

const config = {
  intents: Intents.of("GuildMessages", "DirectMessages", "MessageContent"),
  events: ["MESSAGE_CREATE"] as const
}

/** The messages of ten seconds. */
const hear = (world: World.World) =>
  Effect.gen(function*() {
    // Ids begin in 2015.
    yield* TestClock.setTime(Date.UTC(2026, 0))
    const shard = yield* Shard.Shard
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const heard: Array<Dispatch.DataOf<"MESSAGE_CREATE">> = []
    yield* Effect.forkScoped(
      shard.runForEach((event) => Effect.sync(() => event.t === "MESSAGE_CREATE" && heard.push(event.d)))
    )
    yield* Effect.forkScoped(sendMessages(simulator, world, ["!ping", "!help"]))
    yield* TestClock.adjust("10 seconds")
    return heard
  }).pipe(Effect.scoped, Effect.provide(GatewaySimulator.layerShard(config, { world })))

describe("somebody on the simulated gateway", () => {
  it.effect("says one thing after the other in a guild, each with an id of its own", () =>
    Effect.gen(function*() {
      const world = World.make({ guilds: 2 })
      const heard = yield* hear(world)
      assert.deepStrictEqual(heard.map(({ content }) => content), ["!ping", "!help", "!ping"])
      assert.deepStrictEqual(new Set(heard.map(({ guild_id }) => guild_id)), new Set([world.guilds[0]?.id]))
      assert.strictEqual(new Set(heard.map(({ id }) => id)).size, 3)
    }))

  it.effect("writes a direct message where there is no guild", () =>
    Effect.gen(function*() {
      const [first] = yield* hear(World.empty)
      assert.strictEqual(first?.content, "!ping")
      assert.notProperty(first, "guild_id")
    }))
})
