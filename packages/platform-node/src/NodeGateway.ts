/**
 * Ready-made layers for a shard or a fleet on Node.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Decompressor from "@vesper/gateway/Decompressor"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardId from "@vesper/model/ShardId"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as NodeDecompressor from "./NodeDecompressor.js"
import * as NodeGatewaySocket from "./NodeGatewaySocket.js"

/**
 * Options of the socket and of transport compression.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlatformOptions {
  /** Default: `auto`, the cheapest on this version of Node: zstd-stream from 22.15 on, zlib-stream before. */
  readonly compression?: "auto" | "none" | Decompressor.Compression | undefined
  /** Timeouts, TLS and proxy of the websocket. */
  readonly socket?: NodeGatewaySocket.Options | undefined
}

/**
 * Options of a single shard: its id and the identify limits of the bot.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardOptions extends PlatformOptions {
  /** Default: the only shard, 0 of 1. */
  readonly shard?: { readonly id: number; readonly total: number } | undefined
  /** `session_start_limit.max_concurrency` of GET /gateway/bot. Default: 1. */
  readonly maxConcurrency?: number | undefined
  /**
   * The daily identify budget of the bot. Default: 1,000, of which 50 are reserved for a manual restart. After a restart,
   * the budget is read from the `IdentifyStore` in context, or else from the `GatewayApi` in context. Without either, the
   * budget is full.
   */
  readonly budget?: IdentifyQueue.BudgetOptions | undefined
}

/**
 * Options of a fleet: its shards, their connections, and the HTTP API that returns the identify limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetOptions extends PlatformOptions {
  /** Default: `recommended`, all that Discord recommends. */
  readonly shards?: Fleet.Shards | undefined
  /** Rate at which the shards reconnect. Default: 50 at once, then 50 a second. */
  readonly reconnects?: Fleet.Options["reconnects"]
  /** The time at which the shards connect: `onRead` for a fleet on which `Events.assembleFleet` runs. Default: `immediately`. */
  readonly connect?: Fleet.Options["connect"]
  /** IDENTIFYs a day that are reserved for a manual restart. Default: 5 percent of the total. */
  readonly reserve?: number | undefined
  /** The API with its version. Default: `https://discord.com/api/v10`. */
  readonly apiUrl?: string | undefined
  /** HTTP client of GET /gateway/bot, for example one with a proxy. Default: `FetchHttpClient.layer`. */
  readonly httpClient?: Layer.Layer<HttpClient.HttpClient> | undefined
}

const compressionLayers = {
  auto: () => NodeDecompressor.layerAuto(),
  none: () => Decompressor.layerNone,
  "zlib-stream": () => NodeDecompressor.layerZlib(),
  "zstd-stream": () => NodeDecompressor.layerZstd()
}

/**
 * The websocket and the decompressor, for programs that provide `ShardConfig` and `IdentifyQueue` themselves. All shards
 * of a process share them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: PlatformOptions = {}): Layer.Layer<GatewaySocket.GatewaySocket> =>
  Layer.merge(
    NodeGatewaySocket.layer(options.socket),
    compressionLayers[options.compression ?? "auto"]()
  )

/** Makes a queue with the limits that Discord returns, or with those of the options if Discord does not answer. */
const makeQueue = (options: ShardOptions) =>
  Effect.gen(function*() {
    const { budget, maxConcurrency = 1 } = options
    const queue = yield* IdentifyQueue.makeInMemory({ maxConcurrency, budget })
    const api = yield* Effect.serviceOption(GatewayApi.GatewayApi)
    if (Option.isNone(api)) {
      return queue
    }
    return yield* IdentifyQueue.makeFromApi({ reserve: budget?.reserve }).pipe(
      Effect.provideService(GatewayApi.GatewayApi, api.value),
      Effect.catchTag(
        "UnauthorizedError",
        "UnavailableError",
        "UnexpectedAnswerError",
        (error) => Effect.as(Effect.logWarning(`${error.message}; the identify budget of the options is used`), queue)
      )
    )
  })

const layerFromConfig = <E>(
  options: ShardOptions,
  config: Layer.Layer<ShardConfig.ShardConfig, E>
): Layer.Layer<Shard.Shard, E | ConfigError.ConfigError> => {
  const { id, total } = options.shard ?? ShardId.single
  return Layer.unwrapEffect(
    Effect.map(
      Either.mapLeft(ShardId.make(id, total), (error) => ConfigError.InvalidData(["shard"], error.message)),
      Shard.layer
    )
  ).pipe(
    Layer.provide(config),
    Layer.provide(Layer.scoped(IdentifyQueue.IdentifyQueue, makeQueue(options))),
    Layer.provide(layer(options))
  )
}

const withPlatform = (properties: Partial<ShardConfig.IdentifyProperties> = {}) => ({
  os: process.platform,
  ...properties
})

/**
 * A shard with its config, identify queue, socket and decompressor. IDENTIFY reports Node's name of the operating system.
 * Fails with a `ConfigError` for an invalid option.
 *
 * @example
 * ```ts
 * import { Shard } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { NodeGateway } from "@vesper/platform-node"
 * import { Effect, Redacted, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const shard = yield* Shard.Shard
 *   yield* Stream.runForEach(shard.events, (event) => Effect.log(event.t))
 * })
 *
 * export const main = (token: Redacted.Redacted<string>) =>
 *   Effect.provide(
 *     program,
 *     NodeGateway.layerShard({ token, intents: Intents.of("Guilds"), shard: { id: 0, total: 2 } })
 *   )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerShard = (
  options: ShardConfig.Options & ShardOptions
): Layer.Layer<Shard.Shard, ConfigError.ConfigError> =>
  layerFromConfig(
    options,
    ShardConfig.layer({ ...options, identifyProperties: withPlatform(options.identifyProperties) })
  )

/**
 * The same as `layerShard` with the token from `DISCORD_TOKEN`. Each option of `ShardConfig` is a value or a `Config`. Fails
 * with a `ConfigError` for an option that is missing or invalid.
 *
 * @example
 * ```ts
 * import { Shard } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { NodeGateway } from "@vesper/platform-node"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const shard = yield* Shard.Shard
 *   yield* Stream.runForEach(shard.events, (event) => Effect.log(event.t))
 * })
 *
 * export const main = program.pipe(
 *   Effect.provide(NodeGateway.layerShardConfig({ intents: Intents.of("Guilds", "GuildMessages") }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerShardConfig = (
  options: ShardConfig.ConfigOptions & ShardOptions
): Layer.Layer<Shard.Shard, ConfigError.ConfigError> => {
  const {
    budget: _budget,
    compression: _compression,
    maxConcurrency: _maxConcurrency,
    shard: _shard,
    socket: _socket,
    ...config
  } = options
  return layerFromConfig(options, configLayer(config))
}

const configLayer = (
  options: ShardConfig.ConfigOptions
): Layer.Layer<ShardConfig.ShardConfig, ConfigError.ConfigError> => {
  const { identifyProperties: properties } = options
  const identifyProperties = Config.isConfig(properties)
    ? Config.map(properties, withPlatform)
    : withPlatform(properties)
  return ShardConfig.layerConfig({ ...options, identifyProperties })
}

const fleetFromConfig = <E>(
  options: FleetOptions,
  config: Layer.Layer<ShardConfig.ShardConfig, E>
): Layer.Layer<Fleet.Fleet | GatewayApi.GatewayApi, E | ConfigError.ConfigError | GatewayApi.GatewayApiError> =>
  Layer.unwrapEffect(
    Effect.map(Effect.promise(() => import("./internal/fleetLayer.js")), (FleetLayer) => FleetLayer.make(options))
  ).pipe(
    Layer.provide(layer(options)),
    Layer.provide(config)
  )

/**
 * A fleet with the config of its shards, an identify queue, socket and decompressor. Discord's API returns the number of
 * shards, the max concurrency and the daily identify budget. Also provides the `GatewayApi`, which `Fleet.autoReshard`
 * requires.
 *
 * Fails with a `ConfigError` for an invalid option, and with a `GatewayApiError` if Discord does not answer or refuses the
 * token.
 *
 * @example
 * ```ts
 * import { Events } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { NodeGateway } from "@vesper/platform-node"
 * import { Effect, Redacted } from "effect"
 *
 * const handlers = Events.on("MESSAGE_CREATE", (event) => Effect.log(event.d.content))
 *
 * export const main = (token: Redacted.Redacted<string>) =>
 *   Effect.provide(
 *     Events.runFleet(handlers),
 *     NodeGateway.layerFleet({
 *       token,
 *       intents: Intents.of("GuildMessages", "MessageContent"),
 *       shards: { range: [0, 3], total: 8 }
 *     })
 *   )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFleet = (
  options: ShardConfig.Options & FleetOptions
): Layer.Layer<Fleet.Fleet | GatewayApi.GatewayApi, ConfigError.ConfigError | GatewayApi.GatewayApiError> =>
  fleetFromConfig(
    options,
    ShardConfig.layer({ ...options, identifyProperties: withPlatform(options.identifyProperties) })
  )

/**
 * The same as `layerFleet` with the token from `DISCORD_TOKEN`. Each option of `ShardConfig` is a value or a `Config`.
 *
 * @example
 * ```ts
 * import { Events, Fleet } from "@vesper/gateway"
 * import { NodeGateway } from "@vesper/platform-node"
 * import { Effect } from "effect"
 *
 * const handlers = Events.on("MESSAGE_CREATE", (event) => Effect.log(event.d.content))
 *
 * export const main = Effect.raceFirst(Events.runFleet(handlers), Fleet.autoReshard()).pipe(
 *   Effect.provide(NodeGateway.layerFleetConfig(Events.config(handlers)))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFleetConfig = (
  options: ShardConfig.ConfigOptions & FleetOptions
): Layer.Layer<Fleet.Fleet | GatewayApi.GatewayApi, ConfigError.ConfigError | GatewayApi.GatewayApiError> => {
  const {
    apiUrl: _apiUrl,
    compression: _compression,
    connect: _connect,
    httpClient: _httpClient,
    reconnects: _reconnects,
    reserve: _reserve,
    shards: _shards,
    socket: _socket,
    ...config
  } = options
  return fleetFromConfig(options, configLayer(config))
}
