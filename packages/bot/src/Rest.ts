/**
 * Discord's HTTP API as Effects. The methods are those of `@discordjs/core`, and `@discordjs/rest` keeps the rate limits: per route, the
 * global one, and that of invalid requests. Requests are sent by the `HttpClient` of the program.
 *
 * @see https://docs.discord.com/developers/reference
 * @since 0.1.0
 */
import type { API } from "@discordjs/core/http-only"
import type { RequestData, RouteLike } from "@discordjs/rest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/rest/client.js"
import * as ServerClock from "./internal/rest/serverClock.js"
import type * as RestError from "./RestError.js"

/**
 * A method of the library with an Effect as its result. Each overload is kept; a method without overloads is inferred three times.
 *
 * @since 0.1.0
 * @category models
 */
export type Method<F> = F extends {
  (...parameters: infer P1): Promise<infer A1>
  (...parameters: infer P2): Promise<infer A2>
  (...parameters: infer P3): Promise<infer A3>
} ? [P3, P3] extends [P1, P2] ? (...parameters: P3) => Effect.Effect<A3, RestError.RestError> : {
    (...parameters: P1): Effect.Effect<A1, RestError.RestError>
    (...parameters: P2): Effect.Effect<A2, RestError.RestError>
    (...parameters: P3): Effect.Effect<A3, RestError.RestError>
  }
  : never

/**
 * The methods of one part of the API, such as `channels`.
 *
 * @since 0.1.0
 * @category models
 */
export type Section<S> = {
  readonly [K in keyof S as S[K] extends (...parameters: never) => Promise<unknown> ? K : never]: Method<S[K]>
}

/**
 * A request for a route that the library does not know.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request extends Omit<RequestData, "signal"> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly route: RouteLike
}

/**
 * The HTTP API. An interruption aborts the request.
 *
 * A request whose connection is lost is sent again, so that a message can be created twice; `nonce` and `enforce_nonce` prevent it.
 *
 * @since 0.1.0
 * @category models
 */
export type Rest = { readonly [K in keyof Omit<API, "rest">]: Section<API[K]> } & {
  /** Sends a request to any route, within the rate limits, and returns the decoded JSON. */
  readonly request: (request: Request) => Effect.Effect<unknown, RestError.RestError>
}

/**
 * The tag of `Rest`.
 *
 * @since 0.1.0
 * @category tags
 */
export const Rest = Context.GenericTag<Rest>("@vesper/bot/Rest")

/**
 * Options of a `Rest`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bot's token, with or without the prefix `Bot `. */
  readonly token: Redacted.Redacted<string>
  /** The API with its version. Default: `https://discord.com/api/v10`. */
  readonly baseUrl?: string | undefined
  /** Requests per second on all routes together; large bots have a higher limit. Default: 50. */
  readonly globalRequestsPerSecond?: number | undefined
  /** Longest wait for a rate limit, after which a request fails with `RateLimited`. Default: no limit. */
  readonly maxWait?: Duration.DurationInput | undefined
  /** Attempts after the first, when Discord fails with 5xx or a connection is lost. Default: 3. */
  readonly retries?: number | undefined
  /** Time for the answer to one attempt. Default: 15 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Makes a `Rest` on the `HttpClient` in context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Rest, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.map(internal.makeClient(options), ({ request, sections, serverClock }) => {
    // The sections are made from an instance of the same class as their types.
    const rest = { ...sections, request } as unknown as Rest
    ServerClock.clocks.set(rest, serverClock)
    return rest
  })

/**
 * Provides the HTTP API on the `HttpClient` of the program. `FetchHttpClient.layer` runs on all platforms.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Rest } from "@vesper/bot"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const rest = yield* Rest.Rest
 *   const message = yield* rest.channels.createMessage("290926798626357999", { content: "hello" })
 *   yield* rest.channels.addMessageReaction(message.channel_id, message.id, "👋")
 * }).pipe(
 *   Effect.provide(Rest.layer({ token: Redacted.make("token") }).pipe(Layer.provide(FetchHttpClient.layer)))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Rest, never, HttpClient.HttpClient> =>
  Layer.scoped(Rest, make(options))

/**
 * Provides the HTTP API with the token of the environment variable `DISCORD_TOKEN`. Each option is a value or a `Config`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: {
    readonly [K in keyof Omit<Options, "token">]: Options[K] | Config.Config<Exclude<Options[K], undefined>>
  } = {}
): Layer.Layer<Rest, ConfigError.ConfigError, HttpClient.HttpClient> => {
  const all: Record.ReadonlyRecord<string, unknown> = { ...options, token: ShardConfig.tokenConfig }
  const configs = Record.map(all, (value) => Config.isConfig(value) ? value : Config.succeed(value))
  // Each option keeps its name, with the value itself or the value of its Config.
  return Layer.scoped(Rest, Effect.flatMap(Config.all(configs), (values) => make(values as unknown as Options)))
}
