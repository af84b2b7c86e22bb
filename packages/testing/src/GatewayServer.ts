/**
 * A simulated gateway behind a real websocket server, for clients in any language. It listens on the loopback interface
 * by default, and has Discord's HTTP API at the same address, with or without `/api/v10`.
 *
 * @since 0.1.0
 */
import * as CloseCode from "@vesper/model/CloseCode"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Stream from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import * as GatewaySimulator from "./GatewaySimulator.js"
import { Connection, Core, type Gateway } from "./internal/protocol/index.js"
import { Frames, HttpApi, MemorySocket } from "./internal/transport/index.js"

/**
 * A server that listens.
 *
 * @since 0.1.0
 * @category models
 */
export interface GatewayServer {
  /** The URL for clients, such as `ws://127.0.0.1:8080/`; the public URL, if there is one. */
  readonly url: string
  /** The port that the server listens on. */
  readonly port: number
}

/**
 * Options of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The address to listen on. Default: 127.0.0.1, which other machines cannot reach. */
  readonly host?: string | undefined
  /** The port to listen on. Default: 0, any free port. */
  readonly port?: number | undefined
  /**
   * The URL that clients connect to and resume at, if it differs from the address to listen on: behind a proxy, in
   * another container, with TLS. It must be a `ws:` or `wss:` URL. Default: `ws://host:port/`.
   */
  readonly publicUrl?: string | undefined
}

/**
 * The server could not listen, usually because another process listens on the port.
 *
 * @since 0.1.0
 * @category errors
 */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the simulated gateway could not listen on ${this.host}:${this.port}: ${why}; choose another port`
  }
}

/**
 * The tag of a server.
 *
 * @since 0.1.0
 * @category tags
 */
export const GatewayServer = Context.GenericTag<GatewayServer>("@vesper/testing/GatewayServer")

const refuse = (socket: Stream.Duplex, status: number, retryAfter: Option.Option<Duration.Duration>) => {
  const header = Option.match(retryAfter, {
    onNone: () => "",
    onSome: (duration) => `Retry-After: ${Math.ceil(Duration.toSeconds(duration))}\r\n`
  })
  const reason = Http.STATUS_CODES[status] ?? "Refused"
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${header}Connection: close\r\n\r\n`)
}

/** Connects a websocket to the protocol until it closes. */
const serve = (gateway: Gateway.Gateway, socket: WebSocket, raw: Stream.Duplex, url: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    let dribble: Frames.Dribble | undefined
    yield* Effect.addFinalizer(() => Effect.sync(() => dribble?.stop()))
    let isReading = true
    const connection = Connection.make(gateway, {
      send: (data) => dribble === undefined ? socket.send(data) : dribble.send(data),
      close: ({ code, reason }) => {
        dribble?.flush()
        if (CloseCode.hasFrame(code)) {
          socket.close(code, reason)
        }
        // Without a frame the connection is lost, and without reading the client's answer would not arrive.
        if (!CloseCode.hasFrame(code) || !isReading) {
          socket.terminate()
        }
      },
      drop: () => socket.terminate(),
      cut: (data) => {
        dribble?.flush()
        Frames.cut(raw, data)
      },
      dribble: (bytesPerSecond) => {
        dribble ??= Frames.dribble(raw, bytesPerSecond)
      },
      stopReading: () => {
        isReading = false
        socket.pause()
      }
    }, url)
    const closed = Effect.async<void>((resume) => {
      socket.on("message", (data, isBinary) =>
        isBinary
          ? connection.inject({ _tag: "Close", code: 4002, reason: "binary messages are not supported" })
          : connection.receive(data.toString()))
      socket.on("error", () => socket.terminate())
      socket.on("close", (code, reason) => {
        // A close frame without a code and a lost connection keep the session.
        connection.onDisconnect(
          CloseCode.hasFrame(code) ? Option.some({ code, reason: reason.toString() }) : Option.none()
        )
        resume(Effect.void)
      })
      connection.start()
    })
    yield* Effect.raceFirst(closed, MemorySocket.watchHeartbeats(gateway, connection)).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          connection.onDisconnect(Option.none())
          socket.terminate()
        })
      )
    )
  }).pipe(Effect.scoped)

/** Appends a slash, so that `resume/` can follow. */
const withSlash = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname.endsWith("/") ? pathname : `${pathname}/`}`
}

/** Returns the URL that the client requested, because a proxy may have changed host and path. */
const requestedUrl = ({ gateway, resume }: Gateway.Gateway["urls"], path: string): string => {
  const [name = "", query] = path.split("?")
  return (name.endsWith("/resume/") ? resume : gateway) + (query === undefined ? "" : `?${query}`)
}

const listen = (server: Http.Server, host: string, port: number): Effect.Effect<number, ListenError> =>
  Effect.async<number, ListenError>((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(new ListenError({ host, port, cause })))
    server.once("error", fail)
    server.listen(port, host, () => {
      server.off("error", fail)
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const closeServer = (server: Http.Server): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/**
 * Starts a server. When the scope closes, every connection is terminated and the port is released.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<GatewayServer, ListenError, GatewaySimulator.GatewaySimulator | Scope.Scope> =>
  Effect.gen(function*() {
    const { host = "127.0.0.1", port = 0, publicUrl } = options
    const { gateway, rest } = Core.get(yield* GatewaySimulator.GatewaySimulator)
    const answer = yield* Effect.flatMap(FiberSet.make<void>(), (requests) => FiberSet.runtime(requests)<never>())
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Http.createServer((request, response) => void answer(HttpApi.respond(rest, request, response)))
      ),
      closeServer
    )
    const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 20 })
    const connections = yield* FiberMap.make<number>()
    const fork = yield* FiberMap.runtime(connections)<never>()
    let count = 0
    server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => socket.destroy())
      const url = requestedUrl(gateway.urls, request.url ?? "/")
      const upgrade = Effect.matchEffect(MemorySocket.admit(gateway, url), {
        onFailure: ({ retryAfter, status }) =>
          Effect.sync(() => refuse(socket, Option.getOrElse(status, () => 503), retryAfter)),
        onSuccess: () =>
          Effect.flatMap(
            Effect.async<WebSocket>((resume) =>
              websockets.handleUpgrade(request, socket, head, (open) => resume(Effect.succeed(open)))
            ),
            (open) => serve(gateway, open, socket, url)
          )
      })
      fork(++count, Effect.onInterrupt(upgrade, () => Effect.sync(() => socket.destroy())))
    })
    const actualPort = yield* listen(server, host, port)
    const url = withSlash(publicUrl ?? `ws://${host.includes(":") ? `[${host}]` : host}:${actualPort}/`)
    gateway.urls.gateway = url
    gateway.urls.resume = `${url}resume/`
    return { url, port: actualPort }
  })

/**
 * Starts a server for the lifetime of the layer.
 *
 * @example
 * ```ts
 * import { GatewayServer, GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const server = yield* GatewayServer.GatewayServer
 *   yield* Effect.log(`point your bot at ${server.url}`)
 * })
 *
 * const layer = Layer.provideMerge(GatewayServer.layer(), GatewaySimulator.layer())
 *
 * Effect.runPromise(Effect.provide(program, layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<GatewayServer, ListenError, GatewaySimulator.GatewaySimulator> =>
  Layer.scoped(GatewayServer, make(options))
