import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import { assert, describe, it } from "@effect/vitest"
import * as Rest from "@vesper/bot/Rest"
import * as RestError from "@vesper/bot/RestError"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { getEventListeners } from "node:events"
import { heapUsed } from "./heap.js"
import { type Answer, type Asked, layerHttp } from "./http.js"

const token = "MTIz.secret.token"
const webhookToken = "aW50ZXJhY3Rpb24"
const channel = "290926798626357999"

const layer = (answer: (asked: Asked) => Answer | Effect.Effect<Answer>, options: Partial<Rest.Options> = {}) =>
  Rest.layer({ token: Redacted.make(token), ...options }).pipe(Layer.provide(layerHttp(answer)))

const created = { id: "1", channel_id: channel, content: "hello" }

describe("Rest", () => {
  it.effect("sends the library's request and decodes its answer", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function*() {
      const rest = yield* Rest.Rest
      const message = yield* rest.channels.createMessage(channel, { content: "hello" })
      assert.strictEqual(message.content, "hello")
      assert.strictEqual(asked[0]?.method, "POST")
      assert.strictEqual(asked[0]?.url, `https://discord.com/api/v10/channels/${channel}/messages`)
      assert.strictEqual(asked[0]?.headers["authorization"], `Bot ${token}`)
      assert.deepStrictEqual(asked[0]?.json, { content: "hello" })
    }).pipe(Effect.provide(layer((request) => {
      asked.push(request)
      return { status: 200, json: created }
    })))
  })

  it.effect("sends files as a form", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function*() {
      const rest = yield* Rest.Rest
      yield* rest.channels.createMessage(channel, { content: "hello", files: [{ name: "a.txt", data: "text" }] })
      assert.deepStrictEqual(asked[0]?.form, { payload_json: "{\"content\":\"hello\"}", "files[0]": "a.txt" })
    }).pipe(Effect.provide(layer((request) => {
      asked.push(request)
      return { status: 200, json: created }
    })))
  })

  it.effect("returns nothing for a response without a body", () =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      yield* rest.channels.deleteMessage(channel, "290926798626357998")
    }).pipe(Effect.provide(layer(() => ({ status: 204 })))))

  it.effect("sends a raw request below the API's version", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function*() {
      const rest = yield* Rest.Rest
      const answer = yield* rest.request({ method: "PUT", route: "/guilds/1/new-thing", body: { a: 1 } })
      assert.deepStrictEqual(answer, { fresh: true })
      assert.strictEqual(asked[0]?.url, "https://proxy.example/api/v11/guilds/1/new-thing")
    }).pipe(Effect.provide(layer((request) => {
      asked.push(request)
      return { status: 200, json: { fresh: true } }
    }, { baseUrl: "https://proxy.example/api/v11" })))
  })

  const failures: ReadonlyArray<readonly [name: string, answer: Answer, expected: RegExp]> = [
    [
      "Discord's code and remedy",
      { status: 403, json: { code: 50013, message: "Missing Permissions" } },
      /^POST \/channels\/\d+\/messages was rejected with 403, code 50013 \(Missing Permissions\): give the bot's role/
    ],
    [
      "the rejected field",
      {
        status: 400,
        json: {
          code: 50035,
          message: "Invalid Form Body",
          errors: { content: { _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message: "Must be 2000 or fewer" }] } }
        }
      },
      /content\[BASE_TYPE_MAX_LENGTH\]: Must be 2000 or fewer/
    ],
    ["an unknown code", { status: 400, json: { code: 99, message: "New" } }, /code 99 \(New\): see Discord's list/],
    ["a refused token", { status: 401, json: { code: 0, message: "401: Unauthorized" } }, /copy the token again/],
    ["a server error", { status: 502, json: {} }, /failed at all attempts, the last time with status 502/],
    ["no connection", { transport: `refused ${token}` }, /refused <redacted>: check the network/]
  ]
  for (const [name, answer, expected] of failures) {
    it.effect(`names ${name}`, () =>
      Effect.gen(function*() {
        const rest = yield* Rest.Rest
        const error = yield* Effect.flip(rest.channels.createMessage(channel, { content: "hello" }))
        assert.match(error.message, expected)
      }).pipe(Effect.provide(layer(() => answer))))
  }

  it.effect("sends nothing more once Discord has refused the token", () => {
    let count = 0
    return Effect.gen(function*() {
      const rest = yield* Rest.Rest
      for (let attempt = 0; attempt < 3; attempt++) {
        const error = yield* Effect.flip(rest.users.getCurrent())
        assert.strictEqual(error._tag, "Unauthorized")
      }
      assert.strictEqual(count, 1)
    }).pipe(Effect.provide(layer(() => {
      count++
      return { status: 401, json: { code: 0, message: "401: Unauthorized" } }
    })))
  })

  it.effect("reports an expired token of an interaction by its code, and not as a refused token of the bot", () =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = yield* Effect.flip(rest.interactions.followUp(channel, webhookToken, { content: "late" }))
        assert.strictEqual(error._tag, "DiscordError")
        assert.match(error.message, /with 401, code 50027 .*: the token of an interaction is valid for 15 minutes$/)
      }
    }).pipe(Effect.provide(layer(() => ({ status: 401, json: { code: 50027, message: "Invalid Webhook Token" } })))))

  it.effect("has no token of the bot or of a webhook in its errors and causes", () =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      const exit = yield* Effect.exit(
        rest.interactions.reply(channel, webhookToken, { content: "hello" })
      )
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) {
        const text = `${Cause.pretty(exit.cause)} ${JSON.stringify(exit)} ${String(exit)}`
        assert.notInclude(text, token)
        assert.notInclude(text, webhookToken)
        assert.include(text, `/interactions/${channel}/:token/callback`)
      }
    }).pipe(Effect.provide(layer(() => ({
      status: 400,
      json: { code: 10062, message: `Unknown interaction ${webhookToken} of ${token}` }
    })))))

  it.effect("retries a lost connection and a server error", () => {
    const answers: Array<Answer> = [{ transport: "socket hang up" }, { status: 500, json: {} }, {
      status: 200,
      json: created
    }]
    return Effect.gen(function*() {
      const rest = yield* Rest.Rest
      assert.strictEqual((yield* rest.channels.createMessage(channel, { content: "a" })).id, "1")
      assert.lengthOf(answers, 0)
    }).pipe(Effect.provide(layer(() => answers.shift() ?? { status: 500 })))
  })

  it.live("waits for a rate limit, or fails with RateLimited beyond maxWait", () => {
    let count = 0
    const limited: Answer = {
      status: 429,
      json: { message: "limited", retry_after: 0.05, global: false },
      headers: { "retry-after": "0.05", "x-ratelimit-scope": "shared" }
    }
    const answer = () => count++ === 0 ? limited : { status: 200, json: created }
    const send = Effect.flatMap(Rest.Rest, (rest) => rest.channels.createMessage(channel, { content: "a" }))
    return Effect.gen(function*() {
      assert.strictEqual((yield* Effect.provide(send, layer(answer))).id, "1")
      assert.strictEqual(count, 2)
      count = 0
      const error = yield* Effect.flip(Effect.provide(send, layer(answer, { maxWait: "10 millis" })))
      assert.instanceOf(error, RestError.RateLimited)
      assert.strictEqual(error.scope, "shared")
      assert.isAtLeast(Duration.toMillis(error.retryAfter), 50)
      // It was sent, and answered with 429.
      assert.match(
        error.message,
        /was not accepted, because its rate limit \(shared\) lasts for another .*raise maxWait$/
      )
    })
  })

  describe("an aborted request", () => {
    /** An API that never answers, and reports when a request begins and when it is aborted. */
    const silent = Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const aborted = yield* Deferred.make<void>()
      const http = layerHttp(() =>
        Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(aborted, undefined))
        )
      )
      return { started, aborted, rest: Rest.layer({ token: Redacted.make(token) }).pipe(Layer.provide(http)) }
    })

    it.live("is that of an interrupted fiber", () =>
      Effect.gen(function*() {
        const { aborted, rest, started } = yield* silent
        const send = Effect.flatMap(Rest.Rest, ({ users }) => users.getCurrent())
        const fiber = yield* Effect.fork(Effect.provide(send, rest))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(aborted)
      }))

    it.live("is that of the program's signal, on which no listener remains", () =>
      Effect.gen(function*() {
        const { aborted, rest, started } = yield* silent
        const controller = new AbortController()
        const send = Effect.flatMap(Rest.Rest, ({ users }) => users.getCurrent({ signal: controller.signal }))
        const fiber = yield* Effect.fork(Effect.flip(Effect.provide(send, rest)))
        yield* Deferred.await(started)
        controller.abort()
        yield* Deferred.await(aborted)
        assert.include((yield* Fiber.join(fiber)).message, "the request was aborted")
        assert.lengthOf(getEventListeners(controller.signal, "abort"), 0)
        assert.include((yield* Effect.flip(Effect.provide(send, rest))).message, "the request was aborted")
      }))

    it.live("leaves no listener on the program's signal when it succeeds, and no warning", () => {
      const { signal } = new AbortController()
      const warnings: Array<string> = []
      const onWarning = ({ message }: Error) => warnings.push(message)
      return Effect.gen(function*() {
        const rest = yield* Rest.Rest
        yield* Effect.acquireRelease(
          Effect.sync(() => process.on("warning", onWarning)),
          () => Effect.sync(() => process.off("warning", onWarning))
        )
        yield* Effect.forEach(Array.from({ length: 5 }), () => rest.users.getCurrent({ signal }), {
          concurrency: "unbounded"
        })
        assert.lengthOf(getEventListeners(signal, "abort"), 0)
        yield* Effect.forEach(Array.from({ length: 20 }), () => rest.users.getCurrent(), { concurrency: "unbounded" })
        // Node emits warnings in a later turn of the event loop.
        yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
        assert.deepStrictEqual(warnings, [])
      }).pipe(Effect.scoped, Effect.provide(layer(() => Effect.as(Effect.yieldNow(), { json: { id: "1" } }))))
    })
  })

  it.live("keeps nothing of a request that has ended", () =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      const send = Effect.forEach(Array.from({ length: 1_000 }), () => rest.users.getCurrent(), {
        concurrency: 100,
        discard: true
      })
      yield* send
      const before = yield* heapUsed
      yield* send
      assert.isBelow((yield* heapUsed) - before, 1_000_000)
    }).pipe(Effect.provide(layer(() => ({ json: { id: "1" } }), { globalRequestsPerSecond: 10_000 }))), 20_000)

  it.effect("adds a span without secrets to the fiber's trace", () =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      yield* rest.users.getCurrent().pipe(Effect.withSpan("parent"))
    }).pipe(Effect.provide(layer((asked) => {
      assert.notProperty(asked.headers, "traceparent")
      return { status: 200, json: {} }
    }))))

  it.effect("reads the token from DISCORD_TOKEN", () => {
    let authorization: string | undefined
    const http = layerHttp(({ headers }) => {
      authorization = headers["authorization"]
      return { status: 200, json: {} }
    })
    return Effect.gen(function*() {
      yield* Effect.flatMap(Rest.Rest, (rest) => rest.users.getCurrent())
      assert.strictEqual(authorization, "Bot abc")
    }).pipe(
      Effect.provide(Rest.layerConfig().pipe(Layer.provide(http))),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "Bot abc"]])))
    )
  })

  it.effect("reads each option as a value or as a Config", () => {
    const urls: Array<string> = []
    const http = layerHttp(({ url }) => {
      urls.push(url)
      return { status: 200, json: {} }
    })
    const options = { baseUrl: Config.string("API_URL"), retries: 0, timeout: "5 seconds" } as const
    return Effect.gen(function*() {
      yield* Effect.flatMap(Rest.Rest, (rest) => rest.users.getCurrent())
      assert.deepStrictEqual(urls, ["https://proxy.example/api/v10/users/%40me"])
    }).pipe(
      Effect.provide(Rest.layerConfig(options).pipe(Layer.provide(http))),
      Effect.withConfigProvider(ConfigProvider.fromMap(
        new Map([["DISCORD_TOKEN", "abc"], ["API_URL", "https://proxy.example/api/v10"]])
      ))
    )
  })

  it.live("keeps the rate limits of twenty routes and loses no call", () => {
    // A bucket of five in 100 ms for each channel, and a failure of each kind now and then.
    const windows = new Map<string, { end: number; count: number }>()
    const accepted = new Map<string, Array<number>>()
    let calls = 0
    let exceeded = 0
    const answer = ({ json, url }: Asked): Answer => {
      calls++
      if (calls % 97 === 0) {
        return { status: 503, json: {} }
      }
      if (calls % 101 === 0) {
        return { transport: "ECONNRESET" }
      }
      const now = Date.now()
      const window = windows.get(url)
      const open = window !== undefined && now < window.end ? window : { end: now + 100, count: 0 }
      windows.set(url, open)
      const headers = {
        "x-ratelimit-limit": "5",
        "x-ratelimit-remaining": String(Math.max(0, 4 - open.count)),
        "x-ratelimit-reset-after": String((open.end - now) / 1000),
        "x-ratelimit-bucket": "messages"
      }
      if (++open.count > 5) {
        exceeded++
        return { status: 429, json: {}, headers: { ...headers, "retry-after": String((open.end - now) / 1000) } }
      }
      const { content } = json as { content: string }
      accepted.set(url, [...accepted.get(url) ?? [], Number(content)])
      return { status: 200, json: created, headers }
    }
    return Effect.gen(function*() {
      const rest = yield* Rest.Rest
      yield* Effect.forEach(
        Array.from({ length: 400 }, (_, index) => index),
        (index) =>
          rest.channels.createMessage(`2909267986263579${String(index % 20).padStart(2, "0")}`, {
            content: String(index)
          }),
        { concurrency: "unbounded", discard: true }
      )
      assert.strictEqual(exceeded, 0)
      assert.strictEqual(accepted.size, 20)
      for (const contents of accepted.values()) {
        assert.lengthOf(contents, 20)
        assert.deepStrictEqual(contents, contents.toSorted((a, b) => a - b))
      }
    }).pipe(Effect.provide(layer(answer, { globalRequestsPerSecond: 10_000 })))
  })
})

describe("the test's own HttpClient", () => {
  it.effect("fails as a broken connection does", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const error = yield* Effect.flip(client.get("https://discord.com").pipe(Effect.retry(Schedule.recurs(1))))
      assert.isTrue(HttpClientError.isHttpClientError(error))
    }).pipe(Effect.provide(layerHttp(() => ({ transport: "gone" })))))
})
