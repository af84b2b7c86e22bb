/**
 * `main.ts [workers]`: the supervisor, on Discord with DISCORD_TOKEN, and without it on a simulated gateway with eight
 * shards.
 */
import { Command, FetchHttpClient } from "@effect/platform"
import { NodeContext, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { GatewayApi, IdentifyQueue, ShardConfig } from "@vesper/gateway"
import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
import { GatewayServer, GatewaySimulator, World } from "@vesper/testing"
import { Config, Console, Effect, Layer, Option } from "effect"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import * as Supervisor from "./Supervisor.js"

const workers = Number(process.argv[2] ?? 2)

const options = {
  // Started as this process was.
  command: Command.make(process.execPath, ...process.execArgv, fileURLToPath(new URL("Worker.ts", import.meta.url))),
  workers,
  tell: (worker: number, line: string) => Console.log(`worker ${worker}: ${line}`)
}

/** Discord says how many shards the bot needs; the workers have the token from the environment, as this process has. */
const onDiscord = Effect.gen(function*() {
  const api = yield* GatewayApi.GatewayApi
  const { shards } = yield* api.gatewayBot
  return yield* Supervisor.run({ ...options, total: Math.max(shards, workers), sessions: "sessions", environment: {} })
}).pipe(
  Effect.provide(
    IdentifyQueue.layerFromApi({ interval: IdentifyQueueServer.defaultInterval }).pipe(
      Layer.provideMerge(GatewayApi.layerConfig({ token: ShardConfig.tokenConfig })),
      Layer.provide(FetchHttpClient.layer)
    )
  )
)

const maxConcurrency = 4

const onSimulator = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const server = yield* GatewayServer.GatewayServer
  yield* Effect.forkScoped(simulator.traffic({ eventsPerSecond: 10 }))
  return yield* Supervisor.run({
    ...options,
    total: 8,
    sessions: "sessions/simulated",
    environment: { DISCORD_TOKEN: "any-token", GATEWAY_URL: server.url }
  })
}).pipe(
  Effect.scoped,
  Effect.provide(
    GatewayServer.layer().pipe(
      Layer.provideMerge(GatewaySimulator.layer({ maxConcurrency, world: World.make({ guilds: 20 }) })),
      Layer.merge(IdentifyQueue.layerInMemory({ maxConcurrency, interval: IdentifyQueueServer.defaultInterval }))
    )
  )
)

const hasToken = Effect.map(Config.option(ShardConfig.tokenConfig), Option.isSome)

Effect.if(hasToken, { onTrue: () => onDiscord, onFalse: () => onSimulator }).pipe(
  // On loopback and on any port that is free: the queue is for the workers only.
  Effect.provide([NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }), NodeContext.layer]),
  NodeRuntime.runMain
)
