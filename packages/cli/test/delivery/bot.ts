/**
 * A bot to be killed: one shard of each way to acknowledge. Writes the number of each event that it has handled to the
 * file of its life. It starts on a line of input, so that the start of Node is not part of the measurement.
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Shard from "@vesper/gateway/Shard"
import type * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"

const [url = "", directory = "", life = ""] = process.argv.slice(2)

const bot = (id: number, acknowledge: ShardConfig.Acknowledge) =>
  Effect.gen(function*() {
    const file = Fs.openSync(`${directory}/${acknowledge}-${life}`, "a")
    const shard = yield* Shard.Shard
    yield* shard.runForEach((event) =>
      event.t !== "MESSAGE_CREATE" ? Effect.void : Effect.zipRight(
        Effect.sleep("2 millis"),
        Effect.sync(() => Fs.writeSync(file, `${event.d.content}\n`))
      )
    )
  }).pipe(Effect.provide(NodeGateway.layerShard({
    token: Redacted.make("secret"),
    intents: Intents.of("DirectMessages", "GuildMessages"),
    gatewayUrl: url,
    shard: { id, total: 2 },
    maxConcurrency: 2,
    acknowledge,
    saveInterval: "50 millis"
  })))

const sessions = SessionStore.layerKeyValueStore.pipe(
  Layer.provide(KeyValueStore.layerFileSystem(`${directory}/sessions`)),
  Layer.provide(NodeContext.layer)
)

process.stdin.once("data", () => {
  process.stdin.destroy()
  Effect.all([bot(0, "onHandled"), bot(1, "onReceive")], { concurrency: "unbounded", discard: true }).pipe(
    Effect.provide(sessions),
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))),
    NodeRuntime.runMain
  )
})
