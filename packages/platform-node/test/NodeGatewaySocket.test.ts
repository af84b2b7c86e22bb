import { assert, describe, it } from "@effect/vitest"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Socket from "@effect/platform/Socket"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import * as Http from "node:http"
import * as Net from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import * as NodeGatewaySocket from "../src/NodeGatewaySocket.js"

/** A bare server that hands out its sockets. */
const serve = Effect.gen(function*() {
  const server = yield* Effect.acquireRelease(
    Effect.async<WebSocketServer>((resume) => {
      const server: WebSocketServer = new WebSocketServer(
        { port: 0, host: "127.0.0.1", perMessageDeflate: false },
        () => resume(Effect.succeed(server))
      )
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.clients.forEach((client) => client.terminate())
        server.close(() => resume(Effect.void))
      })
  )
  const peers = yield* Mailbox.make<WebSocket>()
  server.on("connection", (peer) => peers.unsafeOffer(peer))
  return { url: `ws://127.0.0.1:${(server.address() as Net.AddressInfo).port}/`, peer: Effect.orDie(peers.take) }
})

/** A TCP server with a handler for each connection. */
const serveRaw = (onSocket: (socket: Net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly server: Net.Server; readonly sockets: Set<Net.Socket> }>((resume) => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer((socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
          socket.on("error", () => {})
          onSocket(socket)
          // Without a reader its end would not be seen.
          socket.resume()
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
      }),
      ({ server, sockets }) =>
        Effect.async<void>((resume) => {
          sockets.forEach((socket) => socket.destroy())
          server.close(() => resume(Effect.void))
        })
    ),
    ({ server, sockets }) => ({ url: `ws://127.0.0.1:${(server.address() as Net.AddressInfo).port}/`, sockets })
  )

interface Seen {
  readonly frames: Array<string>
  readonly handlers: GatewaySocket.ConnectionHandlers
  readonly closed: Effect.Effect<Option.Option<CloseFrame.CloseFrame>>
  readonly awaitFrames: (count: number) => Effect.Effect<void>
}

const observe = Effect.gen(function*() {
  const frames: Array<string> = []
  const arrived = yield* Mailbox.make<void>()
  const closed = yield* Deferred.make<Option.Option<CloseFrame.CloseFrame>>()
  const seen: Seen = {
    frames,
    handlers: {
      onFrame: (data, isBinary) => {
        frames.push(`${isBinary ? "binary" : "text"}:${Buffer.from(data).toString()}`)
        arrived.unsafeOffer(undefined)
      },
      onClose: (frame) => Deferred.unsafeDone(closed, Exit.succeed(frame))
    },
    closed: Deferred.await(closed),
    awaitFrames: (count) => Effect.orDie(Effect.repeatN(arrived.take, count - 1))
  }
  return seen
})

const open = (url: string, seen: Seen) =>
  Effect.flatMap(GatewaySocket.GatewaySocket, (socket) => socket.open(url, seen.handlers))

const ways = [
  ["ws", NodeGatewaySocket.layer({ closeTimeout: "100 millis" })],
  [
    "a WebSocket of the platform",
    GatewaySocket.layerWebSocketConstructor.pipe(Layer.provide(Layer.succeed(
      Socket.WebSocketConstructor,
      // `ws` has the standard's interface too, which the type of the DOM does not know.
      (url) => new WebSocket(url) as unknown as globalThis.WebSocket
    )))
  ]
] as const

describe.each(ways)("a gateway socket on %s", (name, layer) => {
  it.scopedLive("carries text and binary messages both ways, in order", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const connection = yield* open(url, seen)
      const server = yield* peer
      const received: Array<string> = []
      server.on("message", (data) => received.push(String(data)))
      server.send("one")
      server.send(Buffer.from("two"))
      server.send("three")
      yield* seen.awaitFrames(3)
      assert.deepStrictEqual(seen.frames, ["text:one", "binary:two", "text:three"])
      yield* GatewaySocket.write(connection, "a")
      yield* GatewaySocket.write(connection, "b")
      yield* Effect.repeat(Effect.sleep(5), { until: () => received.length === 2 })
      assert.deepStrictEqual(received, ["a", "b"])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("does not lose what the peer sends in the moment of opening", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.async<WebSocketServer>((resume) => {
          const server: WebSocketServer = new WebSocketServer({ port: 0, host: "127.0.0.1" }, () =>
            resume(Effect.succeed(server)))
          server.on("connection", (peer) =>
            peer.send("hello"))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const seen = yield* observe
      yield* open(`ws://127.0.0.1:${(server.address() as Net.AddressInfo).port}/`, seen)
      yield* seen.awaitFrames(1)
      assert.deepStrictEqual(seen.frames, ["text:hello"])
      server.clients.forEach((client) => client.terminate())
    }).pipe(Effect.provide(layer)))

  it.scopedLive("tells the peer's close frame, and its absence", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      for (
        const [end, frame] of [
          [(server: WebSocket) => server.close(4014, "Disallowed"), Option.some({ code: 4014, reason: "Disallowed" })],
          [(server: WebSocket) => server.close(), Option.none()],
          [(server: WebSocket) => server.terminate(), Option.none()]
        ] as const
      ) {
        const seen = yield* observe
        yield* open(url, seen)
        end(yield* peer)
        assert.deepStrictEqual(yield* seen.closed, frame)
      }
    }).pipe(Effect.provide(layer)))

  it.scopedLive("sends the close frame that it is told to, once, and still reads what comes before the answer", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const scope = yield* Scope.make()
      const connection = yield* Scope.extend(open(url, seen), scope)
      const server = yield* peer
      const codes: Array<number> = []
      server.on("close", (code) => codes.push(code))
      server.send("late")
      yield* connection.close({ code: 4000, reason: "resuming" })
      yield* connection.close({ code: 1000, reason: "" })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(seen.frames, ["text:late"])
      yield* Effect.repeat(Effect.sleep(5), { until: () => codes.length > 0 })
      assert.deepStrictEqual(codes, [4000])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("lets the peer answer its close frame when its fiber is interrupted too, and is gone after that", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const opened = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(Effect.scoped(Effect.gen(function*() {
        const connection = yield* open(url, seen)
        yield* Effect.addFinalizer(() => connection.close({ code: 4000, reason: "resuming" }))
        yield* Deferred.succeed(opened, undefined)
        yield* Effect.never
      })))
      const server = yield* peer
      yield* Deferred.await(opened)
      server.send("late")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen.frames, ["text:late"])
      assert.deepStrictEqual(
        Option.map(yield* seen.closed, ({ code }) => code),
        Option.some(4000)
      )
    }).pipe(Effect.provide(layer)))

  it.scopedLive("fails to write once it is closing", () =>
    Effect.gen(function*() {
      const { url } = yield* serve
      const seen = yield* observe
      const connection = yield* open(url, seen)
      yield* connection.close({ code: 4000, reason: "" })
      assert.strictEqual((yield* Effect.flip(GatewaySocket.write(connection, "x")))._tag, "WriteError")
    }).pipe(Effect.provide(layer)))

  it.scopedLive("fails with an OpenError when nothing listens, and when the URL is none", () =>
    Effect.gen(function*() {
      const seen = yield* observe
      for (const url of ["ws://127.0.0.1:1/", "not a url"]) {
        const error = yield* Effect.flip(open(url, seen))
        assert.strictEqual(error._tag, "OpenError")
        assert.include(error.message, url)
      }
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.scopedLive("abandons an attempt at once when it is interrupted", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* serveRaw(() => {})
      const seen = yield* observe
      const attempt = yield* Effect.fork(Effect.scoped(open(url, seen)))
      yield* Effect.repeat(Effect.sleep(5), { until: () => sockets.size === 1 })
      yield* Fiber.interrupt(attempt)
      yield* Effect.repeat(Effect.sleep(5), { until: () => sockets.size === 0 })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("calls no handler after its scope has closed", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const scope = yield* Scope.make()
      yield* Scope.extend(open(url, seen), scope)
      const server = yield* peer
      yield* Scope.close(scope, Exit.void)
      server.send("too late")
      yield* Effect.sleep(30)
      assert.deepStrictEqual(seen.frames, [])
      assert.isTrue(Option.isNone(yield* Effect.timeoutOption(seen.closed, 1)), name)
    }).pipe(Effect.provide(layer)))
})

describe("NodeGatewaySocket", () => {
  const layer = NodeGatewaySocket.layer({ closeTimeout: "50 millis" })

  /** The error of an upgrade that is answered by a status and headers. */
  const refusal = (status: number, headers: Http.OutgoingHttpHeaders) =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.async<Http.Server>((resume) => {
          const server = Http.createServer((_, response) => response.writeHead(status, headers).end())
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) =>
          Effect.sync(() => server.closeAllConnections()).pipe(Effect.zipRight(Effect.sync(() => server.close())))
      )
      const seen = yield* observe
      return yield* Effect.flip(open(`ws://127.0.0.1:${(server.address() as Net.AddressInfo).port}/`, seen))
    })

  it.scopedLive("fails with the HTTP status of a refused upgrade", () =>
    Effect.gen(function*() {
      const error = yield* refusal(429, {})
      assert.deepStrictEqual([error.status, error.retryAfter], [Option.some(429), Option.none()])
      assert.include(error.message, "HTTP status 429")
    }).pipe(Effect.provide(layer)))

  const retries: ReadonlyArray<readonly [status: number, after: Option.Option<Duration.Duration>]> = [
    [429, Option.some(Duration.seconds(90))],
    [503, Option.some(Duration.seconds(90))],
    [500, Option.none()],
    [302, Option.none()]
  ]

  for (const [status, after] of retries) {
    it.scopedLive(`${Option.isSome(after) ? "obeys" : "ignores"} Retry-After of status ${status}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* refusal(status, { "retry-after": "90" })).retryAfter, after)
      }).pipe(Effect.provide(layer)))
  }

  it.scopedLive("knows that the sockets have been read, after an event loop that was blocked", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const connection = yield* open(url, seen)
      const server = yield* peer
      const counts = yield* Effect.async<ReadonlyArray<number>>((resume) => {
        server.send("unread")
        const end = performance.now() + 100
        while (performance.now() < end) {
          // The message arrives, and nothing reads it.
        }
        // Timers that are due run before the sockets are read.
        setTimeout(() => {
          const before = seen.frames.length
          connection.unsafeOnPolled?.(() => resume(Effect.succeed([before, seen.frames.length])))
        }, 0)
      })
      assert.strictEqual(counts[1], 1)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("keeps an open timeout of its own", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* serveRaw(() => {})
      const seen = yield* observe
      const error = yield* Effect.flip(Effect.scoped(open(url, seen)))
      assert.include(error.message, "did not open within 30ms")
      yield* Effect.repeat(Effect.sleep(5), { until: () => sockets.size === 0 })
    }).pipe(Effect.provide(NodeGatewaySocket.layer({ openTimeout: "30 millis" }))))

  it.scopedLive("reads on while it closes, though it was paused", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const scope = yield* Scope.make()
      const connection = yield* Scope.extend(open(url, seen), scope)
      const server = yield* peer
      connection.pause()
      server.send("late")
      yield* connection.close({ code: 4000, reason: "" })
      const [spent] = yield* Effect.timed(Scope.close(scope, Exit.void))
      assert.deepStrictEqual(seen.frames, ["text:late"])
      assert.deepStrictEqual(yield* seen.closed, Option.some({ code: 4000, reason: "" }))
      assert.isBelow(Duration.toMillis(spent), 10_000)
    }).pipe(Effect.provide(NodeGatewaySocket.layer({ closeTimeout: "20 seconds" }))), 30_000)

  it.scopedLive("gives the reason of a reset, which the websocket itself keeps", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* serveRaw((socket) => {
        socket.once("data", (request) => {
          const key = /sec-websocket-key: (.*)\r/i.exec(request.toString())?.[1] ?? ""
          const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
          socket.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
              `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
          )
        })
      })
      const reason = yield* Deferred.make<unknown>()
      yield* Effect.flatMap(GatewaySocket.GatewaySocket, (socket) =>
        socket.open(url, {
          onFrame: () => {},
          onClose: (_, cause) => Deferred.unsafeDone(reason, Exit.succeed(cause))
        }))
      sockets.forEach((socket) => socket.resetAndDestroy())
      assert.match(String(yield* Deferred.await(reason)), /ECONNRESET/)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("stops reading while it is paused, and goes on in order", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      const connection = yield* open(url, seen)
      const server = yield* peer
      server.send("0")
      yield* seen.awaitFrames(1)
      connection.pause()
      for (let i = 1; i < 200; i++) {
        server.send(String(i))
      }
      yield* Effect.sleep(50)
      assert.deepStrictEqual(seen.frames, ["text:0"])
      yield* GatewaySocket.write(connection, "works while paused")
      connection.resume()
      yield* seen.awaitFrames(199)
      assert.deepStrictEqual(seen.frames, Array.from({ length: 200 }, (_, i) => `text:${i}`))
    }).pipe(Effect.provide(layer)))

  it.scopedLive("ends the connection when a message is longer than allowed", () =>
    Effect.gen(function*() {
      const { peer, url } = yield* serve
      const seen = yield* observe
      yield* open(url, seen)
      const server = yield* peer
      server.send("x".repeat(1_001))
      yield* seen.closed
      assert.deepStrictEqual(seen.frames, [])
    }).pipe(Effect.provide(NodeGatewaySocket.layer({ maxPayload: 1_000 }))))

  it.scopedLive.each([0, 1, 2])(
    "cuts a peer that never answers the close frame, in time, and leaves nothing behind (interrupted %s times)",
    (interruptions) =>
      Effect.gen(function*() {
        const before = process.getActiveResourcesInfo().length
        const { sockets, url } = yield* serveRaw((socket) => {
          // Completes the handshake of RFC 6455, then never says anything again.
          socket.once("data", (request) => {
            const key = /sec-websocket-key: (.*)\r\n/i.exec(String(request))?.[1] ?? ""
            socket.write(
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                `Sec-WebSocket-Accept: ${accept(key)}\r\n\r\n`
            )
          })
        })
        const seen = yield* observe
        const started = Date.now()
        const connected = Effect.flatMap(open(url, seen), (connection) => connection.close({ code: 4000, reason: "" }))
        if (interruptions > 0) {
          const closing = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(
            Effect.scoped(
              Effect.zipRight(connected, Effect.zipRight(Deferred.succeed(closing, undefined), Effect.never))
            )
          )
          yield* Deferred.await(closing)
          for (let count = 1; count < interruptions; count++) {
            yield* Effect.zipRight(Fiber.interruptFork(fiber), Effect.sleep(10))
          }
          yield* Fiber.interrupt(fiber)
        } else {
          yield* Effect.scoped(connected)
        }
        assert.isBelow(Date.now() - started, 2_000)
        yield* Effect.repeat(Effect.sleep(5), { until: () => sockets.size === 0 })
        // The listening server is still there.
        assert.isAtMost(process.getActiveResourcesInfo().length, before + 1)
      }).pipe(Effect.provide(layer))
  )
})

const accept = (key: string) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
