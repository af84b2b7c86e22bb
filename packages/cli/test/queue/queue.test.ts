/** `vesper queue serve`, shared by other processes. */
import { assert, describe, it } from "@effect/vitest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle, runFile, runHere } from "../programs.js"

const timeout = 120_000

const serve = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const queue = yield* runHere(["queue", "serve", "--json", "--port", "0", ...args])
    yield* queue.awaitOutput(/\n/)
    const { url }: { readonly url: string } = JSON.parse(queue.stdout())
    return { ...queue, url }
  })

const get = (url: string) => Effect.promise((signal) => fetch(url, { signal }))

describe("vesper queue serve", () => {
  it.scopedLive(
    "keeps the shards of two processes within Discord's limits",
    () =>
      Effect.gen(function*() {
        const server = yield* GatewayServer.GatewayServer
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const queue = yield* serve("--max-concurrency", "2")
        const env = { QUEUE_URL: queue.url, GATEWAY_URL: server.url }
        const client = yield* bundle("test/queue/queueClient.ts")
        yield* runFile(client, ["0", "2", "8"], env)
        yield* runFile(client, ["4", "6", "8"], env)
        yield* Effect.repeat(Effect.delay(simulator.sessions, "100 millis"), { until: ({ length }) => length === 4 })
        const identified = (yield* simulator.log).filter(LogEntry.is("Identified"))
        // All four are of one bucket.
        assert.deepStrictEqual(identified.map(({ shard }) => shard).sort(), [0, 2, 4, 6])
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(Effect.provide(Layer.provideMerge(
        GatewayServer.layer(),
        GatewaySimulator.layer({ maxConcurrency: 2, token: Redacted.make("token") })
      ))),
    timeout
  )

  it.scopedLive(
    "answers a plain client, ends cleanly with others waiting, and remembers after a restart",
    () =>
      Effect.gen(function*() {
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "vesper-queue-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
        )
        const args = ["--max-concurrency", "1", "--total", "100", "--state", folder]
        const first = yield* serve(...args, "--interval", "1h")
        assert.strictEqual((yield* get(`${first.url}?shard=0`)).status, 200)
        const isTimedOut = yield* Effect.isSuccess(
          Effect.flip(Effect.timeout(get(`${first.url}?shard=1`), "300 millis"))
        )
        assert.isTrue(isTimedOut)
        const waiting = yield* Effect.fork(Effect.sandbox(get(`${first.url}?shard=2`)))
        yield* Effect.sleep("200 millis")
        assert.strictEqual(yield* first.interrupt, 0)
        assert.strictEqual((yield* Fiber.await(waiting))._tag, "Failure")
        assert.isNotEmpty(readdirSync(folder))

        const second = yield* serve(...args)
        const left = yield* Effect.promise(async () => (await (await fetch(`${second.url}budget`)).json()).budget)
        assert.deepInclude(left, { total: 100, remaining: 99, reserve: 5 })
      }),
    timeout
  )

  it.scopedLive("refuses pages of other sites, which could use up the identifies", () =>
    Effect.gen(function*() {
      const { url } = yield* serve("--max-concurrency", "1")
      const answer = (headers: Readonly<Record<string, string>>) =>
        Effect.async<number | undefined>((resume) => {
          request(`${url}budget`, { headers }, ({ statusCode }) => resume(Effect.succeed(statusCode))).end()
        })
      assert.strictEqual(yield* answer({}), 200)
      assert.strictEqual(yield* answer({ host: "evil.example" }), 403)
      assert.strictEqual(yield* answer({ origin: "https://evil.example" }), 403)
      assert.strictEqual(yield* answer({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }), 403)
    }), timeout)

  it.scopedLive("answers 400 to URLs that are not valid", () =>
    Effect.gen(function*() {
      const { port } = new URL((yield* serve("--max-concurrency", "1")).url)
      for (const path of ["//", "//[", "http://[", "//:99999/"]) {
        const status = yield* Effect.async<number | undefined>((resume) => {
          request({ host: "127.0.0.1", port, path }, ({ statusCode }) => resume(Effect.succeed(statusCode))).end()
        })
        assert.strictEqual(status, 400, path)
      }
    }), timeout)

  it.scopedLive("says in one line what is missing without a token or --max-concurrency", () =>
    Effect.gen(function*() {
      const queue = yield* runHere(["queue", "serve"])
      assert.strictEqual(yield* queue.exit, 1)
      assert.match(queue.stderr(), /^vesper: DISCORD_TOKEN is not set: .*--max-concurrency 1\n$/)
    }), timeout)
})
