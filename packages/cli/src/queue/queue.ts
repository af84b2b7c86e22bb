/** `vesper queue serve`. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
import * as IdentifyStore from "@vesper/gateway/IdentifyStore"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { createServer } from "node:http"
import { Token } from "../config/index.js"
import { failed, failedWith } from "../exit/index.js"
import { formatUrl, guard } from "../loopback/index.js"
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
      Layer.provide(
        IdentifyStore.layerKeyValueStore({ bot: "bot" }),
        KeyValueStore.layerFileSystem(folder)
      )
  })

const listen = (queue: IdentifyQueue.IdentifyQueue, options: { readonly host: string; readonly port: number }) =>
  Effect.gen(function*() {
    const node = createServer()
    const server = yield* Effect.mapError(
      NodeHttpServer.make(() => node, options),
      () =>
        failed(`the queue could not listen on ${options.host}:${options.port}: choose another with --port or --host`)
    )
    // Waiting clients would delay the end. They repeat their request when a queue answers again.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    yield* server.serve(guard({ host: options.host, allowsLinks: false }, IdentifyQueueServer.make(queue)))
    const { address } = server
    return address._tag === "TcpAddress" ? address.port : options.port
  })

export const serve = (options: {
  readonly apiUrl: Option.Option<string>
  readonly host: string
  readonly interval: Option.Option<Duration.Duration>
  readonly json: boolean
  readonly maxConcurrency: Option.Option<number>
  readonly port: number
  readonly reserve: Option.Option<number>
  readonly state: Option.Option<string>
  readonly total: number
}) =>
  Effect.gen(function*() {
    const interval = Option.getOrElse(options.interval, () => IdentifyQueueServer.defaultInterval)
    const reserve = Option.getOrUndefined(options.reserve)
    const queue = yield* Option.match(options.maxConcurrency, {
      onNone: () => fromApi({ interval, reserve }, Option.getOrUndefined(options.apiUrl)),
      onSome: (maxConcurrency) =>
        IdentifyQueue.makeInMemory({
          maxConcurrency,
          interval,
          budget: { total: options.total, reserve }
        })
    })
    const port = yield* listen(queue, options)
    const url = formatUrl(options.host, port)
    yield* writeLine(
      options.json
        ? JSON.stringify({ url, port })
        : `vesper queue: ${url}?shard=0 answers when shard 0 may identify; Ctrl-C ends it`
    )
    return yield* Effect.never
  }).pipe(
    Effect.provide(Layer.mapError(layerStore(options.state), failedWith)),
    // Programs read the first line of the output: the log is written to the error output.
    Effect.provide(Logger.replace(
      Logger.defaultLogger,
      Logger.map(Logger.logfmtLogger, (line) => globalThis.console.error(line))
    )),
    Effect.scoped
  )
