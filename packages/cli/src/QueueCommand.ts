/**
 * `vesper queue serve`: one identify queue for the shards of many processes.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
import * as IdentifyStore from "@vesper/gateway/IdentifyStore"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { createServer } from "node:http"
import { CliError } from "./CliError.js"
import * as Common from "./internal/options.js"
import { writeLine } from "./internal/output.js"

const host = Options.text("host").pipe(
  Options.withDefault("127.0.0.1"),
  Options.withDescription(
    "The address to listen on. There is no access control: let only your own processes reach it. Default: 127.0.0.1."
  )
)

const port = Common.port("port").pipe(
  Options.withDefault(7878),
  Options.withDescription("The port to listen on; 0 takes any that is free. Default: 7878.")
)

const maxConcurrency = Common.integer("max-concurrency", 1, 1_000_000).pipe(
  Options.withDescription("How many may identify at a time. Without it, Discord is asked, with DISCORD_TOKEN."),
  Options.optional
)

const total = Common.integer("total", 1, 1_000_000).pipe(
  Options.withDefault(1_000),
  Options.withDescription("Identifies a day, where Discord is not asked. Default: 1000.")
)

const reserve = Common.integer("reserve", 0, 1_000_000).pipe(
  Options.withDescription("Identifies to keep for a human. Default: 5 percent of the day's; 0 spends them all."),
  Options.optional
)

const interval = Common.time("interval").pipe(
  Options.withDefault(IdentifyQueueServer.defaultInterval),
  Options.withDescription("Between two identifies of a bucket. Default: 6s, Discord's five and one for the network.")
)

const state = Options.directory("state").pipe(
  Options.withDescription("A folder that keeps what was identified over restarts. Default: nowhere."),
  Options.optional
)

const json = Options.boolean("json").pipe(Options.withDescription("Tells where it listens as one line of JSON."))

const tokenMissing = new CliError({
  message: "DISCORD_TOKEN is not set: put your bot's token into it, or say what it may do: --max-concurrency 1"
})

const told = (error: { readonly message: string }) => new CliError({ message: error.message })

const fromApi = (options: IdentifyQueue.FromApiOptions, baseUrl: string | undefined) =>
  Effect.gen(function*() {
    const token = yield* Effect.mapError(ShardConfig.tokenConfig, () => tokenMissing)
    const api = yield* Effect.provide(GatewayApi.make({ token, baseUrl }), FetchHttpClient.layer)
    return yield* Effect.mapError(
      Effect.provideService(IdentifyQueue.makeFromApi(options), GatewayApi.GatewayApi, api),
      told
    )
  })

/** One folder is one bot's. */
const storeOf = (folder: Option.Option<string>) =>
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
    const server = yield* Effect.mapError(NodeHttpServer.make(() => node, options), () =>
      new CliError({
        message: `the queue could not listen on ${options.host}:${options.port}: choose another with --port or --host`
      }))
    // Clients that wait would hold up the end for as long as they wait; they ask again when there is a queue again.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    yield* server.serve(IdentifyQueueServer.make(queue))
    const { address } = server
    return address._tag === "TcpAddress" ? address.port : options.port
  })

const serveCommand = Command.make(
  "serve",
  { apiUrl: Common.apiUrl, host, interval, json, maxConcurrency, port, reserve, state, total },
  (options) =>
    Effect.gen(function*() {
      const reserve = Option.getOrUndefined(options.reserve)
      const queue = yield* Option.match(options.maxConcurrency, {
        onNone: () => fromApi({ interval: options.interval, reserve }, Option.getOrUndefined(options.apiUrl)),
        onSome: (maxConcurrency) =>
          IdentifyQueue.makeInMemory({
            maxConcurrency,
            interval: options.interval,
            budget: { total: options.total, reserve }
          })
      })
      const port = yield* listen(queue, options)
      const url = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}/`
      yield* writeLine(
        options.json
          ? JSON.stringify({ url, port })
          : `vesper queue: ${url}?shard=0 answers when shard 0 may identify; Ctrl-C ends it`
      )
      return yield* Effect.never
    }).pipe(
      Effect.provide(Layer.mapError(storeOf(options.state), told)),
      // The first line is for programs to read; the log must not come between.
      Effect.provide(Logger.replace(
        Logger.defaultLogger,
        Logger.map(Logger.logfmtLogger, (line) => globalThis.console.error(line))
      )),
      Effect.scoped
    )
).pipe(
  Command.withDescription("Serves one identify queue over HTTP: GET /?shard=0 is answered when the shard may identify.")
)

/**
 * @since 0.1.0
 * @category commands
 */
export const queueCommand = Command.make("queue").pipe(
  Command.withDescription("Identify queues. Try: vesper queue serve --max-concurrency 1"),
  Command.withSubcommands([serveCommand])
)
