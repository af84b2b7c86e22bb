/** `vesper queue serve`. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
import * as IdentifyStore from "@vesper/gateway/IdentifyStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { QueueOptions } from "../commands/index.js"
import { Token } from "../config/index.js"
import { failedWith } from "../exit/index.js"
import { listen } from "../loopback/index.js"
import { writeLine } from "../tui/index.js"

const fromApi = (options: IdentifyQueue.FromApiOptions, baseUrl: string | undefined) =>
  Effect.gen(function*() {
    const token = yield* Token.read("give the limit: --max-concurrency 1")
    const api = yield* Effect.provide(GatewayApi.make({ token, baseUrl }), FetchHttpClient.layer)
    return yield* Effect.mapError(
      Effect.provideService(IdentifyQueue.makeFromApi(options), GatewayApi.GatewayApi, api),
      failedWith
    )
  })

/** A folder belongs to one bot. */
const layerStore = (folder: Option.Option<string>) =>
  Option.match(folder, {
    onNone: () => Layer.empty,
    onSome: (folder) =>
      Layer.provide(IdentifyStore.layerKeyValueStore({ bot: "bot" }), KeyValueStore.layerFileSystem(folder))
  })

export const serve = (options: QueueOptions) =>
  Effect.gen(function*() {
    const interval = Option.getOrElse(options.interval, () => IdentifyQueueServer.defaultInterval)
    const reserve = Option.getOrUndefined(options.reserve)
    const queue = yield* Option.match(options.maxConcurrency, {
      onNone: () => fromApi({ interval, reserve }, Option.getOrUndefined(options.apiUrl)),
      onSome: (maxConcurrency) =>
        IdentifyQueue.makeInMemory({ maxConcurrency, interval, budget: { total: options.total, reserve } })
    })
    const { host } = options
    // Waiting clients repeat their request when a queue answers again.
    const { port, url } = yield* listen(
      { host, port: options.port, allowsLinks: false, what: "queue", portOption: "--port" },
      IdentifyQueueServer.make(queue)
    )
    yield* writeLine(
      options.json
        ? JSON.stringify({ url, port })
        : `vesper queue: ${url}?shard=0 answers when shard 0 may identify; Ctrl-C ends it`
    )
    return yield* Effect.never
  }).pipe(
    Effect.provide(Layer.mapError(layerStore(options.state), failedWith)),
    Effect.scoped
  )
