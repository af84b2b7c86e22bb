/** A process with shards of its own: `queueClient.ts <id>... <total>`, on GATEWAY_URL, through the queue of QUEUE_URL. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const numbers = process.argv.slice(2).map(Number)
const total = numbers.at(-1) ?? 1

const program = Effect.gen(function*() {
  for (const id of numbers.slice(0, -1)) {
    const shard = yield* Shard.make(ShardId.unsafeMake(id, total))
    yield* shard.connect
  }
  return yield* Effect.never
})

const services = Layer.unwrapEffect(
  Effect.map(
    Config.all([Config.string("GATEWAY_URL"), Config.string("QUEUE_URL")]),
    ([gatewayUrl, queueUrl]) =>
      Layer.mergeAll(
        ShardConfig.layer({ token: Redacted.make("token"), intents: Intents.of("Guilds"), gatewayUrl }),
        Layer.provide(IdentifyQueue.layerHttp(queueUrl), NodeHttpClient.layer),
        NodeGateway.layer()
      )
  )
)

program.pipe(Effect.scoped, Effect.provide(services), NodeRuntime.runMain)
