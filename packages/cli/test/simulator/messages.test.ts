import { assert, describe, it } from "@effect/vitest"
import * as Shard from "@vesper/gateway/Shard"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as Builder from "@vesper/testing/Builder"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { parseCommand, sendMessages } from "../../src/simulator/messages.js"

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
    yield* Effect.forkScoped(sendMessages(simulator, ["!ping", "!help"]))
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

const commands: ReadonlyArray<readonly [text: string, name: string, options?: Parameters<typeof Builder.command>[1]]> =
  [
    ["ping", "ping"],
    ["ping name=Ada times=2 share=0.5 loud=true", "ping", { name: "Ada", times: 2, share: 0.5, loud: true }],
    ["config  set key=a=b", "config set", { key: "a=b" }],
    ["ban who=378812232806432776", "ban", { who: "378812232806432776" }]
  ]

describe("--interact", () => {
  for (const [text, name, options] of commands) {
    it(`makes a command of "${text}"`, () => {
      assert.deepStrictEqual(parseCommand(text), Builder.command(name, options))
    })
  }
})
