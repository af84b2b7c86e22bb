/** Runs on Discord with DISCORD_TOKEN, into a file; without it on a simulated gateway with a generated incident. */
import { KeyValueStore } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { SessionStore, ShardConfig } from "@vesper/gateway"
import { Opcode } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { Builder, Expect, GatewaySimulator } from "@vesper/testing"
import { Config, Effect, Layer, Option } from "effect"
import * as ModerationBot from "./ModerationBot.js"
import * as ModerationLog from "./ModerationLog.js"
import * as RecentMessages from "./RecentMessages.js"

/** With stored sessions, the next process receives the events that happened while none was running. */
const onDiscord = Layer.mergeAll(
  NodeGateway.layerShardConfig(ModerationBot.config).pipe(Layer.provide(SessionStore.layerKeyValueStore)),
  ModerationLog.layerFile("moderation.ndjson")
).pipe(
  Layer.provide(KeyValueStore.layerFileSystem("sessions")),
  Layer.provide(NodeContext.layer)
)

/** Events on the simulated gateway. */
const badDay = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Expect.expectCommand(simulator, Opcode.Identify)
  const spam = Builder.message({ content: "buy my coins", author: { username: "spammer" } })
  const { author, channel_id, guild_id, id } = spam.d
  for (
    const event of [
      spam,
      Builder.event("MESSAGE_DELETE", { id, channel_id, guild_id }),
      Builder.event("MESSAGE_DELETE_BULK", { channel_id, guild_id, ids: ["1", "2", "3"] }),
      Builder.event("GUILD_AUDIT_LOG_ENTRY_CREATE", { action_type: 20, target_id: author.id, reason: "spam" }),
      Builder.event("GUILD_BAN_ADD", { guild_id, user: author }),
      Builder.event("GUILD_BAN_REMOVE", { guild_id, user: author })
    ]
  ) {
    yield* simulator.dispatch(event)
    yield* Effect.sleep("1 second")
  }
})

const onSimulator = Layer.scopedDiscard(Effect.forkScoped(badDay)).pipe(
  Layer.provideMerge(GatewaySimulator.layerShard(ModerationBot.config)),
  Layer.merge(ModerationLog.layerConsole)
)

Config.option(ShardConfig.tokenConfig).pipe(
  Effect.flatMap(Option.match({
    onNone: () => Effect.provide(ModerationBot.run, onSimulator),
    onSome: () => Effect.provide(ModerationBot.run, onDiscord)
  })),
  Effect.provide(RecentMessages.layer({ capacity: 10_000 })),
  NodeRuntime.runMain
)
