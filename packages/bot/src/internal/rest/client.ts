/** The library's methods as Effects. */
import { API } from "@discordjs/core/http-only"
import { type RequestData, REST, type RouteLike } from "@discordjs/rest"
import * as HttpClient from "@effect/platform/HttpClient"
import { AsyncLocalStorage } from "node:async_hooks"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as RestError from "../../RestError.js"
import { type Attempted, toRestError } from "./errors.js"
import { redactPath } from "./redact.js"
import { ServerClock } from "./serverClock.js"
import { makeTransport } from "./transport.js"

/** Options of a client, with their defaults. */
export interface ClientOptions {
  readonly token: string
  readonly baseUrl: string
  readonly globalRequestsPerSecond: number
  readonly retries: number
  readonly timeout: Duration.Duration
  readonly maxWait: Duration.Duration
  readonly userAgent: string
}

/** A request in the library's terms. */
export interface RawRequest extends Omit<RequestData, "signal"> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly route: RouteLike
}

/** The client behind the service. */
export interface Client {
  readonly sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly request: (request: RawRequest) => Effect.Effect<unknown, RestError.RestError>
  readonly serverClock: ServerClock
}

/** One call of a program: the runtime of its fiber, and the last request that was made for it. */
interface Call {
  readonly runtime: Runtime.Runtime<never>
  attempted: Attempted
}

const invalidRequestWarning = 500

const listFunctions = (section: object): ReadonlyArray<string> =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(section)).filter((name) => name !== "constructor")

const isSection = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !(value instanceof REST)

/** Makes a client that is closed with the scope. */
export const makeClient = (
  options: ClientOptions
): Effect.Effect<Client, never, HttpClient.HttpClient | Scope.Scope> =>
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
    const maxWait = Duration.toMillis(options.maxWait)
    const rest = new REST({
      api: options.baseUrl.replace(/\/v\d+\/?$/, "").replace(/\/+$/, ""),
      version: /\/v(\d+)\/?$/.exec(options.baseUrl)?.[1] ?? "10",
      globalRequestsPerSecond: options.globalRequestsPerSecond,
      retries: options.retries,
      timeout: Duration.toMillis(options.timeout),
      userAgentAppendix: options.userAgent,
      invalidRequestWarningInterval: invalidRequestWarning,
      rejectOnRateLimit: ({ retryAfter, sublimitTimeout, timeToReset }) =>
        Math.max(retryAfter, sublimitTimeout, timeToReset) > maxWait,
      makeRequest: makeTransport(client, () => calls.getStore()?.runtime ?? runtime, serverClock)
    }).setToken(options.token)
    const log = (effect: Effect.Effect<void>) => Runtime.runSync(calls.getStore()?.runtime ?? runtime)(effect)
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
    const bind = (signal: AbortSignal, call: Call): REST => {
      const bound: REST = Object.create(rest, {
        request: {
          value: (request: Parameters<REST["request"]>[0]) => {
            call.attempted = { method: request.method, path: request.fullRoute }
            const own = request.signal
            return rest.request({
              ...request,
              signal: AbortSignal.any(own === undefined ? [signal, closed.signal] : [signal, closed.signal, own])
            })
          }
        }
      })
      return bound
    }

    const run = (name: string, send: (rest: REST) => Promise<unknown>): Effect.Effect<unknown, RestError.RestError> =>
      Effect.flatMap(Effect.runtime<never>(), (runtime) => {
        const call: Call = { runtime, attempted: { method: "", path: name } }
        return Effect.tryPromise({
          try: (signal) => calls.run(call, () => send(bind(signal, call))),
          catch: (error) => toRestError(error, call.attempted, options.token)
        })
      }).pipe(
        Effect.withSpan("discord.rest", {
          kind: "client",
          attributes: { "discord.method": name },
          captureStackTrace: false
        })
      )

    const sections: Record<string, Readonly<Record<string, unknown>>> = {}
    for (const [section, methods] of Object.entries(new API(rest))) {
      if (isSection(methods)) {
        sections[section] = Object.fromEntries(
          listFunctions(methods).map((method) => [
            method,
            (...parameters: ReadonlyArray<unknown>) =>
              run(`${section}.${method}`, (bound) => {
                // The same section of another instance has the same methods.
                const target = Reflect.get(new API(bound), section) as Readonly<
                  Record<string, (...parameters: ReadonlyArray<unknown>) => Promise<unknown>>
                >
                return Promise.resolve(target[method]?.(...parameters))
              })
          ])
        )
      }
    }
    return {
      sections,
      serverClock,
      request: ({ method, route, ...data }) =>
        // The library's enum has these values.
        run("request", (bound) => bound.request({ ...data, fullRoute: route, method: method as never }))
    }
  })
