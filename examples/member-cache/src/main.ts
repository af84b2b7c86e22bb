/** On Discord with DISCORD_TOKEN, and without it on a simulated gateway with three guilds. */
import { KeyValueStore } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { Events, SessionStore, ShardConfig } from "@vesper/gateway"
import { Intents } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { GatewaySimulator, World } from "@vesper/testing"
import { Config, Effect, Layer, Option } from "effect"
import * as MemberBot from "./MemberBot.js"

/** An event is acknowledged when its change is in the table. After a crash it is delivered again, which is idempotent. */
const config = { intents: Intents.none, acknowledge: "onHandled" } as const

/**
 * The session is stored with the table: a new process resumes at the table's state, without requests. After the session
 * has expired, the guilds of a new session update the table.
 */
const onDiscord = NodeGateway.layerShardConfig(config).pipe(
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
  Layer.provideMerge(GatewaySimulator.layerShard(config, { world }))
)

const tableIn = (file: string) => LibsqlClient.layer({ url: `file:${file}` })

const bot = Events.assemble(MemberBot.Bot, MemberBot.options)

Config.option(ShardConfig.tokenConfig).pipe(
  Effect.flatMap(Option.match({
    onNone: () => Effect.provide(bot, [onSimulator, tableIn("simulated.db")]),
    onSome: () => Effect.provide(bot, [onDiscord, tableIn("members.db")])
  })),
  NodeRuntime.runMain
)
