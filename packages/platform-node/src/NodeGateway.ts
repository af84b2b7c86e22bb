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
import type * as IdentifyBudget from "@vesper/gateway/IdentifyBudget"
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
 * The shard, and the bot's identify limits.
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
   * The bot's identifies a day. Default: 1,000, of which 50 are reserved for a restart by hand. A process that restarts
   * begins with the budget of the `IdentifyStore` that the layer is given; without a store, with the figures of the
   * `GatewayApi` that it is given; without either, with a full budget.
   */
  readonly budget?: IdentifyBudget.Options | undefined
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
  /** Identifies of the day that are left for a restart by hand. Default: 5 percent of the total. */
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

/** The figures of the options, and those of Discord where its API is at hand and answers. */
const queueOf = (options: ShardOptions) =>
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
        (error) =>
          Effect.as(Effect.logWarning(`${error.message}; the identify budget is taken from the options`), queue)
      )
    )
  })

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
    Layer.provide(Layer.scoped(IdentifyQueue.IdentifyQueue, queueOf(options))),
    Layer.provide(layer(options))
  )
}

const withPlatform = (properties: Partial<ShardConfig.IdentifyProperties> = {}) => ({
  os: process.platform,
  ...properties
})

/**
 * A shard with config, identify queue, socket and compression. It reports Node's name of the operating system to Discord.
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
  const {
    budget: _budget,
    compression: _compression,
    maxConcurrency: _maxConcurrency,
    shard: _shard,
    socket: _socket,
    ...config
  } = options
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
