/**
 * Requests the gateway's URL, the recommended number of shards and the remaining IDENTIFYs of the day from Discord.
 *
 * @see https://docs.discord.com/developers/events/gateway#get-gateway-bot
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { UnauthorizedError, UnavailableError, UnexpectedAnswerError } from "./internal/http/gatewayApiError.js"

/**
 * The base URL of Discord's HTTP API.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = "https://discord.com/api/v10"

/**
 * Limits of the sessions that a bot may start.
 *
 * @see https://docs.discord.com/developers/events/gateway#session-start-limit-object
 * @since 0.1.0
 * @category models
 */
export interface SessionStartLimit {
  /** IDENTIFYs allowed in a window of 24 hours. */
  readonly total: number
  /** Remaining IDENTIFYs of the window. */
  readonly remaining: number
  /** Time until the limit is reset. */
  readonly resetAfter: Duration.Duration
  /** Number of identify buckets, each of which allows one IDENTIFY every 5 seconds. */
  readonly maxConcurrency: number
}

/**
 * The answer of GET /gateway/bot. `GatewaySchema.GatewayBot` decodes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface GatewayBot {
  /** The URL for new sessions. */
  readonly url: string
  /** The recommended number of shards. */
  readonly shards: number
  readonly sessionStartLimit: SessionStartLimit
}

/**
 * The part of Discord's HTTP API that a gateway client needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface GatewayApi {
  /**
   * Sends GET /gateway/bot. The result is not cached, because the numbers change. A temporary failure is retried up to four
   * times, after a wait that doubles, or after the `Retry-After` of the response.
   */
  readonly gatewayBot: Effect.Effect<GatewayBot, GatewayApiError>
}

export {
  /**
   * Discord refused the token. The request is not retried, because Discord blocks addresses with many such requests.
   *
   * @since 0.1.0
   * @category errors
   */
  UnauthorizedError,
  /**
   * All attempts failed, because Discord could not be reached, returned a server error, or limited the rate of requests.
   *
   * @since 0.1.0
   * @category errors
   */
  UnavailableError,
  /**
   * An undocumented response. The likely cause is a wrong base URL, or a proxy.
   *
   * @since 0.1.0
   * @category errors
   */
  UnexpectedAnswerError
} from "./internal/http/gatewayApiError.js"

/**
 * An error of the `GatewayApi`.
 *
 * @since 0.1.0
 * @category errors
 */
export type GatewayApiError = UnauthorizedError | UnavailableError | UnexpectedAnswerError

/**
 * The tag of the `GatewayApi`.
 *
 * @since 0.1.0
 * @category tags
 */
export const GatewayApi = Context.GenericTag<GatewayApi>("@vesper/gateway/GatewayApi")

/**
 * The token and the base URL of the API.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bot's token, with or without the prefix `Bot `. */
  readonly token: Redacted.Redacted<string>
  /** The API with its version. Redirects are not followed. Default: `https://discord.com/api/v10`. */
  readonly baseUrl?: string | undefined
}

/**
 * Makes a `GatewayApi` on the `HttpClient` in context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<GatewayApi, never, HttpClient.HttpClient> =>
  // The client loads effect/Schema, which a bot of one shard does not need.
  Effect.flatMap(
    Effect.promise(() => import("./internal/http/gatewayBot.js")),
    (Client) => Client.make({ token: options.token, baseUrl: options.baseUrl ?? defaultBaseUrl })
  )

/**
 * Provides a `GatewayApi` on the `HttpClient` of the program. `FetchHttpClient.layer` runs on all platforms.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { GatewayApi } from "@vesper/gateway"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const api = yield* GatewayApi.GatewayApi
 *   const { sessionStartLimit, shards } = yield* api.gatewayBot
 *   yield* Effect.log(`${shards} shards recommended, ${sessionStartLimit.remaining} IDENTIFYs left`)
 * }).pipe(
 *   Effect.provide(GatewayApi.layer({ token: Redacted.make("token") })),
 *   Effect.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<GatewayApi, never, HttpClient.HttpClient> =>
  Layer.effect(GatewayApi, make(options))

/**
 * The same with each option as a value or a `Config`. The token is commonly `ShardConfig.tokenConfig`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<GatewayApi, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(GatewayApi, Effect.flatMap(Config.unwrap(options), make))
