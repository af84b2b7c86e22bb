import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Http from "node:http"
import * as GatewayApi from "../src/GatewayApi.js"
import * as Tracer from "./tracer.js"

const token = "MTE.secret.token"

const body = {
  url: "wss://gateway.discord.gg",
  shards: 9,
  session_start_limit: { total: 1_000, remaining: 999, reset_after: 14_400_000, max_concurrency: 16 }
}

interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The error of a request that is not sent. */
  readonly failure?: string
}

/** Answers each request with the next answer, then always with the last one. `asked` records the requests. */
const scripted = (answers: ReadonlyArray<Answer>) => {
  const asked: Array<{ readonly at: number; readonly url: string; readonly authorization: string | undefined }> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function*() {
      asked.push({
        at: yield* Clock.currentTimeMillis,
        url: url.href,
        authorization: request.headers["authorization"]
      })
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? {}
      if (answer.failure !== undefined) {
        return yield* new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: new Error(answer.failure)
        })
      }
      const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? body)
      const init = { status: answer.status ?? 200, headers: answer.headers ?? {} }
      return HttpClientResponse.fromWeb(request, new Response(text, init))
    })
  )
  return { asked, client }
}

const ask = (client: HttpClient.HttpClient, options: Partial<GatewayApi.Options> = {}) =>
  GatewayApi.make({ token: Redacted.make(token), ...options }).pipe(
    Effect.provideService(HttpClient.HttpClient, client),
    Effect.flatMap((api) => api.gatewayBot),
    // Without jitter each wait has its maximum.
    Effect.withRandom(Random.fixed([0]))
  )

/** Returns the result of an effect after an hour. */
const inAnHour = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.either(effect))
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

describe("GatewayApi", () => {
  it.effect("asks with the bot's token and reads the answer", () =>
    Effect.gen(function*() {
      const { asked, client } = scripted([{}])
      const bot = yield* ask(client)
      assert.strictEqual(bot.shards, 9)
      assert.strictEqual(bot.url, "wss://gateway.discord.gg")
      assert.strictEqual(bot.sessionStartLimit.maxConcurrency, 16)
      assert.strictEqual(Duration.toHours(bot.sessionStartLimit.resetAfter), 4)
      assert.deepStrictEqual(asked, [
        { at: 0, url: "https://discord.com/api/v10/gateway/bot", authorization: `Bot ${token}` }
      ])
    }))

  it.effect("does not care for `Bot ` before the token, nor for a slash after the base URL", () =>
    Effect.gen(function*() {
      const { asked, client } = scripted([{}])
      yield* ask(client, { token: Redacted.make(`Bot ${token}`), baseUrl: "http://localhost:1/api/v10//" })
      assert.deepStrictEqual(asked.map(({ authorization, url }) => [url, authorization]), [
        ["http://localhost:1/api/v10/gateway/bot", `Bot ${token}`]
      ])
    }))

  const passing: ReadonlyArray<readonly [what: string, answers: ReadonlyArray<Answer>, times: ReadonlyArray<number>]> =
    [
      ["a status 500", [{ status: 500 }, {}], [0, 1_000]],
      ["failures of all kinds, after longer and longer waits", [
        { failure: "ECONNREFUSED" },
        { status: 502, body: "<html>" },
        { status: 503 },
        {}
      ], [0, 1_000, 3_000, 7_000]],
      ["a 429, when its time is over", [{ status: 429, headers: { "retry-after": "90.5" } }, {}], [0, 90_500]],
      ["a 429 that names no time", [{ status: 429 }, {}], [0, 1_000]]
    ]
  for (const [what, answers, times] of passing) {
    it.effect(`tries again after ${what}`, () =>
      Effect.gen(function*() {
        const { asked, client } = scripted(answers)
        const answer = yield* inAnHour(ask(client))
        assert.strictEqual(answer._tag, "Right")
        assert.deepStrictEqual(asked.map(({ at }) => at), times)
      }))
  }

  it.effect("tries again after no answer in ten seconds", () =>
    Effect.gen(function*() {
      const { asked, client } = scripted([{}])
      const slow = HttpClient.transformResponse(client, Effect.delay("1 minute"))
      const answer = yield* inAnHour(Effect.flip(ask(slow)))
      assert.deepInclude(answer, { _tag: "Right" })
      assert.strictEqual(asked.length, 0)
      assert.include(String(answer), "UnavailableError")
      assert.include(String(answer), "no answer within 10s")
    }))

  it.effect("gives up after five attempts, and says what the last ended with", () =>
    Effect.gen(function*() {
      const { asked, client } = scripted([{ status: 500 }, { status: 500 }, { failure: "ECONNRESET" }])
      const answer = yield* inAnHour(Effect.map(Effect.flip(ask(client)), (error) => error.message))
      assert.deepStrictEqual(asked.map(({ at }) => at), [0, 1_000, 3_000, 7_000, 15_000])
      assert.include(String(answer), "failed 5 times, the last time with: ECONNRESET")
    }))

  const final: ReadonlyArray<readonly [what: string, answer: Answer, tag: string, message: RegExp]> = [
    ["a 401", { status: 401 }, "UnauthorizedError", /refused the bot's token/],
    ["another status", { status: 404 }, "UnexpectedAnswerError", /status 404/],
    ["no JSON", { body: "<html>" }, "UnexpectedAnswerError", /no JSON/],
    ["another shape", { body: { ...body, shards: "many" } }, "UnexpectedAnswerError", /"shards"/],
    [
      "no concurrency",
      {
        body: { ...body, session_start_limit: { ...body.session_start_limit, max_concurrency: 0 } }
      },
      "UnexpectedAnswerError",
      /max_concurrency/
    ]
  ]
  for (const [what, answer, tag, message] of final) {
    it.effect(`fails at once on ${what}`, () =>
      Effect.gen(function*() {
        const { asked, client } = scripted([answer])
        const error = yield* Effect.flip(ask(client))
        assert.strictEqual(error._tag, tag)
        assert.match(error.message, message)
        assert.strictEqual(asked.length, 1)
      }))
  }

  it.effect("does not ask with what cannot be a token", () =>
    Effect.gen(function*() {
      for (const broken of ["", "Bot ", "two words", "line\nbreak", "naïve"]) {
        const { asked, client } = scripted([{}])
        const error = yield* Effect.flip(ask(client, { token: Redacted.make(broken) }))
        assert.strictEqual(error._tag, "UnauthorizedError")
        assert.strictEqual(asked.length, 0)
      }
    }))

  it.effect("lets the token out in no error, log line or span", () =>
    Effect.gen(function*() {
      const out: Array<unknown> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make((entry) => {
          out.push(Logger.stringLogger.log(entry))
        })
      )
      const tracer = Tracer.make((...values) => out.push(...values))
      for (
        const answers of [
          [{ failure: `"Bot ${token}" is an invalid header value` }],
          [{ status: 500 }, { status: 401, body: { message: token } }],
          [{ body: { ...body, shards: token } }],
          [{ status: 418, body: token }]
        ]
      ) {
        const { client } = scripted(answers)
        out.push(
          yield* inAnHour(
            Effect.flip(ask(client)).pipe(
              Effect.withTracer(tracer),
              Effect.provide(logger),
              Effect.tap((error) => {
                out.push(error.message, error.stack, JSON.stringify(error))
              })
            )
          )
        )
      }
      const text = out.map((value) => `${Inspectable.format(value)} ${String(value)}`).join("\n")
      assert.include(text, "vesper.gatewayBot")
      assert.include(text, "trying again")
      assert.notInclude(text, "secret")
    }))

  it.scopedLive("asks the simulator's server over a real connection", () =>
    Effect.gen(function*() {
      const { port } = yield* GatewayServer.GatewayServer
      const api = (token: string) =>
        Effect.flatMap(
          GatewayApi.make({ token: Redacted.make(token), baseUrl: `http://127.0.0.1:${port}/api/v10` }),
          ({ gatewayBot }) => gatewayBot
        )
      const bot = yield* api(token)
      assert.strictEqual(bot.url, `ws://127.0.0.1:${port}/`)
      assert.strictEqual(bot.sessionStartLimit.maxConcurrency, 16)
      assert.strictEqual((yield* Effect.flip(api("another")))._tag, "UnauthorizedError")
    }).pipe(
      Effect.provide(FetchHttpClient.layer),
      Effect.provide(Layer.provideMerge(
        GatewayServer.layer(),
        GatewaySimulator.layer({ maxConcurrency: 16, token: Redacted.make(token) })
      ))
    ))

  it.scopedLive("follows no redirect: it could lead the token to where it must not go", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const { port } = yield* Effect.acquireRelease(
        Effect.async<{ readonly server: Http.Server; readonly port: number }>((resume) => {
          const server = Http.createServer((request, response) => {
            asked.push(request.url ?? "")
            response.writeHead(302, { location: "/elsewhere", connection: "close" }).end()
          })
          server.listen(0, "127.0.0.1", () => {
            const address = server.address()
            resume(Effect.succeed({ server, port: typeof address === "object" && address !== null ? address.port : 0 }))
          })
        }),
        ({ server }) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const api = yield* GatewayApi.make({ token: Redacted.make(token), baseUrl: `http://127.0.0.1:${port}` })
      const error = yield* Effect.flip(api.gatewayBot)
      assert.match(error.message, /302/)
      assert.deepStrictEqual(asked, ["/gateway/bot"])
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.scoped("is answered by the simulator in memory", () =>
    Effect.gen(function*() {
      const api = yield* GatewayApi.GatewayApi
      const { sessionStartLimit, shards } = yield* api.gatewayBot
      assert.strictEqual(shards, 1)
      assert.deepStrictEqual(sessionStartLimit, {
        total: 1_000,
        remaining: 1_000,
        resetAfter: Duration.hours(24),
        maxConcurrency: 4
      })
    }).pipe(
      Effect.provide(Layer.provideMerge(GatewaySimulator.layerApi, GatewaySimulator.layer({ maxConcurrency: 4 })))
    ))
})
