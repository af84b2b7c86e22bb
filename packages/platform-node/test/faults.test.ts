/** Faults of real sockets; each time the shard must reconnect and receive the next event. */
import { assert, describe, it } from "@effect/vitest"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Shard from "@vesper/gateway/Shard"
import * as Intents from "@vesper/model/Intents"
import * as Fault from "@vesper/testing/Fault"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import type * as Net from "node:net"
import * as NodeGateway from "../src/NodeGateway.js"
import * as NodeGatewaySocket from "../src/NodeGatewaySocket.js"

const token = Redacted.make("token")

interface Options {
  readonly compression: NonNullable<NodeGateway.ShardOptions["compression"]>
  readonly heartbeatTolerance?: Duration.DurationInput
}

const layerWith = ({ compression, heartbeatTolerance }: Options) =>
  Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) =>
    NodeGateway.layerShard({
      token,
      intents: Intents.of("GuildMessages"),
      gatewayUrl: url,
      compression,
      timeouts: { open: "500 millis", hello: "500 millis", ready: "500 millis", resumed: "500 millis" },
      reconnect: { backoffBase: "20 millis", backoffMax: "50 millis" }
    }))).pipe(
      Layer.provideMerge(GatewayServer.layer()),
      Layer.provideMerge(GatewaySimulator.layer({ token, heartbeatInterval: "1 second", heartbeatTolerance })),
      Layer.merge(Logger.minimumLogLevel(LogLevel.None))
    )

const layer = layerWith({ compression: "zlib-stream" })

/** Faults that end a connection, and rules for the next ones, for which a drop makes room. */
const faults: ReadonlyArray<readonly [what: string, ...faults: ReadonlyArray<Fault.Fault>]> = [
  ["a reset in the middle of a frame", Fault.ResetMidFrame()],
  ["bytes that dribble, so that no heartbeat is answered in time", Fault.Dribble({ bytesPerSecond: 5 })],
  ["damaged deflate data", Fault.Corrupt()],
  ["404 at the upgrade", Fault.RefuseConnections({ host: "any", times: 2, status: 404 }), Fault.Drop()],
  ["429 at the upgrade", Fault.RefuseConnections({ host: "any", times: 2, status: 429 }), Fault.Drop()],
  ["502 at the upgrade", Fault.RefuseConnections({ host: "any", times: 2, status: 502 }), Fault.Drop()],
  ["an upgrade that is never answered", Fault.NeverOpen({ host: "any", times: 1 }), Fault.Drop()],
  ["no hello", Fault.NeverHello({ host: "any", times: 2 }), Fault.Drop()],
  ["an event before the hello", Fault.EventBeforeHello({ host: "any", times: 2 }), Fault.Drop()],
  ["a storm of opcode 7", Fault.ReconnectBeforeHello({ host: "any", times: 5 }), Fault.Drop()],
  ["a loop of opcode 9", Fault.RejectResume({ host: "any", times: 3, resumable: true }), Fault.Drop()]
]

/** Waits for an event; earlier events and errors of the fault are ignored. */
const awaitEvent = (shard: Shard.Shard, content: string) =>
  Effect.repeat(Effect.option(shard.nextEvent), {
    until: (event) => event._tag === "Some" && event.value.t === "MESSAGE_CREATE" && event.value.d.content === content
  })

/** Keeps the event loop busy for so many of each 100 milliseconds. */
const busy = (millis: number) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      setInterval(() => {
        const end = performance.now() + millis
        while (performance.now() < end) {
          // Timers are late by then.
        }
      }, 100)
    ),
    (interval) => Effect.sync(() => clearInterval(interval))
  )

describe("a shard in a busy process", () => {
  for (const compression of ["none", "zlib-stream", "zstd-stream"] as const) {
    it.scopedLive(`leaves a dead connection, with ${compression}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* Shard.Shard
        assert.strictEqual((yield* shard.nextEvent).t, "READY")
        yield* busy(90)
        yield* Effect.sleep("2 seconds")
        yield* simulator.inject(Fault.Stall())
        yield* simulator.awaitLog(LogEntry.is("Resumed")).pipe(Effect.timeout("20 seconds"))
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "after" } })
        yield* awaitEvent(shard, "after")
      }).pipe(Effect.provide(layerWith({ compression, heartbeatTolerance: "10 minutes" }))), 30_000)
  }
})

describe("a shard over a real websocket lives through", () => {
  for (const [what, ...all] of faults) {
    it.live(what, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* Shard.Shard
        assert.strictEqual((yield* shard.nextEvent).t, "READY")
        yield* Effect.forEach(all, (fault) => simulator.inject(fault))
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "after" } })
        yield* awaitEvent(shard, "after")
        const log = yield* simulator.log
        assert.isAbove(log.filter(LogEntry.is("Resumed")).length, 0)
        assert.strictEqual(log.filter(LogEntry.is("Identified")).length, 1)
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(Effect.provide(layer)))
  }

  for (const url of ["ws://127.0.0.1:1/", "ws://vesper.invalid/"]) {
    it.live(`a resume URL without a server: ${url}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* simulator.inject(Fault.NameResumeUrl({ host: "any", times: 1, url }))
        const shard = yield* Shard.Shard
        assert.strictEqual((yield* shard.nextEvent).t, "READY")
        yield* simulator.inject(Fault.Drop())
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "after" } })
        yield* awaitEvent(shard, "after")
        assert.strictEqual((yield* simulator.log).filter(LogEntry.is("Resumed")).length, 1)
      }).pipe(Effect.provide(layer)))
  }
})

describe("a gateway", () => {
  it.live("that cannot be found is an OpenError with the reason", () =>
    Effect.gen(function*() {
      const error = yield* NodeGatewaySocket.make().open("wss://vesper.invalid/", {
        onFrame: () => {},
        onClose: () => {}
      }).pipe(Effect.scoped, Effect.flip)
      assert.instanceOf(error, GatewaySocket.OpenError)
      assert.match(error.message, /ENOTFOUND|EAI_AGAIN/)
    }))

  it.scopedLive("that redirects is refused, and the redirect is not followed", () =>
    Effect.gen(function*() {
      const lured = yield* Deferred.make<never, string>()
      const listen = (answer: Http.RequestListener) =>
        Effect.map(
          Effect.acquireRelease(
            Effect.async<Http.Server>((resume) => {
              const server = Http.createServer(answer)
              server.on("upgrade", (request, socket) => {
                const response = new Http.ServerResponse(request)
                if (socket instanceof Object && "cork" in socket) {
                  response.assignSocket(socket as Net.Socket)
                }
                answer(request, response)
              })
              server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
            }),
            (server) =>
              Effect.sync(() => {
                server.closeAllConnections()
                server.close()
              })
          ),
          (server) => `ws://127.0.0.1:${(server.address() as Net.AddressInfo).port}/`
        )
      const trap = yield* listen((_, response) => {
        Deferred.unsafeDone(lured, Exit.fail("it followed"))
        response.writeHead(500).end()
      })
      const url = yield* listen((_, response) => {
        response.writeHead(302, { location: trap, connection: "close" }).end()
      })
      const error = yield* NodeGatewaySocket.make().open(url, { onFrame: () => {}, onClose: () => {} }).pipe(
        Effect.scoped,
        Effect.flip
      )
      assert.deepStrictEqual(error.status, Effect.runSync(Effect.succeedSome(302)))
      assert.isTrue((yield* Deferred.poll(lured))._tag === "None")
    }))
})
