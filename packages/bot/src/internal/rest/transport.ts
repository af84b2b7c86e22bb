/** Sends the library's requests through the program's HttpClient. */
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { RESTOptions } from "@discordjs/rest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import type { ServerClock } from "./serverClock.js"

type MakeRequest = RESTOptions["makeRequest"]
type Init = Parameters<MakeRequest>[1]
type ResponseLike = Awaited<ReturnType<MakeRequest>>

/** An error that the library retries. */
class ConnectionLost extends Error {
  readonly code = "ECONNRESET"
}

/** The library retries an aborted attempt, which is also its timeout. */
class Aborted extends Error {
  override readonly name = "AbortError"
}

const toBody = (body: Init["body"], contentType: string | undefined): HttpBody.HttpBody => {
  if (body === null || body === undefined) {
    return HttpBody.empty
  }
  if (typeof body === "string") {
    return HttpBody.text(body, contentType)
  }
  if (body instanceof globalThis.FormData) {
    return HttpBody.formData(body)
  }
  return body instanceof Uint8Array ? HttpBody.uint8Array(body, contentType) : HttpBody.raw(body, { contentType })
}

const toRequest = (url: string, init: Init): HttpClientRequest.HttpClientRequest => {
  const headers = new Headers()
  // The library sets its headers as an object of strings.
  for (const [name, value] of Object.entries(init.headers ?? {})) {
    headers.set(name, String(value))
  }
  const contentType = headers.get("content-type") ?? undefined
  // The library's methods are those of Discord's API, in upper case.
  return HttpClientRequest.make((init.method ?? "GET") as "GET")(url).pipe(
    HttpClientRequest.setHeaders(headers),
    HttpClientRequest.setBody(toBody(init.body, contentType))
  )
}

const describeError = (error: HttpClientError.HttpClientError): Error =>
  error.reason === "Transport"
    ? new ConnectionLost(error.description ?? "the connection failed")
    : new Error(error.reason)

const isWithoutBody = (status: number): boolean => status === 204 || status === 205 || status === 304

/** Makes the function that the library calls for each attempt. The runtime is that of the calling fiber. */
export const makeTransport = (
  client: HttpClient.HttpClient,
  currentRuntime: () => Runtime.Runtime<never>,
  serverClock: ServerClock
): MakeRequest =>
async (url, init) => {
  const signal = init.signal
  if (signal?.aborted === true) {
    throw new Aborted("the request was aborted")
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
  }).pipe(Effect.mapError(describeError), Effect.scoped)
  // The library's signal is a standard one in another type.
  const exit = await Runtime.runPromiseExit(currentRuntime())(attempt, { signal: signal as AbortSignal })
  if (Exit.isFailure(exit)) {
    throw Cause.isInterruptedOnly(exit.cause) ? new Aborted("no answer in time") : Cause.squash(exit.cause)
  }
  // undici's Response, which the library's type names, has the same standard members.
  return exit.value as unknown as ResponseLike
}
