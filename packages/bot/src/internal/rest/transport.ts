/** Sends the library's requests through the program's HttpClient. */
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { RateLimitError, type RESTOptions } from "@discordjs/rest"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { ServerClock } from "./serverClock.js"

type MakeRequest = RESTOptions["makeRequest"]
type Init = Parameters<MakeRequest>[1]
type ResponseLike = Awaited<ReturnType<MakeRequest>>

/** Makes an error that the library retries: an aborted attempt, which is also its timeout. */
const aborted = (message: string) => Object.assign(new Error(message), { name: "AbortError" })

const toBody = (body: Init["body"], contentType: string | undefined): HttpBody.HttpBody =>
  typeof body === "string"
    ? HttpBody.text(body, contentType)
    : body instanceof globalThis.FormData
    ? HttpBody.formData(body)
    : body instanceof Uint8Array
    ? HttpBody.uint8Array(body, contentType)
    : body === null || body === undefined
    ? HttpBody.empty
    : HttpBody.raw(body, { contentType })

/** The library sets its headers as an object of strings. */
const readHeaders = ({ headers }: Init) => new Headers(headers as Record<string, string>)

const toRequest = (url: string, init: Init): HttpClientRequest.HttpClientRequest => {
  const headers = readHeaders(init)
  // The library's methods are those of Discord's API, in upper case.
  return HttpClientRequest.make((init.method ?? "GET") as "GET")(url).pipe(
    HttpClientRequest.setHeaders(headers),
    HttpClientRequest.setBody(toBody(init.body, headers.get("content-type") ?? undefined))
  )
}

/** The library retries a lost connection by its code. */
const toError = ({ description, reason }: HttpClientError.HttpClientError): Error =>
  reason === "Transport"
    ? Object.assign(new Error(description ?? "the connection failed"), { code: "ECONNRESET" })
    : new Error(reason)

const isWithoutBody = (status: number): boolean => status === 204 || status === 205 || status === 304

/** Limits of the transport. */
interface Limits {
  readonly globalRequestsPerSecond: number
  readonly maxWait: Duration.DurationInput
  readonly timeout: Duration.DurationInput
}

/**
 * Keeps the limit of all requests of a bot, which those without its token are not bound to. A place is free again a second after the
 * response, because the request arrived before that. So the limit holds in each second of Discord, whatever the latencies are.
 */
const makeGlobalLimit = ({ globalRequestsPerSecond: limit, maxWait }: Limits) =>
  Effect.map(Effect.scope, (scope) => {
    const places = Effect.unsafeMakeSemaphore(limit)
    const release = Effect.forkIn(Effect.interruptible(Effect.delay(places.release(1), "1 second")), scope)
    return <A, E>(url: string, init: Init, attempt: Effect.Effect<A, E>): Effect.Effect<A, E | RateLimitError> => {
      const rejected = () => {
        const method = init.method ?? "GET"
        const times = { limit, retryAfter: 1_000, timeToReset: 1_000, sublimitTimeout: 0 }
        const place = { url, method, hash: "", route: "", majorParameter: "global" }
        return new RateLimitError({ ...times, ...place, global: true, scope: "global" })
      }
      const take = Effect.timeoutFail(places.take(1), { duration: maxWait, onTimeout: rejected })
      return readHeaders(init).has("authorization")
        ? Effect.uninterruptibleMask((restore) =>
          Effect.zipRight(restore(take), Effect.ensuring(restore(attempt), release))
        )
        : attempt
    }
  })

/** Makes the function that the library calls for each attempt. The runtime is that of the calling fiber. */
export const makeTransport = (
  client: HttpClient.HttpClient,
  currentRuntime: () => Runtime.Runtime<never>,
  serverClock: ServerClock,
  limits: Limits
): Effect.Effect<MakeRequest, never, Scope.Scope> =>
  Effect.map(makeGlobalLimit(limits), (withinLimit): MakeRequest => async (url, init) => {
    const signal = init.signal
    if (signal?.aborted === true) {
      throw aborted("the request was aborted")
    }
    const attempt = Effect.gen(function*() {
      const response = yield* client.execute(toRequest(url, init))
      const clock = yield* Effect.clock
      const date = Date.parse(response.headers["date"] ?? "")
      if (Number.isFinite(date)) {
        serverClock.observe(clock, date)
      }
      const content = isWithoutBody(response.status) ? null : yield* response.arrayBuffer
      return new Response(content, { status: response.status, headers: new Headers(response.headers) })
    }).pipe(
      Effect.mapError(toError),
      Effect.scoped,
      Effect.timeoutFail({ duration: limits.timeout, onTimeout: () => aborted("no answer in time") })
    )
    // The library's signal is a standard one in another type.
    const options = { signal: signal as AbortSignal }
    const exit = await Runtime.runPromiseExit(currentRuntime())(withinLimit(url, init, attempt), options)
    if (Exit.isFailure(exit)) {
      throw Cause.isInterruptedOnly(exit.cause) ? aborted("the request was aborted") : Cause.squash(exit.cause)
    }
    // undici's Response, which the library's type names, has the same standard members.
    return exit.value as unknown as ResponseLike
  })
