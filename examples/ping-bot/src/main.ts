/**
 * Runs on Discord, or at GATEWAY_URL, with DISCORD_TOKEN; without it on a simulated gateway where a user writes `!ping`
 * from time to time.
 */
import { FetchHttpClient } from "@effect/platform"
// Its own module: the package as a whole would bring the HTTP client undici into the one file.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { ShardConfig } from "@vesper/gateway"
import { NodeGateway } from "@vesper/platform-node"
import { Builder, GatewaySimulator } from "@vesper/testing"
import { Config, Console, Effect, Layer, Option, Schedule } from "effect"
import * as Messages from "./Messages.js"
import * as PingBot from "./PingBot.js"

const onDiscord = Layer.merge(
  NodeGateway.layerShardConfig({
    ...PingBot.config,
    gatewayUrl: Config.withDefault(Config.string("GATEWAY_URL"), ShardConfig.defaultGatewayUrl)
  }),
  Layer.provide(Messages.layerDiscord, FetchHttpClient.layer)
)

/** A user on the simulated gateway. */
const ada = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const said = Builder.message({ content: "!ping", author: { username: "ada" } })
  yield* Console.log(`#${said.d.channel_id}  ada: ${said.d.content}`)
  yield* simulator.dispatch(said)
}).pipe(Effect.schedule(Schedule.spaced("2 seconds")))

const onSimulator = Layer.scopedDiscard(Effect.forkScoped(ada)).pipe(
  Layer.provideMerge(GatewaySimulator.layerShard(PingBot.config, { latency: "25 millis" })),
  Layer.merge(Messages.layerConsole)
)

Config.option(ShardConfig.tokenConfig).pipe(
  Effect.flatMap(Option.match({
    onNone: () => Effect.provide(PingBot.run, onSimulator),
    onSome: () => Effect.provide(PingBot.run, onDiscord)
  })),
  NodeRuntime.runMain
)
