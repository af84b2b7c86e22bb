/**
 * Asks Discord where the gateway is, how many shards it recommends, and how many identifies are left today.
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
 * Where Discord's HTTP API lives.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultBaseUrl = "https://discord.com/api/v10"

const Count = Schema.Int.pipe(Schema.nonNegative())
const AtLeastOne = Schema.Int.pipe(Schema.positive())

/**
 * How many sessions a bot may start.
 *
 * @see https://docs.discord.com/developers/events/gateway#session-start-limit-object
 * @since 0.1.0
 * @category models
 */
export const SessionStartLimit = Schema.Struct({
  /** Identifies in a window of 24 hours. */
  total: Count,
  /** Identifies that are left of them. */
  remaining: Count,
  /** How long until all are there again; in milliseconds on the wire. */
  resetAfter: Schema.propertySignature(Schema.DurationFromMillis).pipe(Schema.fromKey("reset_after")),
  /** Identifies at a time, one for each bucket. */
  maxConcurrency: Schema.propertySignature(AtLeastOne).pipe(Schema.fromKey("max_concurrency"))
})

/**
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
  /** Where first connections go. */
  url: Schema.NonEmptyString,
  /** How many shards Discord recommends. */
  shards: AtLeastOne,
  sessionStartLimit: Schema.propertySignature(SessionStartLimit).pipe(Schema.fromKey("session_start_limit"))
})

/**
 * @since 0.1.0
 * @category models
 */
export type GatewayBot = typeof GatewayBot.Type

/**
 * @since 0.1.0
 * @category models
 */
export interface GatewayApi {
  /**
   * Asks anew each time: the numbers change as the bot is used. What passes by itself is tried again up to five times,
   * each time after a longer wait, or after what Discord asks for.
   */
  readonly gatewayBot: Effect.Effect<GatewayBot, GatewayApiError>
}

/**
 * Discord does not know the token. Asking again cannot help, and Discord blocks addresses that do it too often.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnauthorizedError
  extends Schema.TaggedError<UnauthorizedError>("@vesper/gateway/UnauthorizedError")("UnauthorizedError", {})
{
  override get message(): string {
    return "Discord does not know the bot's token (401): copy it again from the Bot page of your application, or reset it there"
  }
}

/**
 * No usable answer after all attempts: Discord could not be reached, was not well, or wanted fewer requests.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnavailableError
  extends Schema.TaggedError<UnavailableError>("@vesper/gateway/UnavailableError")("UnavailableError", {
    /** How often it was tried. */
    attempts: Schema.Number,
    /** What the last attempt ended with. */
    reason: Schema.String
  })
{
  override get message(): string {
    return `GET /gateway/bot failed ${this.attempts} times, the last time with: ${this.reason}; see whether the network and Discord are well, and try again later`
  }
}

/**
 * An answer that Discord's documentation knows nothing of. A wrong base URL or a proxy in between is most likely.
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
    return `GET /gateway/bot was answered with status ${this.status} (${this.reason}): check the base URL, and what stands between this program and Discord`
  }
}

/**
 * @since 0.1.0
 * @category errors
 */
export type GatewayApiError = UnauthorizedError | UnavailableError | UnexpectedAnswerError

/**
 * @since 0.1.0
 * @category tags
 */
export const GatewayApi = Context.GenericTag<GatewayApi>("@vesper/gateway/GatewayApi")

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bot's token, with or without `Bot ` before it. */
  readonly token: Redacted.Redacted<string>
  /** The API with its version. Redirects are not followed. Default: `https://discord.com/api/v10`. */
  readonly baseUrl?: string | undefined
}

const attempts = 5
const attemptTimeout = Duration.seconds(10)
const backoffBase = Duration.seconds(1)

/** Why an attempt failed in a way that may pass, and how long Discord wants to be left alone. */
interface Passing {
  readonly _tag: "Passing"
  readonly reason: string
  readonly retryAfter: Option.Option<Duration.Duration>
}

const passing = (reason: string, retryAfter: Option.Option<Duration.Duration> = Option.none()): Passing => ({
  _tag: "Passing",
  reason,
  retryAfter
})

const retryAfterOf = ({ headers }: HttpClientResponse.HttpClientResponse): Option.Option<Duration.Duration> => {
  const seconds = Number.parseFloat(headers["retry-after"] ?? "")
  return seconds >= 0 ? Option.some(Duration.seconds(seconds)) : Option.none()
}

/** The library's errors hold the request, and with it the token: only the words of their causes are taken. */
const reasonOf = (error: HttpClientError.HttpClientError, token: string): string => {
  const { cause } = error
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const words = inner instanceof Error ? PeerText.describe(inner, 1_000) : error.description ?? error.reason
  // Redacted before it is cut: a part of the token is a secret too.
  return PeerText.clean(words.replaceAll(token, "<redacted>"))
}

const decode = Schema.decodeUnknown(GatewayBot)

const read = (
  response: HttpClientResponse.HttpClientResponse,
  token: string
): Effect.Effect<GatewayBot, GatewayApiError | Passing> => {
  const { status } = response
  const unexpected = (reason: string) =>
    new UnexpectedAnswerError({ status, reason: PeerText.clean(reason.replaceAll(token, "<redacted>")) })
  if (status === 401) {
    return Effect.fail(new UnauthorizedError())
  }
  if (status === 429 || status >= 500) {
    return Effect.fail(passing(`status ${status}`, retryAfterOf(response)))
  }
  if (status !== 200) {
    return Effect.fail(unexpected("not documented"))
  }
  return response.text.pipe(
    Effect.mapError((error) => passing(reasonOf(error, token))),
    Effect.flatMap((text) => Effect.try({ try: (): unknown => JSON.parse(text), catch: () => unexpected("no JSON") })),
    Effect.flatMap((body) => Effect.mapError(decode(body), (error) => unexpected(Control.describe(error))))
  )
}

/** The wait after an attempt: it doubles, and up to half of it is taken away by chance. */
const waitAfter = (attempt: number, { retryAfter }: Passing): Effect.Effect<Duration.Duration> =>
  Option.match(retryAfter, {
    onSome: Effect.succeed,
    onNone: () =>
      Effect.map(Random.next, (random) => Duration.times(backoffBase, 2 ** (attempt - 1) * (1 - random / 2)))
  })

/** To the millisecond. */
const inWords = (wait: Duration.Duration): string =>
  Duration.format(Duration.millis(Math.round(Duration.toMillis(wait))))

const retried = <A, E>(ask: Effect.Effect<A, E | Passing>, attempt = 1): Effect.Effect<A, E | UnavailableError> =>
  Effect.catchAll(ask, (error) => {
    if (!isPassing(error)) {
      return Effect.fail(error)
    }
    if (attempt >= attempts) {
      return Effect.fail(new UnavailableError({ attempts: attempt, reason: error.reason }))
    }
    return Effect.flatMap(
      waitAfter(attempt, error),
      (wait) =>
        Effect.logWarning(`GET /gateway/bot failed (${error.reason}), trying again in ${inWords(wait)}`).pipe(
          Effect.zipRight(Effect.sleep(wait)),
          Effect.zipRight(retried(ask, attempt + 1))
        )
    )
  })

/** `fetch` would follow where an answer points to, and Node's other client does not: it could be anywhere. */
const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.serviceOption(FetchHttpClient.RequestInit),
    (init) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, {
        ...Option.getOrUndefined(init),
        redirect: "manual"
      })
  )

const isPassing = (error: unknown): error is Passing =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "Passing"

/**
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
    // The client's own span would carry the headers.
    const quiet = HttpClient.withTracerDisabledWhen(client, () => true)
    const ask = Effect.scoped(Effect.flatMap(
      Effect.mapError(quiet.execute(request), (error) => passing(reasonOf(error, token))),
      (response) => read(response, token)
    )).pipe(withoutRedirects)
    const inTime = Effect.timeoutFail(ask, {
      duration: attemptTimeout,
      onTimeout: () => passing(`no answer within ${Duration.format(attemptTimeout)}`)
    })
    return {
      // What cannot be a token cannot be in a header either, and the platform's complaint would quote it.
      gatewayBot: /^[\x21-\x7e]+$/.test(token)
        ? Effect.withSpan(retried(inTime), "vesper.gatewayBot")
        : Effect.fail(new UnauthorizedError())
    }
  })

/**
 * Over whatever HttpClient the program uses: `FetchHttpClient.layer` runs everywhere.
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
 * The same with each option as it is or from a `Config`; the token is commonly `ShardConfig.tokenConfig`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<GatewayApi, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(GatewayApi, Effect.flatMap(Config.unwrap(options), make))
