/**
 * A bot that is killed and started again: one shard, whose session is in files, and whose identifies are paced by a queue
 * that it shares with other processes. Each event that it has handled, and each word of its shard, is a line in the file
 * of its life, written before anything else happens. Begins when it is told to on its input, so that the time which Node
 * takes to start is out of the way.
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Fs from "node:fs"
import type { Line } from "./lives.js"
import { config, numberOf, type Setting } from "./setting.js"
import * as Witness from "./witness.js"

const setting: Setting = JSON.parse(process.argv[2] ?? "")

const program = Effect.gen(function*() {
  const file = Fs.openSync(setting.file, "a")
  const write = (line: Line) => Fs.writeSync(file, `${JSON.stringify(line)}\n`)
  const shard = yield* Shard.make(ShardId.unsafeMake(setting.shard, setting.total))
  yield* Effect.forkScoped(Witness.listen(shard, write))
  yield* shard.runForEach((event) =>
    Effect.sync(() => {
      const number = numberOf(event.d)
      if (number !== undefined) {
        write({ _tag: "Handled", number })
      }
    })
  )
}).pipe(
  Effect.scoped,
  Effect.provide([
    config(setting.url, setting.speed, "onHandled"),
    Layer.provide(IdentifyQueue.layerHttp(setting.queueUrl), NodeHttpClient.layer),
    NodeGateway.layer({ compression: "zstd-stream" }),
    SessionStore.layerKeyValueStore.pipe(
      Layer.provide(KeyValueStore.layerFileSystem(setting.sessions)),
      Layer.provide(NodeContext.layer)
    ),
    Logger.remove(Logger.defaultLogger)
  ])
)

process.stdin.once("data", () => {
  process.stdin.destroy()
  NodeRuntime.runMain(program)
})
