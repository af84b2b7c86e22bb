import { assert, describe, it } from "@effect/vitest"
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import { WebSocketServer } from "ws"
import * as NodeGatewaySocket from "../src/NodeGatewaySocket.js"
import * as certificate from "./certificate.js"

const close = (server: Http.Server) =>
  Effect.sync(() => {
    server.closeAllConnections()
    server.close()
  })

/** A websocket server that says hello. */
const listen = (server: Http.Server, protocol: "ws" | "wss", host: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Http.Server>((resume) => {
        const sockets = new WebSocketServer({ server })
        sockets.on("connection", (peer) => peer.send("hello"))
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      close
    ),
    (server) => `${protocol}://${host}:${(server.address() as Net.AddressInfo).port}/`
  )

/** Its certificate is self-signed, for localhost. */
const serveTls = Effect.suspend(() => listen(Https.createServer(certificate), "wss", "localhost"))

const firstFrame = Effect.map(Deferred.make<string>(), (frame) => {
  const handlers: GatewaySocket.ConnectionHandlers = {
    onFrame: (data) => Deferred.unsafeDone(frame, Effect.succeed(Buffer.from(data).toString())),
    onClose: () => {}
  }
  return { frame: Deferred.await(frame), handlers }
})

/** Connects through an HTTP proxy by CONNECT, as the agents of the well-known packages do. */
class TunnelAgent extends Http.Agent {
  readonly targets: Array<string> = []
  readonly port: number

  constructor(port: number) {
    super()
    this.port = port
  }

  override createConnection(
    options: { readonly host?: string | null; readonly port?: number | string | null },
    callback?: (error: Error | null, stream: Duplex) => void
  ) {
    const path = `${options.host}:${options.port}`
    this.targets.push(path)
    Http.request({ port: this.port, host: "127.0.0.1", method: "CONNECT", path })
      .on("connect", (_, socket) => callback?.(null, socket))
      .end()
    return undefined
  }
}

/** An HTTP proxy that knows CONNECT alone. */
const serveProxy = Effect.map(
  Effect.acquireRelease(
    Effect.async<Http.Server>((resume) => {
      const server = Http.createServer()
      server.on("connect", (request, socket: Net.Socket) => {
        const target = new URL(`http://${request.url}`)
        const upstream = Net.connect(Number(target.port), target.hostname, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
          upstream.pipe(socket)
          socket.pipe(upstream)
        })
        upstream.on("error", () => socket.destroy())
        socket.on("error", () => upstream.destroy())
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    close
  ),
  (server) => (server.address() as Net.AddressInfo).port
)

describe("TLS", () => {
  it.scopedLive("trusts what it is told to trust", () =>
    Effect.gen(function*() {
      const url = yield* serveTls
      const seen = yield* firstFrame
      yield* NodeGatewaySocket.make({ tls: { ca: certificate.cert } }).open(url, seen.handlers)
      assert.strictEqual(yield* seen.frame, "hello")
    }))

  it.scopedLive("verifies the certificate, even if the environment or a program without types says otherwise", () =>
    Effect.gen(function*() {
      const url = yield* serveTls
      const { handlers } = yield* firstFrame
      const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
      process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
      const tls: object = { rejectUnauthorized: false }
      const error = yield* Effect.flip(Effect.scoped(NodeGatewaySocket.make({ tls }).open(url, handlers))).pipe(
        Effect.ensuring(Effect.sync(() => {
          if (before === undefined) {
            delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
          } else {
            process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before
          }
        }))
      )
      assert.match(error.message, /self[- ]signed certificate/)
    }))
})

describe("an agent", () => {
  it.scopedLive("takes the connection through a proxy that speaks HTTP CONNECT", () =>
    Effect.gen(function*() {
      const url = yield* listen(Http.createServer(), "ws", "127.0.0.1")
      const agent = new TunnelAgent(yield* serveProxy)
      const seen = yield* firstFrame
      yield* NodeGatewaySocket.make({ agent }).open(url, seen.handlers)
      assert.strictEqual(yield* seen.frame, "hello")
      assert.deepStrictEqual(agent.targets, [new URL(url).host])
    }))
})
