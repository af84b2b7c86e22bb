/** The library's methods as Effects. */
import { API } from "@discordjs/core/http-only"
import { REST } from "@discordjs/rest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import { AsyncLocalStorage } from "node:async_hooks"
import { setMaxListeners } from "node:events"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import type { Options, Request } from "../../Rest.js"
import type * as RestError from "../../RestError.js"
import { type Attempted, toRestError } from "./errors.js"
import { redactPath } from "./redact.js"
import { ServerClock } from "./serverClock.js"
import { makeTransport } from "./transport.js"

/** One call of a program: the runtime of its fiber, and the last request that was made for it. */
interface Call {
  readonly runtime: Runtime.Runtime<never>
  attempted: Attempted
}

const invalidRequestWarning = 500
const maxTimer = 2 ** 31 - 1

/**
 * Sends with a signal that is aborted with any of the others. The library never removes its listener from it, and a
 * composite of `AbortSignal.any` is kept for as long as it has one.
 */
const withSignal = async <A>(signals: ReadonlyArray<AbortSignal>, send: (signal: AbortSignal) => Promise<A>) => {
  const controller = new AbortController()
  const abort = () => controller.abort()
  signals.forEach((signal) => signal.aborted ? abort() : signal.addEventListener("abort", abort))
  try {
    return await send(controller.signal)
  } finally {
    signals.forEach((signal) => signal.removeEventListener("abort", abort))
  }
}

/** The methods of a part of the API; none for its other fields. */
const listMethods = (section: unknown): ReadonlyArray<string> =>
  typeof section !== "object" || section === null || section instanceof REST
    ? []
    : Object.getOwnPropertyNames(Object.getPrototypeOf(section)).filter((name) => name !== "constructor")

/** Makes a client that is closed with the scope. */
export const makeClient = (
  { baseUrl = GatewayApi.defaultBaseUrl, maxWait = Duration.infinity, retries = 3, ...options }: Options
) =>
  Effect.gen(function*() {
    // The URLs of webhooks and interactions have tokens, which the client's own spans would have as attributes.
    const client = HttpClient.withTracerPropagation(
      HttpClient.withTracerDisabledWhen(yield* HttpClient.HttpClient, () => true),
      false
    )
    const runtime = yield* Effect.runtime<never>()
    const calls = new AsyncLocalStorage<Call>()
    const serverClock = new ServerClock()
    const closed = new AbortController()
    // Each running request has a listener.
    setMaxListeners(0, closed.signal)
    const currentRuntime = () => calls.getStore()?.runtime ?? runtime
    const log = (effect: Effect.Effect<void>) => Runtime.runSync(currentRuntime())(effect)
    const token = ShardConfig.bareToken(Redacted.value(options.token))
    const rest = new REST({
      api: baseUrl.replace(/\/v\d+\/?$/, "").replace(/\/+$/, ""),
      version: /\/v(\d+)\/?$/.exec(baseUrl)?.[1] ?? "10",
      // The transport keeps this limit, and the time of an attempt, which begins after the wait for it.
      globalRequestsPerSecond: Number.POSITIVE_INFINITY,
      retries,
      timeout: maxTimer,
      userAgentAppendix: "vesper/0.1.0",
      invalidRequestWarningInterval: invalidRequestWarning,
      rejectOnRateLimit: ({ retryAfter, sublimitTimeout, timeToReset }) =>
        Math.max(retryAfter, sublimitTimeout, timeToReset) > Duration.toMillis(maxWait),
      makeRequest: yield* makeTransport(client, currentRuntime, serverClock, {
        globalRequestsPerSecond: options.globalRequestsPerSecond ?? 50,
        maxWait,
        timeout: options.timeout ?? "15 seconds"
      })
    }).setToken(token)
    rest.on("rateLimited", ({ global, method, retryAfter, scope, timeToReset, url }) =>
      log(Effect.logDebug(
        `${method} ${redactPath(url)} waits ${Math.max(retryAfter, timeToReset)} ms for its rate limit (${
          global ? "global" : scope
        })`
      )))
    rest.on("invalidRequestWarning", ({ count, remainingTime }) =>
      log(Effect.logWarning(
        `${count} invalid requests (401, 403, 429) in ten minutes: at 10,000 Discord blocks this address. The count is reset in ${
          Math.ceil(remainingTime / 1_000)
        } s`
      )))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed.abort()
        rest.clearHashSweeper()
        rest.clearHandlerSweeper()
        rest.removeAllListeners()
      })
    )

    /** The library's REST for one call, whose requests end with the signal. */
    const bind = (signal: AbortSignal, call: Call): REST =>
      Object.create(rest, {
        request: {
          value: (request: Parameters<REST["request"]>[0]) => {
            call.attempted = { method: request.method, path: request.fullRoute, isAuthorized: request.auth !== false }
            const own = request.signal === undefined ? [] : [request.signal]
            return withSignal([signal, closed.signal, ...own], (signal) => rest.request({ ...request, signal }))
          }
        }
      })

    const run = (name: string, send: (rest: REST) => Promise<unknown>): Effect.Effect<unknown, RestError.RestError> =>
      Effect.flatMap(Effect.runtime<never>(), (runtime) => {
        const call: Call = { runtime, attempted: { method: "", path: name, isAuthorized: true } }
        return Effect.tryPromise({
          try: (signal) => calls.run(call, () => send(bind(signal, call))),
          catch: (error) => toRestError(error, call.attempted, token)
        })
      }).pipe(
        Effect.withSpan("discord.rest", {
          kind: "client",
          attributes: { "discord.method": name },
          captureStackTrace: false
        })
      )

    const sections = Object.entries(new API(rest)).map(([section, methods]) => {
      // The same section of another instance has the same methods.
      const makeMethod = (method: string) => (...parameters: ReadonlyArray<unknown>) =>
        run(`${section}.${method}`, (bound) => Reflect.get(new API(bound), section)[method](...parameters))
      return [section, Object.fromEntries(listMethods(methods).map((name) => [name, makeMethod(name)]))] as const
    })
    return {
      sections: Object.fromEntries(sections),
      serverClock,
      request: ({ method, route, ...data }: Request) =>
        // The library's enum has these values.
        run("request", (bound) => bound.request({ ...data, fullRoute: route, method: method as never }))
    }
  })
