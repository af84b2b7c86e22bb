import { REST } from "@discordjs/rest"
import { assert, describe, it } from "@effect/vitest"
import * as ShardingStrategy from "@vesper/discordjs/ShardingStrategy"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Builder from "@vesper/testing/Builder"
import * as Expect from "@vesper/testing/Expect"
import * as Fault from "@vesper/testing/Fault"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import { Client, type ClientOptions, Events, GatewayIntentBits } from "discord.js"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

const world = World.make({ guilds: 4, membersPerGuild: 3 })

const serve = (options: GatewaySimulator.Options = {}) =>
  GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({ world, maxConcurrency: 2, ...options })))

/** A discord.js client with two shards, which is destroyed with the scope. */
const makeClient = (
  intents: ReadonlyArray<GatewayIntentBits> = [GatewayIntentBits.Guilds],
  layerFleet: Parameters<typeof ShardingStrategy.make>[0] = NodeGateway.layerFleet,
  shards: Required<Pick<ClientOptions, "shardCount" | "shards">> = { shards: [0, 1], shardCount: 2 }
) =>
  Effect.gen(function*() {
    const { port } = yield* GatewayServer.GatewayServer
    return yield* Effect.acquireRelease(
      Effect.sync(() =>
        new Client({
          intents,
          ...shards,
          rest: { api: `http://127.0.0.1:${port}/api` },
          ws: { buildStrategy: ShardingStrategy.make(layerFleet) }
        })
      ),
      (client) => Effect.promise(() => client.destroy())
    )
  })

const login = (client: Client) => Effect.tryPromise({ try: () => client.login("any-token"), catch: (error) => error })

/** Waits until the client emits an event. */
const next = (client: Client, event: string) =>
  Effect.gen(function*() {
    const found = yield* Deferred.make<ReadonlyArray<unknown>>()
    client.once(event, (...parameters: ReadonlyArray<unknown>) => {
      Deferred.unsafeDone(found, Effect.succeed(parameters))
    })
    return Deferred.await(found)
  })

describe("the sharding strategy of discord.js", () => {
  it.scopedLive("fills the cache, receives interactions and answers", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* makeClient()
      const isReady = yield* next(client, Events.ClientReady)
      yield* login(client)
      yield* isReady
      assert.strictEqual(client.guilds.cache.size, world.guilds.length)
      yield* Effect.promise(async () =>
        client.application?.commands.set([{ name: "ping", description: "Answers with pong" }])
      )
      client.on(Events.InteractionCreate, (interaction) => {
        if (interaction.isChatInputCommand()) {
          void interaction.reply(`pong in ${interaction.guild?.name}`)
        }
      })
      const [guild] = world.guilds
      yield* Expect.reply(simulator, Builder.command("ping", {}, { guild_id: guild?.id }), `pong in ${guild?.["name"]}`)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(serve())))

  it.scopedLive("sends commands, and waits for their answers", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* makeClient([GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers])
      const isReady = yield* next(client, Events.ClientReady)
      yield* login(client)
      yield* isReady
      const guild = client.guilds.cache.first()
      const members = yield* Effect.promise(async () => guild?.members.fetch())
      // The bot is a member too.
      assert.strictEqual(members?.size, 4)
      client.user?.setPresence({ status: "idle" })
      const { d } = yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
      assert.deepInclude(d, { status: "idle" })
    }).pipe(Effect.provide(serve())))

  it.scopedLive("reports a lost connection, and its resume", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* makeClient()
      const isReady = yield* next(client, Events.ClientReady)
      yield* login(client)
      yield* isReady
      const reconnecting = yield* next(client, Events.ShardReconnecting)
      const created = yield* next(client, Events.ChannelCreate)
      const resumed = yield* next(client, Events.ShardResume)
      yield* simulator.inject(Fault.Drop(), { shard: 1 })
      assert.deepStrictEqual(yield* reconnecting, [1])
      const [guild] = world.guilds.filter(({ id }) => Number(BigInt(id) >> 22n) % 2 === 1)
      yield* simulator.dispatch(
        Builder.event("CHANNEL_CREATE", { guild_id: guild?.id, name: "while-away", type: 0, parent_id: null })
      )
      const [channel] = yield* created
      assert.strictEqual((channel as { readonly name: string }).name, "while-away")
      // Discord.js counts RESUMED too.
      assert.deepStrictEqual(yield* resumed, [1, 2])
    }).pipe(Effect.provide(serve())))

  it.scopedLive("fails the login when Discord refuses the bot", () =>
    Effect.gen(function*() {
      const client = yield* makeClient([GatewayIntentBits.Guilds, GatewayIntentBits.GuildMembers])
      const disconnected = yield* next(client, Events.ShardDisconnect)
      const error = yield* Effect.flip(login(client))
      assert.include(String(error), "4014")
      assert.deepInclude((yield* disconnected)[0], { code: 4014 })
    }).pipe(Effect.provide(serve({ allowedIntents: Intents.of("Guilds") }))))

  it.scopedLive("logs a command that a closed shard cannot send", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const logged = yield* Deferred.make<void>()
      const logger = Logger.make(({ message }) => {
        if (String(message).startsWith("A command was not sent")) {
          Deferred.unsafeDone(logged, Effect.void)
        }
      })
      const client = yield* makeClient(
        undefined,
        (options) => Layer.provideMerge(NodeGateway.layerFleet(options), Logger.replace(Logger.defaultLogger, logger))
      )
      const isReady = yield* next(client, Events.ClientReady)
      yield* login(client)
      yield* isReady
      const disconnected = yield* next(client, Events.ShardDisconnect)
      yield* simulator.inject(Fault.Close({ code: 4014, reason: "" }))
      yield* disconnected
      client.user?.setPresence({ status: "idle" })
      yield* Deferred.await(logged)
    }).pipe(Effect.provide(serve())))

  it.scopedLive("refuses shards that are not a range", () =>
    Effect.gen(function*() {
      const client = yield* makeClient(undefined, undefined, { shards: [0, 2], shardCount: 3 })
      assert.include(String(yield* Effect.flip(login(client))), "run each range in a process of its own")
    }).pipe(Effect.provide(serve())))

  it.scopedLive("returns the statuses of the shards", () =>
    Effect.gen(function*() {
      const { port } = yield* GatewayServer.GatewayServer
      const rest = new REST({ api: `http://127.0.0.1:${port}/api` }).setToken("any-token")
      const gateway = { url: `ws://127.0.0.1:${port}/` }
      const options = { rest, token: "any-token", intents: 0, initialPresence: null, largeThreshold: null }
      // The part of a manager that the strategy uses.
      const manager = {
        options: { ...options, updateSessionInfo: () => {} },
        fetchGatewayInformation: async () => gateway,
        getShardCount: async () => 2,
        emit: () => true
      } as unknown as Parameters<ShardingStrategy.BuildStrategy>[0]
      const strategy = ShardingStrategy.make(NodeGateway.layerFleet)(manager)
      yield* Effect.acquireRelease(
        Effect.promise(async () => {
          await strategy.spawn([0, 1])
          await strategy.connect()
        }),
        () => Effect.promise(async () => strategy.destroy())
      )
      // WebSocketShardStatus.Ready.
      const ready: number = 3
      const statuses = yield* Effect.promise(async () => strategy.fetchStatus())
      assert.deepStrictEqual([...statuses.entries()], [[0, ready], [1, ready]])
    }).pipe(Effect.provide(serve())))

  it.scopedLive("reports the latency of heartbeats", () =>
    Effect.gen(function*() {
      const client = yield* makeClient()
      yield* login(client)
      yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => client.ws.ping >= 0 })
      assert.isBelow(client.ws.ping, 1_000)
    }).pipe(Effect.provide(serve({ heartbeatInterval: "500 millis" }))))

  it.scopedLive("ends the sessions when the client is destroyed", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* makeClient()
      yield* login(client)
      assert.lengthOf(yield* simulator.sessions, 2)
      yield* Effect.promise(() => client.destroy())
      const { code } = yield* simulator.awaitLog(LogEntry.is("Closed"))
      assert.strictEqual(code, CloseFrame.NORMAL.code)
      yield* Effect.repeat(Effect.sleep("10 millis"), {
        until: () => Effect.map(simulator.connections, (n) => n === 0)
      })
      assert.lengthOf(yield* simulator.sessions, 0)
    }).pipe(Effect.provide(serve())))
})
