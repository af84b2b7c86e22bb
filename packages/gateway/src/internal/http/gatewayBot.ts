/** Sends GET /gateway/bot over the program's HTTP client. Loaded on demand. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { GatewayApi, GatewayApiError, GatewayBot } from "../../GatewayApi.js"
import * as GatewaySchema from "../../GatewaySchema.js"
import { Token } from "../config/index.js"
import { backoff } from "../time/index.js"
import { PeerText } from "../wire/index.js"
import { UnauthorizedError, UnavailableError, UnexpectedAnswerError } from "./gatewayApiError.js"
import * as RetryAfter from "./retryAfter.js"

const attempts = 5
const attemptTimeout = Duration.seconds(10)
const backoffBase = 1_000

/** A temporary failure of an attempt, with the `Retry-After` of the response. */
class TemporaryFailure extends Data.TaggedError("TemporaryFailure")<{
  readonly reason: string
  readonly retryAfter: Option.Option<Duration.Duration>
}> {}

const temporaryFailure = (reason: string, retryAfter: Option.Option<Duration.Duration> = Option.none()) =>
  new TemporaryFailure({ reason, retryAfter })

/** Describes the cause of an error. The error itself holds the request, and with it the token. */
const describeFailure = (error: HttpClientError.HttpClientError, token: string): string => {
  const { cause } = error
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const words = inner instanceof Error ? PeerText.describe(inner, 1_000) : error.description ?? error.reason
  // Redacted before it is cut, because a part of the token is also a secret.
  return PeerText.clean(words.replaceAll(token, "<redacted>"))
}

const decode = Schema.decodeUnknown(GatewaySchema.GatewayBot)

/** Names the first wrong field. It quotes nothing of the body, whose size and nesting are the peer's choice. */
const describeMismatch = ({ issue }: ParseResult.ParseError): string => {
  const path = findPath(issue).map(String).join(".")
  return path === "" ? "it is not what Discord documents" : `"${path}" is missing or not what Discord documents`
}

const findPath = (issue: ParseResult.ParseIssue): ReadonlyArray<PropertyKey> => {
  switch (issue._tag) {
    case "Pointer":
      return [issue.path].flat().concat(findPath(issue.issue))
    case "Composite": {
      const [first] = [issue.issues].flat()
      return first === undefined ? [] : findPath(first)
    }
    case "Refinement":
    case "Transformation":
      return findPath(issue.issue)
    default:
      return []
  }
}

const read = (
  response: HttpClientResponse.HttpClientResponse,
  token: string
): Effect.Effect<GatewayBot, GatewayApiError | TemporaryFailure> => {
  const { headers: { date, "retry-after": retryAfter }, status } = response
  const unexpected = (reason: string) =>
    new UnexpectedAnswerError({ status, reason: PeerText.clean(reason.replaceAll(token, "<redacted>")) })
  if (status === 401) {
    return Effect.fail(new UnauthorizedError())
  }
  if (status === 429 || status >= 500) {
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => temporaryFailure(`status ${status}`, RetryAfter.parse({ date, "retry-after": retryAfter }, now))
    )
  }
  if (status !== 200) {
    return Effect.fail(unexpected("not documented"))
  }
  return response.text.pipe(
    Effect.mapError((error) => temporaryFailure(describeFailure(error, token))),
    Effect.flatMap((text) => Effect.try({ try: (): unknown => JSON.parse(text), catch: () => unexpected("no JSON") })),
    Effect.flatMap((body) => Effect.mapError(decode(body), (error) => unexpected(describeMismatch(error))))
  )
}

const waitAfter = (attempt: number, { retryAfter }: TemporaryFailure): Effect.Effect<Duration.Duration> =>
  Option.match(retryAfter, {
    onSome: Effect.succeed,
    onNone: () => Effect.map(Random.next, (random) => Duration.millis(backoff(backoffBase, Infinity, attempt, random)))
  })

const withRetries = (
  ask: Effect.Effect<GatewayBot, GatewayApiError | TemporaryFailure>,
  attempt = 1
): Effect.Effect<GatewayBot, GatewayApiError> =>
  Effect.catchTag(ask, "TemporaryFailure", (error) => {
    if (attempt >= attempts) {
      return Effect.fail(new UnavailableError({ attempts: attempt, reason: error.reason }))
    }
    return Effect.flatMap(
      waitAfter(attempt, error),
      (wait) =>
        Effect.logWarning(`GET /gateway/bot failed (${error.reason}), trying again in ${Duration.format(wait)}`).pipe(
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

export const make = (options: {
  readonly token: Redacted.Redacted<string>
  readonly baseUrl: string
}): Effect.Effect<GatewayApi, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const token = Token.withoutPrefix(Redacted.value(options.token))
    const baseUrl = options.baseUrl.replace(/\/+$/, "")
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
