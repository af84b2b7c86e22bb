import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Latency from "@vesper/gateway/Latency"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import { assert, describe, it } from "@effect/vitest"
import * as LogEntry from "@vesper/testing/LogEntry"
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
import * as Page from "../../src/page/page.js"
import * as Board from "../../src/shards/board.js"
import * as Snapshot from "../../src/shards/snapshot.js"
import * as View from "../../src/shards/view.js"
import * as SimulatorBoard from "../../src/simulator/board.js"
import * as SimulatorView from "../../src/simulator/view.js"
import type { Moment } from "../../src/tui/index.js"

const evil = "<img src=x onerror=alert(1)>"

const boardOf = (content: string) => {
  const event = Dispatch.fromPayload({ op: 0, t: "MESSAGE_CREATE", s: 2, d: { content, author: { username: "ada" } } })
  const first = ShardId.unsafeMake(0, 2)
  const board = Board.make(ShardId.all(2), 0)
  return Board.sample(Board.addEvent(board, Board.eventLine(event, first, 5), event, first), 2_000)
}

const snapshotOf = (
  second: ShardStatus.ShardStatus,
  content = evil,
  over: Partial<Parameters<typeof Snapshot.make>[0]> = {}
) =>
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
    budget: Option.some({ remaining: 9, total: 10 }),
    resharding: Option.none(),
    cluster: Option.none(),
    ...over
  })

const simulatorSnapshot = (() => {
  const at = { at: 5_000, connection: 1, shard: 0 }
  const board = SimulatorBoard.add(SimulatorBoard.make(0), [
    LogEntry.Opened({ ...at, shard: undefined, url: "ws://host/?v=10&compress=zlib-stream" }),
    LogEntry.Identified({ ...at, session: "0001", intents: 513 }),
    LogEntry.Violation({ ...at, rule: "IdentifyRate", detail: evil })
  ])
  const session = { id: "0001", shard: 0, total: 2, sequence: 7, isConnected: true }
  return SimulatorView.snapshot({
    title: "vesper test",
    at: 9_000,
    board,
    sessions: [session, { ...session, id: "0002", shard: 1, isConnected: false }]
  })
})()

const serve = (second: ShardStatus.ShardStatus) =>
  Page.serve({ host: "127.0.0.1", port: 0, moment: Effect.sync(() => View.toMoment(snapshotOf(second))) })

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

/** Ends at the end of the body, or as soon as it matches: events never end. */
const get = (url: string, headers: Readonly<Record<string, string>> = {}, until?: RegExp) =>
  Effect.async<Answer>((resume) => {
    const asked = request(url, { headers }, (response) => {
      let body = ""
      const done = () => resume(Effect.succeed({ status: response.statusCode, headers: response.headers, body }))
      response.on("data", (data) => {
        body += String(data)
        if (until?.test(body) === true) {
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
    assert.deepInclude(snapshot.shards[1], { id: 1, status: "FatallyClosed", statusText: "closed permanently (4014)" })
  })
})

const cluster: ClusterStatus.ClusterStatus = {
  total: 3,
  runners: [{ id: "a", name: "10.0.0.7:34431", isDraining: true, shards: [0, 1] }],
  shards: [0, 1, 2].map((id) => ({
    id: ShardId.unsafeMake(id, 3),
    runner: id < 2 ? Option.some("a") : Option.none(),
    status: id === 0 ? Option.some("Connected") : Option.none(),
    ping: Option.none()
  })),
  identifies: Option.none(),
  resharding: Option.none()
}

describe("a snapshot of a runner", () => {
  const of = (shards: ReadonlyArray<Snapshot.ShardState> | undefined) =>
    snapshotOf(ShardStatus.Connected(), evil, {
      cluster: Option.some(cluster),
      ...(shards !== undefined && { shards })
    })

  it("names the runners, their shards, and those that move", () => {
    assert.deepStrictEqual(of(undefined).cluster, {
      total: 3,
      runners: [
        { name: "10.0.0.7:34431", isDraining: true, shards: [{ id: 0, status: "Connected" }, { id: 1, status: null }] }
      ],
      unassigned: [2]
    })
  })

  it("is ready without a shard, as a process on its own is not", () => {
    assert.isTrue(Snapshot.isReady(of([])))
    assert.isFalse(Snapshot.isReady(snapshotOf(ShardStatus.Connected(), evil, { shards: [] })))
  })
})

describe("a snapshot of a simulated gateway", () => {
  it("is plain data that holds what the page needs", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(simulatorSnapshot)), simulatorSnapshot)
    assert.deepInclude(simulatorSnapshot, { connections: 1, identified: 1, violated: 1 })
    assert.deepStrictEqual(simulatorSnapshot.sessions.map(({ openedAt, status }) => [status, openedAt]), [
      ["connected", 5_000],
      ["waiting for a resume", null]
    ])
    assert.deepStrictEqual(simulatorSnapshot.violations, [
      { at: 5_000, shard: 0, origin: "c1 #0", title: "VIOLATION", text: `IdentifyRate: ${evil}`, tone: "bad" }
    ])
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
      const events = yield* get(`${url}events`, {}, /(data: .*\n\n){2}/)
      assert.strictEqual(events.headers["content-type"], "text/event-stream")
      const [first = ""] = events.body.split("\n\n")
      const { searched: _, ...display } = View.toMoment(snapshotOf(ShardStatus.Connected())).display
      assert.deepStrictEqual(JSON.parse(first.slice("data: ".length)), JSON.parse(JSON.stringify(display)))
      assert.deepInclude(JSON.parse((yield* get(`${url}status.json`)).body), { connected: 2 })
    }))

  it.scopedLive("gives Prometheus its metrics", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      const { body, headers } = yield* get(`${url}metrics`)
      assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/)
      assert.match(body, /^vesper_shards\{status="Connected"\} 0$/m)
    }).pipe(Effect.provide(ShardMetrics.layer())))

  it.scopedLive("of a simulated gateway is ready as long as it listens, and tells of its sessions", () =>
    Effect.gen(function*() {
      const { url } = yield* Page.serve({
        host: "127.0.0.1",
        port: 0,
        moment: Effect.succeed(SimulatorView.toMoment(simulatorSnapshot))
      })
      assert.deepInclude(yield* get(`${url}readyz`), {
        status: 200,
        body: "ready: bots can connect, 1 are connected\n"
      })
      assert.deepStrictEqual(JSON.parse((yield* get(`${url}status.json`)).body), simulatorSnapshot)
      const { body, headers } = yield* get(url)
      // The first paint has figures, as data that cannot end its element.
      assert.match(body, /id="first">\{"title":"vesper test".*"title":"Sessions"/)
      assert.notInclude(body, "<img")
      assert.match(String(headers["content-security-policy"]), /default-src 'none'.*script-src 'sha256-/)
    }))

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
      const site = { "sec-fetch-site": "cross-site" }
      assert.strictEqual((yield* get(`${url}status.json`, { ...site, "sec-fetch-mode": "no-cors" })).status, 403)
      const link = { ...site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }
      assert.strictEqual((yield* get(url, link)).status, 200)
    }))

  it.scopedLive("says in one line that the port is taken", () =>
    Effect.gen(function*() {
      const { url } = yield* serve(ShardStatus.Connected())
      const port = Number(new URL(url).port)
      const moment = Effect.sync(() => View.toMoment(snapshotOf(ShardStatus.Connected())))
      const error = yield* Effect.flip(Page.serve({ host: "127.0.0.1", port, moment }))
      assert.match(
        error.message,
        /could not listen on 127\.0\.0\.1:\d+: the port is in use; choose another port with --http/
      )
    }))
})

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync)

if (chromium === undefined) {
  // eslint-disable-next-line no-console
  console.warn("SKIPPED: the status page was not tried in a browser; install chromium to do so")
}

/** The page at the end of its events, which the browser's virtual time waits for. */
const dump = (browser: string, url: string, profile: string) =>
  Effect.async<string>((resume) => {
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`]
    execFile(
      browser,
      [...flags, "--virtual-time-budget=2000", "--dump-dom", url],
      (_, dom) => resume(Effect.succeed(dom))
    )
  })

/** The page after two updates and the end of the server. */
const drawn = (moment: Moment) =>
  Effect.gen(function*() {
    const looks = yield* Queue.unbounded<void>()
    const scope = yield* Scope.make()
    const look = Effect.as(looks.offer(undefined), moment)
    const { url } = yield* Scope.extend(Page.serve({ host: "127.0.0.1", port: 0, moment: look }), scope)
    const profile = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "vesper-chromium-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
    )
    const dumping = yield* Effect.fork(dump(chromium ?? "", url, profile))
    yield* Effect.repeatN(looks.take, 2)
    yield* Scope.close(scope, Exit.void)
    return yield* Fiber.join(dumping)
  })

describe("the status page in Chromium", () => {
  it.scopedLive.skipIf(chromium === undefined)(
    "draws the shards, and texts from Discord as text [Chromium]",
    () =>
      Effect.gen(function*() {
        const dom = yield* drawn(View.toMoment(snapshotOf(ShardStatus.FatallyClosed({ closeCode: 4014 }))))
        assert.match(dom, /<title>1\/2 vesper test<\/title>/)
        assert.match(dom, /role="status">Not connected/)
        assert.match(dom, /<dt[^>]*>connected<\/dt><dd class="busy">1 of 2</)
        assert.match(dom, /<dt[^>]*>identifies left<\/dt><dd class="">9 of 10</)
        assert.match(dom, /aria-label="shard 1: closed permanently \(4014\)"[^>]*>✕ 1</)
        assert.include(dom, "ada: &lt;img src=x onerror=alert(1)&gt;")
        assert.notInclude(dom, "<img")
      }),
    60_000
  )

  it.scopedLive.skipIf(chromium === undefined)(
    "draws the runners of a cluster [Chromium]",
    () =>
      Effect.gen(function*() {
        const moment = snapshotOf(ShardStatus.Connected(), evil, { cluster: Option.some(cluster) })
        const dom = yield* drawn(View.toMoment(moment))
        assert.match(dom, /<h2[^>]*>Runners<\/h2>/)
        assert.match(dom, /<th[^>]*>10\.0\.0\.7:34431<\/th><td class="busy">draining<\/td><td class="number">2</)
        assert.match(
          dom,
          /<ul class="grid"><li class="good" aria-label="shard 0: Connected"[^>]*>● 0</
        )
        assert.match(dom, /<th[^>]*>none<\/th><td class="">moving<\/td><td class="number">1<\/td><td class="">2</)
      }),
    60_000
  )

  it.scopedLive.skipIf(chromium === undefined)(
    "draws a simulated gateway's sessions and violations [Chromium]",
    () =>
      Effect.gen(function*() {
        const dom = yield* drawn(SimulatorView.toMoment(simulatorSnapshot))
        assert.match(dom, /<title>1 vesper test<\/title>/)
        assert.match(dom, /<dt[^>]*>violation<\/dt><dd class="bad">1</)
        assert.match(dom, /<th[^>]*>\[0\/2\]<\/th><td class="good">● connected<\/td><td class="">c1</)
        assert.match(dom, /<td class="bad">○ waiting for a resume<\/td><td class="">-</)
        assert.match(dom, /<td class="">zlib-stream</)
        assert.match(dom, /Sessions<\/h2><p class="empty"><\/p>/)
        assert.match(dom, /<li class="bad">[^<]*c1 #0 VIOLATION IdentifyRate: &lt;img/)
        assert.notInclude(dom, "<img")
      }),
    60_000
  )
})
