import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Latency from "@vesper/gateway/Latency"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Board from "../src/Board.js"
import * as Snapshot from "../src/Snapshot.js"
import * as StatusServer from "../src/StatusServer.js"

const evil = "<img src=x onerror=alert(1)>"

const boardOf = (content: string) => {
  const event = Dispatch.fromPayload({ op: 0, t: "MESSAGE_CREATE", s: 2, d: { content, author: { username: "ada" } } })
  return Board.sample(Board.addEvent(Board.make(2, 0), Board.eventEntry(event, 0, 5), event), 2_000)
}

const snapshotOf = (second: ShardStatus.ShardStatus, content = evil) =>
  Snapshot.make({
    title: "vesper test",
    at: 7,
    board: boardOf(content),
    shards: [ShardStatus.Connected(), second].map((status, id) => ({
      id: ShardId.unsafeMake(id, 2),
      status,
      latency: Latency.empty,
      buffered: id
    })),
    budget: Option.some({ remaining: 9, total: 10 })
  })

const serve = (second: ShardStatus.ShardStatus) =>
  StatusServer.make({ host: "127.0.0.1", port: 0, snapshot: Effect.sync(() => snapshotOf(second)) })

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

/** Ends at the end of the body, or as soon as it matches: events never end. */
const get = (url: string, options: { readonly host?: string; readonly until?: RegExp } = {}) =>
  Effect.async<Answer>((resume) => {
    const headers = options.host === undefined ? {} : { host: options.host }
    const asked = request(url, { headers }, (response) => {
      let body = ""
      const done = () => resume(Effect.succeed({ status: response.statusCode, headers: response.headers, body }))
      response.on("data", (data) => {
        body += String(data)
        if (options.until?.test(body) === true) {
          done()
          asked.destroy()
        }
      })
      response.on("end", done)
    })
    asked.on("error", () => {})
    asked.end()
  })

describe("a snapshot", () => {
  it("is plain data that holds what the page needs", () => {
    const snapshot = snapshotOf(ShardStatus.FatallyClosed({ closeCode: 4014 }))
    assert.deepStrictEqual(JSON.parse(JSON.stringify(snapshot)), snapshot)
    assert.deepInclude(snapshot, {
      connected: 1,
      events: 1,
      eventsPerSecond: 0.5,
      buffered: 1,
      budget: { remaining: 9, total: 10 },
      types: [{ type: "MESSAGE_CREATE", eventsPerSecond: 0.5 }]
    })
    assert.deepInclude(snapshot.shards[1], { id: 1, status: "FatallyClosed", told: "closed for good (4014)" })
  })
})

describe("the status server", () => {
  it.scopedLive("is ready when every shard is connected, and alive before", () =>
    Effect.gen(function*() {
      const waiting = yield* serve(ShardStatus.Identifying())
      assert.deepInclude(yield* get(`${waiting.url}readyz`), {
        status: 503,
        body: "not ready: 1 of 2 shards are connected\n"
      })
      assert.deepInclude(yield* get(`${waiting.url}healthz`), { status: 200, body: "ok\n" })
      const up = yield* serve(ShardStatus.Connected())
      assert.deepInclude(yield* get(`${up.url}readyz`), { status: 200, body: "ready: 2 of 2 shards are connected\n" })
    }))

  it.scopedLive("sends snapshots as events, and one on request", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      const events = yield* get(`${url}events`, { until: /(data: .*\n\n){2}/ })
      assert.strictEqual(events.headers["content-type"], "text/event-stream")
      const [first = ""] = events.body.split("\n\n")
      assert.deepStrictEqual(JSON.parse(first.slice("data: ".length)), snapshotOf(ShardStatus.Connected()))
      assert.deepInclude(JSON.parse((yield* get(`${url}status.json`)).body), { connected: 2 })
    }))

  it.scopedLive("gives Prometheus its metrics", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      const { body, headers } = yield* get(`${url}metrics`)
      assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/)
      assert.match(body, /^vesper_shards\{status="Connected"\} 0$/m)
    }).pipe(Effect.provide(ShardMetrics.layer())))

  it.scopedLive("serves a page that may load nothing and run nothing but its own", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      const { body, headers } = yield* get(url)
      const policy = String(headers["content-security-policy"])
      assert.match(policy, /default-src 'none'.*script-src 'sha256-/)
      assert.notMatch(policy, /unsafe/)
      assert.notMatch(body, /(src|href)="(https?:)?\/\//)
      assert.strictEqual((yield* get(`${url}nothing`)).status, 404)
    }))

  it.scopedLive("answers to the names of this machine only", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      assert.strictEqual((yield* get(`${url}status.json`, { host: "evil.example" })).status, 403)
      assert.strictEqual((yield* get(`${url}status.json`, { host: "localhost:1" })).status, 200)
    }))

  it.scopedLive("says in one line that the port is taken", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      const port = Number(new URL(url).port)
      const snapshot = Effect.sync(() => snapshotOf(ShardStatus.Connected()))
      const error = yield* Effect.flip(StatusServer.make({ host: "127.0.0.1", port, snapshot }))
      assert.match(error.message, /could not listen on 127\.0\.0\.1:\d+: choose another port with --http/)
    }))
})

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync)

if (chromium === undefined) {
  // eslint-disable-next-line no-console
  console.warn("SKIPPED: the status page was not tried in a browser; install chromium to do so")
}

/** The page as it stands when its events have ended: the browser's time waits for them. */
const dump = (browser: string, url: string, profile: string) =>
  Effect.async<string>((resume) => {
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`]
    execFile(
      browser,
      [...flags, "--virtual-time-budget=2000", "--dump-dom", url],
      (_, dom) => resume(Effect.succeed(dom))
    )
  })

describe("the status page in Chromium", () => {
  it.scopedLive.skipIf(chromium === undefined)(
    "draws the shards, and texts from Discord as text",
    () =>
      Effect.gen(function*() {
        const told = yield* Queue.unbounded<void>()
        const scope = yield* Scope.make()
        const { url } = yield* Scope.extend(
          StatusServer.make({
            host: "127.0.0.1",
            port: 0,
            snapshot: Effect.as(told.offer(undefined), snapshotOf(ShardStatus.FatallyClosed({ closeCode: 4014 })))
          }),
          scope
        )
        const profile = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "vesper-chromium-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
        )
        const dumping = yield* Effect.fork(dump(chromium ?? "", url, profile))
        yield* Effect.repeatN(told.take, 1)
        yield* Scope.close(scope, Exit.void)
        const dom = yield* Fiber.join(dumping)
        assert.match(dom, /<title>1\/2 vesper test<\/title>/)
        assert.match(dom, /role="status">Not connected/)
        assert.match(dom, /id="connected">1 of 2</)
        assert.match(dom, /id="budget">9 of 10</)
        assert.match(dom, /aria-label="shard 1: closed for good \(4014\)"[^>]*>✕ 1</)
        assert.include(dom, "ada: &lt;img src=x onerror=alert(1)&gt;")
        assert.notInclude(dom, "<img")
      }),
    60_000
  )
})
