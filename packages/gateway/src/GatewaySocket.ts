/**
 * Opens one websocket to a gateway. Implementations: Node's `ws` in `@vesper/platform-node`, the simulated gateway in
 * `@vesper/testing`, and `layerWebSocketConstructor` for any `WebSocket`.
 *
 * @since 0.1.0
 */
import type * as Socket from "@effect/platform/Socket"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as RetryAfter from "./internal/http/retryAfter.js"
import * as GatewayUrl from "./internal/wire/gatewayUrl.js"
import * as PeerText from "./internal/wire/peerText.js"

/**
 * The type identifier of `GatewaySocket`.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/GatewaySocket")

/**
 * The type of `TypeId`.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Opens websockets.
 *
 * @since 0.1.0
 * @category models
 */
export interface GatewaySocket {
  readonly [TypeId]: TypeId
  /**
   * Connects to `url` and completes when the websocket is open. An interruption abandons the attempt immediately.
   *
   * Closing the scope ends the connection. If `Connection.close` was called before, the peer has a short time to complete the
   * close handshake, and `ConnectionHandlers.onFrame` still receives frames; otherwise the connection is terminated without a close
   * frame. No handler is called after the scope has closed.
   */
  readonly open: (url: string, handlers: ConnectionHandlers) => Effect.Effect<Connection, OpenError, Scope.Scope>
}

/**
 * Callbacks of a connection. Both run synchronously in the socket's callback, in the order of arrival, and may be called before
 * `open` has completed. They must not throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionHandlers {
  /**
   * Receives one websocket message. A text message is a string or its UTF-8 bytes; a binary message is bytes. The socket may
   * overwrite the bytes after the call.
   */
  readonly onFrame: (data: string | Uint8Array, isBinary: boolean) => void
  /**
   * Called at most once, when the connection has ended, with the close frame of the peer, or with none if the connection was
   * lost. Then `cause` is the reason if the platform knows it: a `FrameError` if this side refused a frame, or the error of the
   * operating system.
   */
  readonly onClose: (frame: Option.Option<CloseFrame.CloseFrame>, cause?: unknown) => void
}

/**
 * One open websocket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /**
   * Sends one text message, and calls `onWritten` once: when the operating system has accepted it, or with the error. It may do
   * so before it returns. Works while paused. An exception is a defect and ends the connection.
   *
   * Shards write heartbeats with it, without a fiber. Applications use `write`.
   */
  readonly unsafeWrite: (text: string, onWritten: (result: Either.Either<void, WriteError>) => void) => void
  /** Sends a close frame without waiting for the answer. Only the first call has an effect. */
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<void>
  /**
   * Stops reading, which applies back-pressure to the peer. Dozens of buffered messages may still be delivered, and a close
   * frame is not received until `resume`. Has no effect on a platform that cannot pause.
   */
  readonly pause: () => void
  /** Continues reading after `pause`. */
  readonly resume: () => void
  /**
   * Calls `onPolled` once the data available in the OS buffers at the time of the call has been read. Late timers run before
   * the sockets are read, so a shard uses this to read an acknowledgement that has already arrived. Absent if the
   * platform cannot know it: a shard that was blocked then waits for five seconds.
   */
  readonly unsafeOnPolled?: (onPolled: () => void) => void
}

/**
 * Reads the `Retry-After` header of an HTTP response: seconds, or a date. A date is compared with the server's own, or with `now`
 * (wall time in milliseconds) without one. For implementations of sockets.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parseRetryAfter: (
  headers: { readonly date?: string | undefined; readonly "retry-after"?: string | undefined },
  now: number
) => Option.Option<Duration.Duration> = RetryAfter.parse

/**
 * The websocket could not be opened: the name does not resolve, the connection was refused, TLS failed, or the answer is not an
 * upgrade.
 *
 * @since 0.1.0
 * @category errors
 */
export class OpenError extends Data.TaggedError("OpenError")<{
  /** Without credentials, query and fragment. The constructor removes them. */
  readonly url: string
  /** The HTTP status of an answer that is not an upgrade. */
  readonly status: Option.Option<number>
  /** The time until the next attempt that an answer with status 429 or 503 requests. Default: none. */
  readonly retryAfter: Option.Option<Duration.Duration>
  readonly cause: unknown
}> {
  constructor(props: {
    readonly url: string
    readonly status: Option.Option<number>
    readonly retryAfter?: Option.Option<Duration.Duration>
    readonly cause: unknown
  }) {
    super({ retryAfter: Option.none(), ...props, url: GatewayUrl.redact(props.url) })
  }

  override get message(): string {
    const reason = Option.match(this.status, {
      onNone: () => PeerText.describe(this.cause),
      onSome: (status) => `it answered with HTTP status ${status} instead of a websocket`
    })
    const pause = Option.match(this.retryAfter, {
      onNone: () => "",
      onSome: (duration) => `, and requests a retry in ${Duration.format(duration)}`
    })
    return `could not open a websocket to ${this.url}: ${reason}${pause}`
  }
}

/**
 * A message could not be written, because the connection is closing or lost.
 *
 * @since 0.1.0
 * @category errors
 */
export class WriteError extends Data.TaggedError("WriteError")<{ readonly cause: unknown }> {
  override get message(): string {
    return `the websocket did not accept a message: ${PeerText.describe(this.cause)}`
  }
}

/**
 * A message of the peer was refused, and the connection has ended.
 *
 * - `TooLarge`: the message exceeds a limit of this side, in bytes or in fragments. A resume replays the event; after the second
 *   refusal the shard resumes after it.
 * - `Malformed`: the message violates the websocket protocol.
 *
 * @since 0.1.0
 * @category errors
 */
export class FrameError extends Data.TaggedError("FrameError")<{
  readonly reason: "TooLarge" | "Malformed"
  readonly cause: unknown
}> {
  override get message(): string {
    return PeerText.describe(this.cause)
  }
}

/**
 * The tag of the service.
 *
 * @since 0.1.0
 * @category tags
 */
export const GatewaySocket = Context.GenericTag<GatewaySocket>("@vesper/gateway/GatewaySocket")

/**
 * Makes a socket service for another platform.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (open: GatewaySocket["open"]): GatewaySocket => ({ [TypeId]: TypeId, open })

/**
 * Uses the `WebSocket` of the platform: browsers, Bun, Deno, Node 22 and newer. It cannot pause, so a slow program does not apply
 * back-pressure to the gateway, and most platforms hide the reason for a failed connection.
 *
 * @example
 * ```ts
 * import { Socket } from "@effect/platform"
 * import { GatewaySocket } from "@vesper/gateway"
 * import { Layer } from "effect"
 *
 * export const layer = GatewaySocket.layerWebSocketConstructor.pipe(
 *   Layer.provide(Socket.layerWebSocketConstructorGlobal)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWebSocketConstructor: Layer.Layer<GatewaySocket, never, Socket.WebSocketConstructor> =
  /*#__PURE__*/ Layer.effect(
    GatewaySocket,
    /*#__PURE__*/ Effect.gen(function*() {
      // Loaded on demand, because Socket loads effect/Schema. A bundler leaves it out if the layer is not used.
      const WebSocket = yield* Effect.promise(() => import("./internal/wire/webSocket.js"))
      const open = yield* WebSocket.makeOpen
      return make((url, handlers) =>
        open(url, handlers).pipe(
          Effect.mapError((cause) => new OpenError({ url, status: Option.none(), cause })),
          Effect.map((connection): Connection => ({
            ...connection,
            unsafeWrite: (text, onWritten) =>
              connection.unsafeWrite(
                text,
                (result) => onWritten(Either.mapLeft(result, (cause) => new WriteError({ cause })))
              )
          }))
        )
      )
    })
  )

/**
 * Sends one text message, and completes when the operating system has accepted it. An interruption ends the wait, but the
 * message may still arrive.
 *
 * @since 0.1.0
 * @category operations
 */
export const write: {
  (text: string): (self: Connection) => Effect.Effect<void, WriteError>
  (self: Connection, text: string): Effect.Effect<void, WriteError>
} = dual(
  2,
  (self: Connection, text: string): Effect.Effect<void, WriteError> =>
    Effect.async((resume) => self.unsafeWrite(text, resume))
)

/**
 * Returns a gateway URL without credentials, query and fragment, for logs and pages.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { GatewaySocket } from "@vesper/gateway"
 *
 * assert.strictEqual(GatewaySocket.redactUrl("wss://bot:secret@proxy.example/?key=secret"), "wss://proxy.example/")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const redactUrl: (url: string) => string = GatewayUrl.redact
