/** The commands that run shards and gateways: as a user sees them, mostly in this process. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { closeSync, existsSync, openSync } from "node:fs"
import * as Http from "node:http"
import { WebSocket } from "ws"
import { bundleCommand, runFile, runHere as vesper } from "../programs.js"

const timeout = 60_000

describe("vesper demo", () => {
  it.scopedLive(
    "shows READY of four shards, a resume, and ends by itself without a loss",
    () =>
      Effect.gen(function*() {
        const demo = yield* vesper(["demo", "--duration", "7s"])
        assert.strictEqual(yield* demo.exit, 0)
        for (const shard of [0, 1, 2, 3]) {
          assert.match(demo.stdout(), new RegExp(`#${shard} +READY`))
        }
        assert.match(demo.stdout(), /#1 +RESUMED/)
        assert.match(demo.stdout(), /4 sessions started, 2 resumed, 0 of \d+ events lost\n/)
        assert.match(
          demo.stdout(),
          /\n {2}1 connection was cut: \d+ events? (was|were) sent meanwhile, and replayed\n {2}1 connection was moved by the gateway: (no event was missed|[1-9])/
        )
        assert.strictEqual(demo.stderr(), "")
      }),
    timeout
  )

  it.scopedLive(
    "with --json writes one event a line, and everything else to the error output",
    () =>
      Effect.gen(function*() {
        const demo = yield* vesper(["demo", "--duration", "4s", "--json"])
        assert.strictEqual(yield* demo.exit, 0)
        const events = demo.stdout().trimEnd().split("\n").map((line) => JSON.parse(line))
        assert.isAbove(events.length, 50)
        events.forEach((event) => assert.hasAllKeys(event, ["shard", "t", "s", "d"]))
        assert.match(demo.stderr(), /the connection was lost; resuming/)
        assert.match(demo.stderr(), /0 of \d+ events lost/)
      }),
    timeout
  )
})

describe("the process of vesper demo", () => {
  const scope = Effect.runSync(Scope.make())
  let file = ""
  beforeAll(async () => {
    file = await Effect.runPromise(Scope.extend(bundleCommand, scope))
  }, timeout)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  for (const signals of [["SIGINT"], ["SIGINT", "SIGINT"], ["SIGTERM"], ["SIGHUP"]] as const) {
    it.scopedLive(
      `ends cleanly on ${signals.join(" and ")}: no event lost, exit code 0`,
      () =>
        Effect.gen(function*() {
          const demo = yield* runFile(file, ["demo"])
          yield* demo.awaitOutput(/#3 +READY/)
          signals.forEach((signal) => demo.process.kill(signal))
          assert.strictEqual(yield* demo.exit, 0)
          assert.match(demo.stdout(), /4 sessions started, 0 resumed, 0 of \d+ events lost\n$/)
        }),
      timeout
    )
  }

  it.scopedLive.skipIf(!existsSync("/dev/full"))("says that the disk is full [/dev/full]", () =>
    Effect.sync(() => {
      const full = openSync("/dev/full", "w")
      const { status, stderr } = spawnSync(process.execPath, [file, "demo"], {
        encoding: "utf8",
        stdio: ["ignore", full, "pipe"]
      })
      closeSync(full)
      assert.match(stderr, /^vesper: the output could not be written: the disk is full$/m)
      assert.strictEqual(status, 1)
    }), timeout)

  it.scopedLive("ends without a message when the reader of its output is gone", () =>
    Effect.gen(function*() {
      const demo = yield* runFile(file, ["demo", "--json"])
      yield* demo.awaitOutput(/READY/)
      demo.process.stdout.destroy()
      assert.strictEqual(yield* demo.exit, 0)
      assert.notInclude(demo.stderr(), "EPIPE")
    }), timeout)
})

describe("vesper simulate", () => {
  it.scopedLive(
    "serves vesper run, reports what it sees, and ends with 3 if it is strict and a client was not",
    () =>
      Effect.gen(function*() {
        const traffic = ["--rate", "50", "--guilds", "4"]
        const simulate = yield* vesper(["simulate", "--port", "0", "--strict", "--http", "0", ...traffic])
        yield* simulate.awaitOutput(/listening on ws/)
        const url = /ws:\S+\//.exec(simulate.stdout())?.[0] ?? ""
        // Two shards at a time, of one that is allowed.
        const args = ["run", "--gateway-url", url, "--shards", "2", "--max-concurrency", "2"]
        const run = yield* runFile(yield* bundleCommand, args, { DISCORD_TOKEN: "secret" })
        yield* run.awaitOutput(/READY/)
        yield* simulate.awaitOutput(/VIOLATION {2}IdentifyRate/)
        const page = /the status page is at (\S+)/.exec(simulate.stdout())?.[1] ?? ""
        const metrics = yield* Effect.promise(() => fetch(`${page}metrics`).then((answer) => answer.text()))
        assert.match(metrics, /^vesper_simulator_violations_total 1$/m)
        assert.match(metrics, /^vesper_simulator_identifies_total 1$/m)
        run.process.kill("SIGINT")
        assert.strictEqual(yield* run.exit, 0)
        assert.strictEqual(yield* simulate.interrupt, 3)
        assert.match(simulate.stdout(), /Identify, \d+ bytes.*<redacted>/)
        assert.match(simulate.stdout(), /1 identified.*1 violation\n$/)
        assert.match(simulate.stderr(), /^vesper: a client violated Discord's rules/)
        assert.notInclude(simulate.stdout(), "secret")
      }),
    timeout
  )
})

describe("vesper simulate --strict-invalid-session", () => {
  for (const isStrict of [true, false]) {
    it.scopedLive(
      `${isStrict ? "refuses" : "allows"} an identify after opcode 9 on the same connection`,
      () =>
        Effect.gen(function*() {
          const flags = isStrict ? ["--strict-invalid-session"] : []
          const simulate = yield* vesper([
            "simulate",
            "--port",
            "0",
            "--fault",
            "invalid-session:every=300ms",
            ...flags
          ])
          yield* simulate.awaitOutput(/listening on ws/)
          const socket = new WebSocket(`${/ws:\S+\//.exec(simulate.stdout())?.[0] ?? ""}?v=10&encoding=json`)
          yield* Effect.addFinalizer(() => Effect.sync(() => socket.terminate()))
          const identify = { op: 2, d: { token: "t", intents: 0, properties: { os: "", browser: "", device: "" } } }
          socket.on("message", (data) => {
            const { op } = JSON.parse(String(data))
            if (op === 10 || op === 9) {
              socket.send(JSON.stringify(identify))
            }
          })
          // A second identify that is read is too early.
          yield* simulate.awaitOutput(isStrict ? /closed +by the gateway with 4005/ : /VIOLATION +IdentifyRate/)
        }),
      timeout
    )
  }
})

describe("vesper simulate behind a proxy", () => {
  it.scopedLive("gives bots the public URL, and listens on its own address", () =>
    Effect.gen(function*() {
      const simulate = yield* vesper([
        "simulate",
        "--port",
        "0",
        "--public-url",
        "wss://gateway.example/",
        "--token",
        "x"
      ])
      yield* simulate.awaitOutput(/the URL for bots is wss:\/\/gateway\.example\//)
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(simulate.stdout())?.[1]
      const headers = { authorization: "Bot x" }
      const answer = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/api/v10/gateway/bot`, { headers }))
      assert.deepInclude(yield* Effect.promise(() => answer.json()), { url: "wss://gateway.example/" })
    }), timeout)
})

describe("vesper run", () => {
  it.scopedLive(
    "without a token reports in one line what is missing and what needs none",
    () =>
      Effect.gen(function*() {
        const run = yield* vesper(["run"])
        assert.strictEqual(yield* run.exit, 1)
        assert.strictEqual(run.stdout(), "")
        assert.match(run.stderr(), /^vesper: DISCORD_TOKEN is not set: .*vesper demo\n$/)
      }),
    timeout
  )

  it.scopedLive(
    "connects its shards where it is told, and closes them with their sessions kept",
    () =>
      Effect.gen(function*() {
        const { url } = yield* GatewayServer.GatewayServer
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const args = ["run", "--gateway-url", url, "--shards", "2", "--max-concurrency", "2", "--intents", "guilds"]
        const run = yield* vesper(args, { DISCORD_TOKEN: "secret" })
        yield* run.awaitOutput(/#0 +GUILD_CREATE/)
        yield* run.awaitOutput(/#1 +READY/)
        assert.strictEqual(yield* run.interrupt, 0)
        // The last frames may still be on their way to this process.
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("5 millis"), simulator.connections), {
          until: (n) => n === 0
        })
        assert.deepStrictEqual(yield* simulator.violations, [])
        assert.deepStrictEqual((yield* simulator.sessions).map(({ isConnected }) => isConnected), [false, false])
        const codes = (yield* simulator.log).filter(LogEntry.is("Closed")).map(({ code }) => code)
        assert.deepStrictEqual(codes, [4000, 4000])
        assert.notInclude(run.stdout() + run.stderr(), "secret")
      }).pipe(Effect.provide(
        GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({
          token: Redacted.make("secret"),
          maxConcurrency: 2,
          world: World.make({ guilds: 8, membersPerGuild: 2 })
        })))
      )),
    timeout
  )

  it.scopedLive(
    "with auto runs what the API recommends, and resumes what the run before has kept in a file",
    () =>
      Effect.gen(function*() {
        const { url } = yield* GatewayServer.GatewayServer
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const files = yield* FileSystem.FileSystem
        const file = `${yield* files.makeTempDirectoryScoped()}/sessions.json`
        const api = `${url.replace("ws:", "http:")}api/v10`
        const args = ["run", "--api-url", api, "--shards", "auto", "--resume-file", file, "--compression", "none"]
        const first = yield* vesper(args, { DISCORD_TOKEN: "secret" })
        yield* first.awaitOutput(/#0 +READY/)
        assert.strictEqual(yield* first.interrupt, 0)
        const second = yield* vesper([...args, "--events", "resumed"], { DISCORD_TOKEN: "secret" })
        yield* second.awaitOutput(/#0 +RESUMED/)
        assert.strictEqual(yield* second.interrupt, 0)
        assert.match(second.stdout(), /^1 event, 0 sessions started, 1 resumed, 1 of 1 session kept/m)
        assert.deepStrictEqual(yield* simulator.violations, [])
        assert.notInclude(yield* files.readFileString(file), "secret")
      }).pipe(Effect.provide([
        GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({ token: Redacted.make("secret") }))),
        NodeFileSystem.layer
      ])),
    timeout
  )

  it.scopedLive("ends with 1 if the sessions could not be saved", () =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const files = yield* FileSystem.FileSystem
      const file = `${yield* files.makeTempDirectoryScoped()}/sessions.json`
      yield* files.makeDirectory(`${file}.tmp`)
      const run = yield* vesper(["run", "--gateway-url", url, "--resume-file", file], { DISCORD_TOKEN: "secret" })
      yield* run.awaitOutput(/#0 +READY/)
      assert.strictEqual(yield* run.interrupt, 1)
      assert.match(run.stdout(), /sessions not saved: \S+\.tmp cannot be written: it is a folder\n$/)
    }).pipe(Effect.provide([
      GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({ token: Redacted.make("secret") }))),
      NodeFileSystem.layer
    ])), timeout)

  it.scopedLive("says what is wrong with a token that the gateway refuses", () =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const run = yield* vesper(["run", "--gateway-url", url], { DISCORD_TOKEN: "wrong-one" })
      assert.strictEqual(yield* run.exit, 1)
      assert.match(run.stderr(), /^vesper: .*4004.*the token is not valid/m)
      assert.notInclude(run.stdout() + run.stderr(), "wrong-one")
    }).pipe(Effect.provide(
      GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({ token: Redacted.make("right-one") })))
    )), timeout)

  it.scopedLive(
    "refuses what it does not understand with exit code 2, and does not tell the token",
    () =>
      Effect.gen(function*() {
        const args = ["run", "--shards", "auto", "--gateway-url", "ws://127.0.0.1:1/"]
        const run = yield* vesper(args, { DISCORD_TOKEN: "secret" })
        assert.strictEqual(yield* run.exit, 2)
        assert.match(run.stderr(), /^vesper: --shards auto asks the API.*\n$/)
        assert.notInclude(run.stdout() + run.stderr(), "secret")
      }),
    timeout
  )
})

/** An API on a free port, as its URL. It ends with the scope. */
const serveApi = (answer: Http.RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Http.Server>((resume) => {
        const server = Http.createServer(answer).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    ),
    (server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/api`
    }
  )

describe("vesper run with an API that does not answer", () => {
  const answers: ReadonlyArray<readonly [name: string, answer: Http.RequestListener]> = [
    ["says nothing", () => {}],
    ["limits the rate for an hour", (_, response) => response.writeHead(429, { "retry-after": "3600" }).end("{}")],
    ["sends a body without an end", (_, response) => {
      const timer = setInterval(() => response.write("[".repeat(1_000)), 20)
      response.on("close", () => clearInterval(timer))
    }]
  ]
  for (const [name, answer] of answers) {
    for (const command of ["run", "record"]) {
      it.scopedLive(`ends ${command} after --duration if the API ${name}`, () =>
        Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          const out = command === "record" ? [`${yield* files.makeTempDirectoryScoped()}/traffic.gz`] : []
          const args = [command, ...out, "--duration", "200ms", "--api-url", yield* serveApi(answer)]
          const run = yield* vesper(args, { DISCORD_TOKEN: "secret" })
          const [time, code] = yield* Effect.timed(run.exit)
          assert.strictEqual(code, 0)
          assert.isBelow(Duration.toMillis(time), 5_000)
          assert.match(run.stdout(), /^0 events, 0 sessions started/m)
        }).pipe(Effect.provide(NodeFileSystem.layer)), timeout)
    }
  }

  it.scopedLive("shows its view at once", () =>
    Effect.gen(function*() {
      const args = ["run", "--http", "0", "--api-url", yield* serveApi(() => {})]
      const run = yield* vesper(args, { DISCORD_TOKEN: "secret" })
      yield* Effect.timeout(run.awaitOutput(/the status page is at/), "5 seconds")
      const page = /the status page is at (\S+)/.exec(run.stdout())?.[1] ?? ""
      const status = yield* Effect.promise(() => fetch(`${page}status.json`).then((answer) => answer.json()))
      assert.deepInclude(status, { title: "vesper run", shards: [] })
      assert.strictEqual(yield* run.interrupt, 0)
    }), timeout)
})

describe("vesper intents and vesper explain", () => {
  const explained: ReadonlyArray<readonly [args: ReadonlyArray<string>, text: RegExp]> = [
    [
      ["intents", "GUILD_MEMBERS", "MESSAGE_CONTENT"],
      /"Server Members Intent".*"Message Content Intent".*together: 32770 =/s
    ],
    [["explain", "4014"], /^4014 DisallowedIntents, a close code\n.*reconnects +no/s]
  ]
  for (const [args, text] of explained) {
    it.scopedLive(`explain ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const run = yield* vesper(args)
        assert.strictEqual(yield* run.exit, 0)
        assert.match(run.stdout(), text)
        assert.strictEqual(run.stderr(), "")
      }), timeout)
  }

  it.scopedLive("print JSON too", () =>
    Effect.gen(function*() {
      const run = yield* vesper(["explain", "--json", "4014"])
      assert.strictEqual(yield* run.exit, 0)
      const [entry] = JSON.parse(run.stdout())
      assert.deepInclude(entry, { kind: "close code", code: 4014, reconnects: false, resumes: false })
    }), timeout)
})
