/**
 * A simulated gateway behind a real websocket server, for any client in any language: on the loopback interface, if not
 * said otherwise.
 *
 * @since 0.1.0
 */
import * as Intents from "@vesper/model/Intents"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Stream from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import * as GatewaySimulator from "./GatewaySimulator.js"
import type { Gateway } from "./internal/gateway.js"
import * as Link from "./internal/link.js"
import * as MemorySocket from "./internal/memorySocket.js"
import * as Wire from "./internal/wire.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface GatewayServer {
  /** Where clients connect to, such as `ws://127.0.0.1:8080/`; the public URL, if there is one. */
  readonly url: string
  readonly port: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The address to listen on. Default: 127.0.0.1, so that nobody else can reach it. */
  readonly host?: string | undefined
  /** Default: 0, any that is free. */
  readonly port?: number | undefined
  /**
   * What clients are told to connect to and to resume at, where that is not the address to listen on: behind a proxy, in
   * another container, with TLS. It must be a `ws:` or `wss:` URL. Default: `ws://host:port/`.
   */
  readonly publicUrl?: string | undefined
}

/**
 * The server could not listen, most likely because the port is taken.
 *
 * @since 0.1.0
 * @category errors
 */
export class ListenError extends Schema.TaggedError<ListenError>("@vesper/testing/ListenError")("ListenError", {
  host: Schema.String,
  port: Schema.Number,
  cause: Schema.Defect
}) {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the simulated gateway could not listen on ${this.host}:${this.port}: ${why}; choose another port`
  }
}

/**
 * @since 0.1.0
 * @category tags
 */
export const GatewayServer = Context.GenericTag<GatewayServer>("@vesper/testing/GatewayServer")

/** Flags of an unverified application, by the privileged intents that are switched on. */
const intentFlags: ReadonlyArray<readonly [Intents.Name, flag: number]> = [
  ["GuildPresences", 1 << 13],
  ["GuildMembers", 1 << 15],
  ["MessageContent", 1 << 19]
]

const application = ({ settings: { allowedIntents } }: Gateway) => ({
  id: "1",
  name: "vesper",
  flags: intentFlags.reduce((flags, [name, flag]) => Intents.has(allowedIntents, name) ? flags | flag : flags, 0)
})

/** Answers what a client asks before it connects. */
const answer = (gateway: Gateway): Http.RequestListener => {
  const route = (path: string, authorization: string): readonly [status: number, body: unknown] => {
    const name = path.replace(/^\/api\/v\d+/, "")
    if (name === "/gateway/bot" || name === "/applications/@me") {
      return authorization.startsWith("Bot ") && gateway.isToken(authorization)
        ? [200, name === "/gateway/bot" ? gateway.bot() : application(gateway)]
        : [401, { message: "401: Unauthorized", code: 0 }]
    }
    return name === "/gateway"
      ? [200, { url: gateway.urls.gateway }]
      : [404, { message: "404: Not Found", code: 0 }]
  }
  return (request, response) => {
    const [status, body] = route((request.url ?? "/").split("?")[0] ?? "/", request.headers.authorization ?? "")
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(body))
  }
}

const refuse = (socket: Stream.Duplex, status: number) => {
  socket.end(`HTTP/1.1 ${status} ${Http.STATUS_CODES[status] ?? "Refused"}\r\nConnection: close\r\n\r\n`)
}

/** Joins a websocket to the protocol, for as long as it lives. */
const serve = (gateway: Gateway, socket: WebSocket, raw: Stream.Duplex, url: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    let dribble: Wire.Dribble | undefined
    yield* Effect.addFinalizer(() => Effect.sync(() => dribble?.stop()))
    const link = Link.make(gateway, {
      send: (data) => dribble === undefined ? socket.send(data) : dribble.send(data),
      close: ({ code, reason }) => {
        dribble?.flush()
        socket.close(code, reason)
      },
      drop: () => socket.terminate(),
      cut: (data) => {
        dribble?.flush()
        Wire.cut(raw, data)
      },
      dribble: (bytesPerSecond) => {
        dribble ??= Wire.dribble(raw, bytesPerSecond)
      }
    }, url)
    const closed = Effect.async<void>((resume) => {
      socket.on("message", (data, isBinary) =>
        isBinary
          ? link.inject({ _tag: "Close", code: 4002, reason: "binary messages are not understood" })
          : link.receive(data.toString()))
      socket.on("error", () => socket.terminate())
      socket.on("close", (code, reason) => {
        // 1005 is a close frame without a code, 1006 none at all: the session lives on after both.
        const isFrameless = code === 1005 || code === 1006
        link.disconnected(isFrameless ? Option.none() : Option.some({ code, reason: reason.toString() }))
        resume(Effect.void)
      })
      link.greet()
    })
    yield* Effect.raceFirst(closed, MemorySocket.watchHeartbeats(gateway, link)).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          link.disconnected(Option.none())
          socket.terminate()
        })
      )
    )
  }).pipe(Effect.scoped)

/** The URL with a slash at its end, so that `resume/` can follow. */
const withSlash = (url: string): string => {
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname.endsWith("/") ? pathname : `${pathname}/`}`
}

/** What a client has asked for, as it was told to: a proxy may have changed host and path. */
const askedFor = ({ gateway, resume }: Gateway["urls"], path: string): string => {
  const [place = "", query] = path.split("?")
  return (place.endsWith("/resume/") ? resume : gateway) + (query === undefined ? "" : `?${query}`)
}

const listen = (server: Http.Server, host: string, port: number): Effect.Effect<number, ListenError> =>
  Effect.async<number, ListenError>((resume) => {
    const failed = (cause: unknown) => resume(Effect.fail(new ListenError({ host, port, cause })))
    server.once("error", failed)
    server.listen(port, host, () => {
      server.off("error", failed)
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
 * Listens until the scope closes; then every connection is cut and the port is free.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<GatewayServer, ListenError, GatewaySimulator.GatewaySimulator | Scope.Scope> =>
  Effect.gen(function*() {
    const { host = "127.0.0.1", port = 0, publicUrl } = options
    const { gateway } = GatewaySimulator.coreOf(yield* GatewaySimulator.GatewaySimulator)
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => Http.createServer(answer(gateway))),
      closeServer
    )
    const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 20 })
    const connections = yield* FiberMap.make<number>()
    const fork = yield* FiberMap.runtime(connections)<never>()
    let count = 0
    server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => socket.destroy())
      const url = askedFor(gateway.urls, request.url ?? "/")
      const upgrade = Effect.matchEffect(MemorySocket.admit(gateway, url), {
        onFailure: (error) => Effect.sync(() => refuse(socket, Option.getOrElse(error.status, () => 503))),
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
