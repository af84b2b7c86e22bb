/** On Discord with DISCORD_TOKEN, and without it on a simulated gateway with three guilds. */
import { KeyValueStore } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { SessionStore, ShardConfig } from "@vesper/gateway"
import { NodeGateway } from "@vesper/platform-node"
import { GatewaySimulator, World } from "@vesper/testing"
import { Config, Console, Effect, Layer, Option } from "effect"
import * as MemberBot from "./MemberBot.js"
import * as MemberCache from "./MemberCache.js"

/**
 * The session is stored with the table: a new process resumes at the table's state, without requests. After the session
 * has expired, the guilds of a new session update the table.
 */
const onDiscord = NodeGateway.layerShardConfig(MemberBot.config).pipe(
  Layer.provide(SessionStore.layerKeyValueStore),
  Layer.provide(KeyValueStore.layerFileSystem("sessions")),
  Layer.provide(NodeContext.layer)
)

const world = World.make({ guilds: 3, membersPerGuild: 200 })

/** Members join, change and leave. */
const traffic = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (simulator) => simulator.traffic({ eventsPerSecond: 100 })
)

const onSimulator = Layer.scopedDiscard(Effect.forkScoped(traffic)).pipe(
  Layer.provideMerge(GatewaySimulator.layerShard(MemberBot.config, { world }))
)

const cacheIn = (file: string) => MemberCache.layer.pipe(Layer.provide(LibsqlClient.layer({ url: `file:${file}` })))

/** A reader of the cache outside of the bot. */
const tellCount = Effect.gen(function*() {
  const cache = yield* MemberCache.MemberCache
  yield* Effect.sleep("2 seconds")
  yield* Console.log(`${yield* cache.count} members`)
}).pipe(Effect.forever)

const bot = Effect.raceFirst(MemberBot.run, tellCount)

Config.option(ShardConfig.tokenConfig).pipe(
  Effect.flatMap(Option.match({
    onNone: () => Effect.provide(bot, [onSimulator, cacheIn("simulated.db")]),
    onSome: () => Effect.provide(bot, [onDiscord, cacheIn("members.db")])
  })),
  NodeRuntime.runMain
)
