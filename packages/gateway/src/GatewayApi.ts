/**
 * Requests the gateway's URL, the recommended number of shards and the remaining identifies of the day from Discord.
 *
 * @see https://docs.discord.com/developers/events/gateway#get-gateway-bot
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Control from "@vesper/model/Control"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Token from "./internal/config/token.js"
import * as PeerText from "./internal/wire/peerText.js"

/**
 * The base URL of Discord's HTTP API.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = "https://discord.com/api/v10"

const Count = Schema.Int.pipe(Schema.nonNegative())
const AtLeastOne = Schema.Int.pipe(Schema.positive())

/**
 * Limits of the sessions that a bot may start.
 *
 * @see https://docs.discord.com/developers/events/gateway#session-start-limit-object
 * @since 0.1.0
 * @category models
 */
export const SessionStartLimit = Schema.Struct({
  /** Identifies in a window of 24 hours. */
  total: Count,
  /** Remaining identifies of them. */
  remaining: Count,
  /** Time until the limit is reset, in milliseconds on the wire. */
  resetAfter: Schema.propertySignature(Schema.DurationFromMillis).pipe(Schema.fromKey("reset_after")),
  /** Number of identify buckets, each of which allows one identify every 5 seconds. */
  maxConcurrency: Schema.propertySignature(AtLeastOne).pipe(Schema.fromKey("max_concurrency"))
})

/**
 * The decoded `SessionStartLimit`.
 *
 * @since 0.1.0
 * @category models
 */
export type SessionStartLimit = typeof SessionStartLimit.Type

/**
 * The answer of GET /gateway/bot.
 *
 * @since 0.1.0
 * @category models
 */
export const GatewayBot = Schema.Struct({
  /** The URL for identifies. */
  url: Schema.NonEmptyString,
  /** The recommended number of shards. */
  shards: AtLeastOne,
  sessionStartLimit: Schema.propertySignature(SessionStartLimit).pipe(Schema.fromKey("session_start_limit"))
})

/**
 * The decoded `GatewayBot`.
 *
 * @since 0.1.0
 * @category models
 */
export type GatewayBot = typeof GatewayBot.Type

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

/**
 * Discord refused the token. The request is not retried, because Discord blocks addresses with many such requests.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnauthorizedError
  extends Schema.TaggedError<UnauthorizedError>("@vesper/gateway/UnauthorizedError")("UnauthorizedError", {})
{
  override get message(): string {
    return "Discord refused the bot's token (401): copy it again from the Bot page of your application, or reset it there"
  }
}

/**
 * All attempts failed, because Discord could not be reached, returned a server error, or limited the rate of requests.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnavailableError
  extends Schema.TaggedError<UnavailableError>("@vesper/gateway/UnavailableError")("UnavailableError", {
    /** Number of attempts. */
    attempts: Schema.Number,
    /** The failure of the last attempt. */
    reason: Schema.String
  })
{
  override get message(): string {
    return `GET /gateway/bot failed ${this.attempts} times, the last time with: ${this.reason}; check the network and Discord's status, and try again later`
  }
}

/**
 * An undocumented response. The likely cause is a wrong base URL, or a proxy.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedAnswerError
  extends Schema.TaggedError<UnexpectedAnswerError>("@vesper/gateway/UnexpectedAnswerError")("UnexpectedAnswerError", {
    status: Schema.Number,
    reason: Schema.String
  })
{
  override get message(): string {
    return `GET /gateway/bot was answered with status ${this.status} (${this.reason}): check the base URL, and any proxy between this program and Discord`
  }
}

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

const attempts = 5
const attemptTimeout = Duration.seconds(10)
const backoffBase = Duration.seconds(1)

/** A temporary failure of an attempt, with the `Retry-After` of the response. */
interface TemporaryFailure {
  readonly _tag: "TemporaryFailure"
  readonly reason: string
  readonly retryAfter: Option.Option<Duration.Duration>
}

const temporaryFailure = (
  reason: string,
  retryAfter: Option.Option<Duration.Duration> = Option.none()
): TemporaryFailure => ({
  _tag: "TemporaryFailure",
  reason,
  retryAfter
})

const readRetryAfter = ({ headers }: HttpClientResponse.HttpClientResponse): Option.Option<Duration.Duration> => {
  const seconds = Number.parseFloat(headers["retry-after"] ?? "")
  return seconds >= 0 ? Option.some(Duration.seconds(seconds)) : Option.none()
}

/** Describes the cause of an error. The error itself holds the request, and with it the token. */
const describeFailure = (error: HttpClientError.HttpClientError, token: string): string => {
  const { cause } = error
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const words = inner instanceof Error ? PeerText.describe(inner, 1_000) : error.description ?? error.reason
  // Redacted before it is cut, because a part of the token is also a secret.
  return PeerText.clean(words.replaceAll(token, "<redacted>"))
}

const decode = Schema.decodeUnknown(GatewayBot)

const read = (
  response: HttpClientResponse.HttpClientResponse,
  token: string
): Effect.Effect<GatewayBot, GatewayApiError | TemporaryFailure> => {
  const { status } = response
  const unexpected = (reason: string) =>
    new UnexpectedAnswerError({ status, reason: PeerText.clean(reason.replaceAll(token, "<redacted>")) })
  if (status === 401) {
    return Effect.fail(new UnauthorizedError())
  }
  if (status === 429 || status >= 500) {
    return Effect.fail(temporaryFailure(`status ${status}`, readRetryAfter(response)))
  }
  if (status !== 200) {
    return Effect.fail(unexpected("not documented"))
  }
  return response.text.pipe(
    Effect.mapError((error) => temporaryFailure(describeFailure(error, token))),
    Effect.flatMap((text) => Effect.try({ try: (): unknown => JSON.parse(text), catch: () => unexpected("no JSON") })),
    Effect.flatMap((body) => Effect.mapError(decode(body), (error) => unexpected(Control.describe(error))))
  )
}

/** The wait after an attempt. It doubles each time, minus a random part of up to half. */
const waitAfter = (attempt: number, { retryAfter }: TemporaryFailure): Effect.Effect<Duration.Duration> =>
  Option.match(retryAfter, {
    onSome: Effect.succeed,
    onNone: () =>
      Effect.map(Random.next, (random) => Duration.times(backoffBase, 2 ** (attempt - 1) * (1 - random / 2)))
  })

/** Formats a wait in whole milliseconds. */
const formatWait = (wait: Duration.Duration): string =>
  Duration.format(Duration.millis(Math.round(Duration.toMillis(wait))))

const withRetries = <A, E>(
  ask: Effect.Effect<A, E | TemporaryFailure>,
  attempt = 1
): Effect.Effect<A, E | UnavailableError> =>
  Effect.catchAll(ask, (error) => {
    if (!isTemporaryFailure(error)) {
      return Effect.fail(error)
    }
    if (attempt >= attempts) {
      return Effect.fail(new UnavailableError({ attempts: attempt, reason: error.reason }))
    }
    return Effect.flatMap(
      waitAfter(attempt, error),
      (wait) =>
        Effect.logWarning(`GET /gateway/bot failed (${error.reason}), trying again in ${formatWait(wait)}`).pipe(
          Effect.zipRight(Effect.sleep(wait)),
          Effect.zipRight(withRetries(ask, attempt + 1))
        )
    )
  })

/** Makes `fetch` refuse redirects, as Node's other client does, because they could expose the token to another host. */
const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.serviceOption(FetchHttpClient.RequestInit),
    (init) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, {
        ...Option.getOrUndefined(init),
        redirect: "manual"
      })
  )

const isTemporaryFailure = (error: unknown): error is TemporaryFailure =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "TemporaryFailure"

/**
 * Makes a `GatewayApi` on the `HttpClient` in context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<GatewayApi, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const token = Token.withoutPrefix(Redacted.value(options.token))
    const baseUrl = (options.baseUrl ?? defaultBaseUrl).replace(/\/+$/, "")
    const request = HttpClientRequest.get(`${baseUrl}/gateway/bot`, {
      headers: { authorization: `Bot ${token}`, "user-agent": "DiscordBot (vesper, 0.1.0)" }
    })
    // The client's span would have the headers as attributes.
    const untraced = HttpClient.withTracerDisabledWhen(client, () => true)
    const ask = Effect.scoped(Effect.flatMap(
      Effect.mapError(untraced.execute(request), (error) => temporaryFailure(describeFailure(error, token))),
      (response) => read(response, token)
    )).pipe(withoutRedirects)
    const inTime = Effect.timeoutFail(ask, {
      duration: attemptTimeout,
      onTimeout: () => temporaryFailure(`no answer within ${Duration.format(attemptTimeout)}`)
    })
    return {
      // An invalid token is not sent, because the error for an invalid header would quote it.
      gatewayBot: /^[\x21-\x7e]+$/.test(token)
        ? Effect.withSpan(withRetries(inTime), "vesper.gatewayBot")
        : Effect.fail(new UnauthorizedError())
    }
  })

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
 *   yield* Effect.log(`${shards} shards recommended, ${sessionStartLimit.remaining} identifies left`)
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
