/**
 * A shard or a fleet on Node, in one line.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Decompressor from "@vesper/gateway/Decompressor"
import * as Fleet from "@vesper/gateway/Fleet"
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
import * as NodeDecompressor from "./NodeDecompressor.js"
import * as NodeGatewaySocket from "./NodeGatewaySocket.js"

/**
 * What belongs to Node rather than to the shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlatformOptions {
  /** Default: `auto`, which is what costs this Node the least: zstd-stream from 22.15 on, zlib-stream before. */
  readonly compression?: "auto" | "none" | Decompressor.Compression | undefined
  readonly socket?: NodeGatewaySocket.Options | undefined
}

/**
 * Which shard, and how many may identify at a time.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardOptions extends PlatformOptions {
  /** Default: the only shard, 0 of 1. */
  readonly shard?: { readonly id: number; readonly total: number } | undefined
  /** `session_start_limit.max_concurrency` of GET /gateway/bot. Default: 1. */
  readonly maxConcurrency?: number | undefined
}

/**
 * Which shards, and where to ask what Discord allows.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetOptions extends PlatformOptions {
  /** Default: `recommended`, all that Discord recommends. */
  readonly shards?: Fleet.Shards | undefined
  /** How fast shards come back together. Default: 50 at once, and 50 a second after those. */
  readonly reconnects?: Fleet.Options["reconnects"]
  /** When the shards connect; `onRead` for a fleet that `Events.assembleFleet` runs on. Default: `immediately`. */
  readonly connect?: Fleet.Options["connect"]
  /** How many identifies of the day to leave for a human. Default: 5 percent of the total. */
  readonly reserve?: number | undefined
  /** The API with its version. Default: `https://discord.com/api/v10`. */
  readonly apiUrl?: string | undefined
}

const layersOf = {
  auto: () => NodeDecompressor.layerAuto(),
  none: () => Decompressor.layerNone,
  "zlib-stream": () => NodeDecompressor.layerZlib(),
  "zstd-stream": () => NodeDecompressor.layerZstd()
}

/**
 * The socket and the decompression, for programs that bring config and identify queue themselves, and one for all
 * shards at that.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: PlatformOptions = {}): Layer.Layer<GatewaySocket.GatewaySocket> =>
  Layer.merge(
    NodeGatewaySocket.layer(options.socket),
    layersOf[options.compression ?? "auto"]()
  )

const layerOf = <E>(
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
    Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: options.maxConcurrency ?? 1 })),
    Layer.provide(layer(options))
  )
}

const withPlatform = (properties: Partial<ShardConfig.IdentifyProperties> = {}) => ({
  os: process.platform,
  ...properties
})

/**
 * A shard with config, identify queue, socket and compression. It tells Discord Node's name of the
 * operating system.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerShard = (
  options: ShardConfig.Options & ShardOptions
): Layer.Layer<Shard.Shard, ConfigError.ConfigError> =>
  layerOf(
    options,
    ShardConfig.layer({ ...options, identifyProperties: withPlatform(options.identifyProperties) })
  )

/**
 * The same with the token from `DISCORD_TOKEN`, and each option of the shard's as it is or from a `Config` of its own.
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
  const { compression: _compression, maxConcurrency: _maxConcurrency, shard: _shard, socket: _socket, ...config } =
    options
  return layerOf(options, configOf(config))
}

const configOf = (
  options: ShardConfig.ConfigOptions
): Layer.Layer<ShardConfig.ShardConfig, ConfigError.ConfigError> => {
  const { identifyProperties: properties } = options
  const identifyProperties = Config.isConfig(properties)
    ? Config.map(properties, withPlatform)
    : withPlatform(properties)
  return ShardConfig.layerConfig({ ...options, identifyProperties })
}

/**
 * A fleet with everything it needs: the token from `DISCORD_TOKEN`, the number of shards, max concurrency and the
 * day's identify budget from Discord, each option of the shards' as it is or from a `Config` of its own. It gives the
 * `GatewayApi` too, which `Fleet.autoReshard` asks.
 *
 * Fails with a `ConfigError` for an option, and with a `GatewayApiError` if Discord does not answer or does not take the
 * token.
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
  const { apiUrl, compression, connect, reconnects, reserve, shards = "recommended", socket, ...config } = options
  const api = GatewayApi.layerConfig({ token: ShardConfig.tokenConfig, baseUrl: Config.succeed(apiUrl) }).pipe(
    Layer.provide(FetchHttpClient.layer)
  )
  const fleet = shards === "recommended"
    ? Fleet.layer({ shards, reconnects, connect })
    : Fleet.layer({ shards, reconnects, connect })
  return fleet.pipe(
    Layer.provide(configOf(config)),
    Layer.provide(IdentifyQueue.layerFromApi({ reserve })),
    Layer.provide(layer({ compression, socket })),
    Layer.provideMerge(api)
  )
}
