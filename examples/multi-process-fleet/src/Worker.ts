/** A process with its part of the shards. Its configuration is in the environment; see `Supervisor`. */
import { KeyValueStore } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Fleet, IdentifyQueue, SessionStore, ShardConfig } from "@vesper/gateway"
import { Intents } from "@vesper/model"
import { NodeGateway } from "@vesper/platform-node"
import { Config, Console, Effect, Layer } from "effect"

const settings = Config.all({
  worker: Config.integer("WORKER"),
  workers: Config.integer("WORKERS"),
  total: Config.integer("SHARDS"),
  queueUrl: Config.string("QUEUE_URL"),
  sessions: Config.string("SESSIONS")
})

const config = ShardConfig.layerConfig({
  intents: Intents.of("GuildMessages"),
  events: ["READY", "RESUMED", "MESSAGE_CREATE"],
  gatewayUrl: Config.string("GATEWAY_URL").pipe(Config.withDefault(ShardConfig.defaultGatewayUrl))
})

const layer = Layer.unwrapEffect(
  Effect.map(
    settings,
    ({ queueUrl, sessions, total, worker, workers }) =>
      Fleet.layer({ shards: { bucket: worker, of: workers, total } }).pipe(
        Layer.provide(config),
        Layer.provide(IdentifyQueue.layerHttp(queueUrl)),
        Layer.provide(SessionStore.layerKeyValueStore),
        Layer.provide(KeyValueStore.layerFileSystem(sessions)),
        Layer.provide(NodeGateway.layer()),
        Layer.provide([NodeHttpClient.layer, NodeContext.layer])
      )
  )
)

const program = Effect.gen(function*() {
  const fleet = yield* Fleet.Fleet
  yield* Console.log(`process ${process.pid}`)
  yield* fleet.runForEach(({ event, shard }) => {
    switch (event.t) {
      case "READY":
      case "RESUMED":
        return Console.log(`shard ${shard.id} ${event.t}`)
      case "MESSAGE_CREATE":
        return Console.log(`shard ${shard.id} ${event.d.author.username}: ${event.d.content}`)
      default:
        return Effect.void
    }
  })
})

NodeRuntime.runMain(Effect.provide(program, layer))
