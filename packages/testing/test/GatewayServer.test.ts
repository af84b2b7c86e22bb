import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import * as Fault from "../src/Fault.js"
import * as GatewayServer from "../src/GatewayServer.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as LogEntry from "../src/LogEntry.js"
import * as World from "../src/World.js"
import type { Payload } from "./client.js"

const layer = (options: GatewaySimulator.Options = {}) =>
  GatewayServer.layer().pipe(
    Layer.provideMerge(GatewaySimulator.layer({ token: Redacted.make("token"), ...options }))
  )

/** As a person would with `wscat`: a websocket, and lines typed into it. */
const connect = (url: string) =>
  Effect.gen(function*() {
    const payloads = yield* Mailbox.make<Payload>()
    const closed = yield* Deferred.make<number>()
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => new WebSocket(url)),
      (socket) => Effect.sync(() => socket.terminate())
    )
    socket.on("message", (data) => payloads.unsafeOffer(JSON.parse(data.toString())))
    socket.on("close", (code) => Deferred.unsafeDone(closed, Exit.succeed(code)))
    socket.on("error", () => {})
    return {
      socket,
      next: Effect.orDie(payloads.take),
      closed: Deferred.await(closed),
      type: (op: number, d: unknown) => Effect.sync(() => socket.send(JSON.stringify({ op, d })))
    }
  })

const identify = { token: "token", intents: 513, properties: { os: "a", browser: "b", device: "c" } }

describe("the simulated gateway's server", () => {
  it.scopedLive("talks to any websocket client", () =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const client = yield* connect(`${url}?v=10&encoding=json`)
      const hello = yield* client.next
      assert.deepStrictEqual([hello.op, (hello.d as { heartbeat_interval: number }).heartbeat_interval], [10, 41_250])
      yield* client.type(1, null)
      assert.strictEqual((yield* client.next).op, 11)
      yield* client.type(2, identify)
      const ready = yield* client.next
      assert.deepStrictEqual([ready.op, ready.t, ready.s], [0, "READY", 1])
      assert.strictEqual((ready.d as { resume_gateway_url: string }).resume_gateway_url, `${url}resume/`)
      assert.strictEqual((yield* client.next).t, "GUILD_CREATE")
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "hi" } })
      const message = yield* client.next
      assert.deepStrictEqual(message, { op: 0, t: "MESSAGE_CREATE", s: 3, d: { content: "hi" } })
      yield* client.type(2, identify)
      assert.strictEqual(yield* client.closed, 4005)
    }).pipe(Effect.provide(layer({ world: World.make({ guilds: 1 }) }))))

  it.scopedLive("tells clients its public URL, and knows a resume that came through a proxy", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const { port, url } = yield* GatewayServer.make({ publicUrl: "wss://gateway.example/simulated" })
      assert.strictEqual(url, "wss://gateway.example/simulated/")
      const local = `ws://127.0.0.1:${port}/`
      const client = yield* connect(`${local}?v=10&encoding=json`)
      yield* client.next
      yield* client.type(2, identify)
      const ready = (yield* client.next).d as { resume_gateway_url: string; session_id: string }
      assert.strictEqual(ready.resume_gateway_url, "wss://gateway.example/simulated/resume/")
      assert.strictEqual((yield* simulator.gatewayBot).url, url)
      // The proxy may pass on the whole path or leave out its own part; a fault of resumes meets both.
      for (const path of ["resume/", "simulated/resume/"]) {
        yield* simulator.inject(Fault.RefuseConnections({ host: "resume", times: 1, status: 503 }))
        const refused = yield* connect(`${local}${path}?v=10&encoding=json`)
        assert.strictEqual(yield* refused.closed, 1006)
        const { url: asked } = yield* simulator.awaitLog(LogEntry.is("Refused"))
        assert.strictEqual(asked, "wss://gateway.example/simulated/resume/?v=10&encoding=json")
      }
    }).pipe(Effect.provide(GatewaySimulator.layer({ token: Redacted.make("token") }))))

  it.scopedLive("keeps the session of a client that is cut off, and resumes it elsewhere", () =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const first = yield* connect(`${url}?v=10&encoding=json`)
      yield* first.next
      yield* first.type(2, identify)
      const { d } = yield* first.next
      yield* simulator.inject(Fault.Drop())
      assert.strictEqual(yield* first.closed, 1006)
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: {} })
      const { resume_gateway_url: resumeUrl, session_id } = d as { resume_gateway_url: string; session_id: string }
      const second = yield* connect(`${resumeUrl}?v=10&encoding=json`)
      yield* second.next
      yield* second.type(6, { token: "token", session_id, seq: 1 })
      assert.deepStrictEqual([(yield* second.next).t, (yield* second.next).t], ["MESSAGE_CREATE", "RESUMED"])
    }).pipe(Effect.provide(layer())))

  it.scopedLive("punishes a heartbeat that stays away, and binary messages", () =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const lazy = yield* connect(`${url}?v=10&encoding=json`)
      assert.strictEqual(yield* lazy.closed, 4000)
      const binary = yield* connect(`${url}?v=10&encoding=json`)
      yield* binary.next
      binary.socket.send(Buffer.from("{\"op\":1,\"d\":null}"))
      assert.strictEqual(yield* binary.closed, 4002)
    }).pipe(Effect.provide(layer({ heartbeatInterval: "50 millis" }))))

  it.scopedLive("refuses upgrades and resume hosts as the rules say", () =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* simulator.inject(Fault.RefuseConnections({ host: "resume", times: 1, status: 503 }))
      const answer = (at: string) =>
        Effect.async<number>((resume) => {
          const socket = new WebSocket(at)
          socket.on("error", () => {})
          socket.on("unexpected-response", (_, response) => resume(Effect.succeed(response.statusCode ?? 0)))
          socket.on("open", () => {
            socket.terminate()
            resume(Effect.succeed(101))
          })
        })
      assert.strictEqual(yield* answer(`${url}?v=10`), 101)
      assert.strictEqual(yield* answer(`${url}resume/?v=10`), 503)
      assert.strictEqual(yield* answer(`${url}resume/?v=10`), 101)
      assert.strictEqual(yield* answer(`${url}?v=10&compress=brotli-stream`), 400)
    }).pipe(Effect.provide(layer())))

  it.scopedLive("answers what is asked before connecting, and nothing else", () =>
    Effect.gen(function*() {
      const { port, url } = yield* GatewayServer.GatewayServer
      const get = (path: string, authorization = "Bot token") =>
        Effect.promise(async () => {
          const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })
          return [response.status, await response.json()] as const
        })
      assert.deepStrictEqual(yield* get("/api/v10/gateway"), [200, { url }])
      const [status, bot] = yield* get("/api/v10/gateway/bot")
      assert.strictEqual(status, 200)
      assert.strictEqual(bot.session_start_limit.max_concurrency, 16)
      assert.strictEqual((yield* get("/gateway/bot"))[0], 200)
      const [, user] = yield* get("/api/v10/users/@me")
      assert.deepInclude(user, { username: "vesper", bot: true, discriminator: "0" })
      for (const path of ["/applications/@me", "/oauth2/applications/@me"]) {
        const [status, application] = yield* get(`/api/v10${path}`)
        assert.strictEqual(status, 200)
        assert.deepInclude(application, { id: user.id, name: "vesper" })
        assert.strictEqual(application.owner.username, "owner")
        assert.strictEqual((yield* get(path, ""))[0], 401)
      }
      assert.strictEqual((yield* get("/users/@me", "Bot "))[0], 401)
      assert.strictEqual((yield* get("/nothing"))[0], 404)
      assert.strictEqual((yield* get("/gateway/bot", "token"))[0], 401)
      assert.strictEqual((yield* get("/gateway/bot", "Bot "))[0], 401)
    }).pipe(Effect.provide(layer({ maxConcurrency: 16 }))))

  it.scopedLive("is gone with its scope: connections cut, port free", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { port, url } = yield* Scope.extend(GatewayServer.make(), scope)
      const taken = yield* Effect.flip(Effect.scoped(GatewayServer.make({ port })))
      assert.strictEqual(taken._tag, "ListenError")
      assert.include(taken.message, "choose another port")
      const client = yield* connect(`${url}?v=10&encoding=json`)
      yield* client.next
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* client.closed, 1006)
      yield* Effect.scoped(GatewayServer.make({ port }))
      const simulator = yield* GatewaySimulator.GatewaySimulator
      assert.strictEqual(yield* simulator.connections, 0)
    }).pipe(Effect.provide(GatewaySimulator.layer())))
})
