import { Client, GatewayDispatchEvents, InteractionType, PresenceUpdateStatus } from "@discordjs/core"
import { REST } from "@discordjs/rest"
import { assert, describe, it } from "@effect/vitest"
import * as CoreGateway from "@vesper/discordjs/CoreGateway"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Builder from "@vesper/testing/Builder"
import * as Expect from "@vesper/testing/Expect"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

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
