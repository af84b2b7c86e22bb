import { Client, GatewayDispatchEvents, InteractionType, PresenceUpdateStatus } from "@discordjs/core"
import { REST } from "@discordjs/rest"
import { assert, describe, it } from "@effect/vitest"
import * as CoreGateway from "@vesper/discordjs/CoreGateway"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Builder from "@vesper/testing/Builder"
import * as Expect from "@vesper/testing/Expect"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"

const world = World.make({ guilds: 2, membersPerGuild: 4 })

/** The shard is in memory; core's own HTTP client needs a server. */
const layer = GatewayServer.layer().pipe(
  Layer.provideMerge(
    GatewaySimulator.layerShard({ intents: Intents.of("Guilds", "GuildMembers") }, { world, latency: "20 millis" })
  )
)

const start = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const { port } = yield* GatewayServer.GatewayServer
  const rest = new REST({ api: `http://127.0.0.1:${port}/api` }).setToken("any-token")
  const gateway = yield* CoreGateway.make
  const client = new Client({ rest, gateway })
  return { simulator, gateway, client }
})

describe("the gateway of @discordjs/core", () => {
  it.scopedLive("delivers interactions, which the client's API answers", () =>
    Effect.gen(function*() {
      const { client, gateway, simulator } = yield* start
      client.on(GatewayDispatchEvents.Ready, async ({ api, data }) => {
        await api.applicationCommands.bulkOverwriteGlobalCommands(data.application.id, [
          { name: "ping", description: "Answers with pong" }
        ])
      })
      client.on(GatewayDispatchEvents.InteractionCreate, async ({ api, data, shardId }) => {
        if (data.type === InteractionType.ApplicationCommand) {
          await api.interactions.reply(data.id, data.token, { content: `pong from shard ${shardId}` })
        }
      })
      yield* Effect.forkScoped(gateway.run)
      yield* Expect.request(simulator, "PUT /applications/:application/commands")
      yield* Expect.reply(simulator, Builder.command("ping"), "pong from shard 0")
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("sends the client's commands", () =>
    Effect.gen(function*() {
      const { client, gateway, simulator } = yield* start
      yield* Effect.forkScoped(gateway.run)
      yield* Expect.expectCommand(simulator, Opcode.Identify)
      const [guild] = world.guilds
      const members = yield* Effect.promise(() =>
        client.requestGuildMembers({ guild_id: guild?.id ?? "", query: "", limit: 0 })
      )
      // The bot is a member too.
      assert.lengthOf(members.members, 5)
      const presence = { status: PresenceUpdateStatus.Idle, since: null, afk: false, activities: [] }
      yield* Effect.promise(() => client.updatePresence(0, presence))
      const { d } = yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
      assert.deepInclude(d, { status: "idle" })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("has the shards of a fleet", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const { port } = yield* GatewayServer.GatewayServer
      const gateway = yield* CoreGateway.makeFleet
      const client = new Client({ rest: new REST({ api: `http://127.0.0.1:${port}/api` }), gateway })
      const seen = yield* Queue.unbounded<number>()
      client.on(GatewayDispatchEvents.Ready, ({ shardId }) => {
        seen.unsafeOffer(shardId)
      })
      yield* Effect.forkScoped(gateway.run)
      assert.deepStrictEqual((yield* Queue.takeN(seen, 2)).pipe(Chunk.toReadonlyArray).toSorted(), [0, 1])
      assert.strictEqual(yield* Effect.promise(async () => gateway.getShardCount()), 2)
      const presence = { status: PresenceUpdateStatus.Idle, since: null, afk: false, activities: [] }
      yield* Effect.promise(() => client.updatePresence(1, presence))
      const { shard } = yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
      assert.strictEqual(shard, 1)
      const error = yield* Effect.flip(Effect.tryPromise(() => client.updatePresence(7, presence)))
      assert.include(String(error.error), "Shard 7 is not in this process")
    }).pipe(Effect.provide(
      GatewayServer.layer().pipe(
        Layer.provideMerge(Fleet.layer({ shards: { total: 2 } })),
        Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") })),
        Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 2 })),
        Layer.provideMerge(GatewaySimulator.layerInMemory({ world, maxConcurrency: 2 }))
      )
    )))

  it.scopedLive("continues after a listener that throws", () =>
    Effect.gen(function*() {
      const { client, gateway, simulator } = yield* start
      const seen: Array<string> = []
      client.on(GatewayDispatchEvents.MessageCreate, ({ data }) => {
        seen.push(data.content)
        if (data.content === "first") {
          throw new Error("the listener's")
        }
      })
      yield* Effect.forkScoped(gateway.run)
      yield* Expect.expectCommand(simulator, Opcode.Identify)
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "first" } })
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "second" } })
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => seen.length === 2 })
      assert.deepStrictEqual(seen, ["first", "second"])
    }).pipe(Effect.provide(
      GatewayServer.layer().pipe(
        Layer.provideMerge(GatewaySimulator.layerShard({ intents: Intents.of("GuildMessages", "DirectMessages") }))
      )
    )))
})
