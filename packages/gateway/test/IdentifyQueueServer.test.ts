import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import * as IdentifyQueue from "../src/IdentifyQueue.js"
import * as IdentifyQueueServer from "../src/IdentifyQueueServer.js"

/** The server without a network: a request is an effect, and a client that disconnects interrupts it. */
const serve = (queue: IdentifyQueue.IdentifyQueue) => (path: string, init?: RequestInit) =>
  IdentifyQueueServer.make(queue).pipe(
    Effect.provideService(
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(new Request(`http://queue${path}`, init))
    ),
    Effect.map((response) => HttpServerResponse.toWeb(response)),
    Effect.scoped,
    // The servers of the platform run requests in this way.
    Effect.uninterruptible
  )

/** Returns the time and the status of an answer. */
const timed = <E>(answer: Effect.Effect<Response, E>) =>
  Effect.flatMap(answer, ({ status }) => Effect.map(Clock.currentTimeMillis, (at) => [status, at] as const))

describe("IdentifyQueueServer", () => {
  it.effect("answers when the shard may identify, each bucket in its time", () =>
    Effect.gen(function*() {
      const get = serve(yield* IdentifyQueue.makeInMemory({ maxConcurrency: 2 }))
      const fibers = yield* Effect.forEach([0, 1, 2, 4], (shard) => Effect.fork(timed(get(`/?shard=${shard}`))))
      yield* TestClock.adjust("15 seconds")
      const answers = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(answers, [[200, 0], [200, 0], [200, 5_000], [200, 10_000]])
    }))

  it.effect("gives the place of a client that hung up to the next", () =>
    Effect.gen(function*() {
      const get = serve(yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 }))
      yield* get("/?shard=0")
      const gone = yield* Effect.fork(get("/?shard=1"))
      yield* TestClock.adjust("1 second")
      const next = yield* Effect.fork(timed(get("/?shard=2")))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(next), [200, 5_000])
    }))

  const wrong: ReadonlyArray<readonly [path: string, method: string, status: number]> = [
    ["/", "GET", 400],
    ["/?shard=", "GET", 400],
    ["/?shard=-1", "GET", 400],
    ["/?shard=1.5", "GET", 400],
    ["/?shard=one", "GET", 400],
    ["/?shard=99999999999999999999", "GET", 400],
    ["/shard/0", "GET", 404],
    ["/?shard=0", "POST", 405]
  ]
  for (const [path, method, status] of wrong) {
    it.effect(`answers ${method} ${path} with ${status}, at once and without a turn spent`, () =>
      Effect.gen(function*() {
        const get = serve(yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1 }))
        assert.strictEqual((yield* get(path, { method })).status, status)
        assert.deepStrictEqual(yield* timed(get("/?shard=0")), [200, 0])
      }))
  }

  it.effect("tells what is left today", () =>
    Effect.gen(function*() {
      const get = serve(yield* IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 100 } }))
      yield* get("/?shard=0")
      const response = yield* get("/budget")
      const { budget } = yield* Effect.promise(() => response.json())
      assert.deepInclude(budget, { total: 100, remaining: 99, reserve: 5 })
    }))

  it.effect("says 503 when the budget is spent and its queue does not wait", () =>
    Effect.gen(function*() {
      const get = serve(
        yield* IdentifyQueue.makeInMemory({
          maxConcurrency: 1,
          budget: { total: 100, remaining: 5 },
          whenExhausted: "fail"
        })
      )
      const response = yield* get("/?shard=0")
      assert.strictEqual(response.status, 503)
      assert.include(yield* Effect.promise(() => response.text()), "5 are reserved for a manual restart")
    }))
})

describe("IdentifyQueue.layerHttp", () => {
  it.effect("asks for the shard's turn, and again when the queue is down", () =>
    Effect.gen(function*() {
      const asked: Array<readonly [number, string]> = []
      const statuses = [500, 502, 200]
      const client = HttpClient.make((request, url) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          asked.push([now, url.href])
          return HttpClientResponse.fromWeb(request, new Response(null, { status: statuses[asked.length - 1] ?? 200 }))
        })
      )
      const queue = yield* Effect.provideService(
        IdentifyQueue.makeHttp("http://queue:80/path"),
        HttpClient.HttpClient,
        client
      )
      const identified = yield* queue.withPermit(ShardId.unsafeMake(3, 4))(Clock.currentTimeMillis).pipe(
        Effect.withRandom(Random.fixed([0])),
        Effect.provide(Logger.remove(Logger.defaultLogger)),
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(identified), 1_500)
      assert.deepStrictEqual(asked, [
        [0, "http://queue/path?shard=3"],
        [500, "http://queue/path?shard=3"],
        [1_500, "http://queue/path?shard=3"]
      ])
    }))
})
