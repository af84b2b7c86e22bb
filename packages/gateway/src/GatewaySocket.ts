/**
 * Opens one websocket to a gateway. The narrow seam between a shard and its platform: Node's `ws` in
 * `@vesper/platform-node`, the simulated gateway in `@vesper/testing`, any `WebSocket` through
 * `layerWebSocketConstructor`.
 *
 * @since 0.1.0
 */
import * as Socket from "@effect/platform/Socket"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as GatewayUrl from "./internal/wire/gatewayUrl.js"
import * as internal from "./internal/wire/webSocket.js"
import * as PeerText from "./internal/wire/peerText.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/GatewaySocket")

/**
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
   * Connects to `url` and completes once the websocket is open. Interrupting it abandons the attempt at once.
   *
   * Closing the scope ends the connection. If `Connection.close` was called before, the close handshake is given a
   * short while to finish, and frames that arrive meanwhile still reach `Handlers.onFrame`; otherwise the connection
   * is cut without a close frame. After the scope has closed no handler is called any more.
   */
  readonly open: (url: string, handlers: Handlers) => Effect.Effect<Connection, OpenError, Scope.Scope>
}

/**
 * What a connection tells its shard. Both run synchronously inside the socket's callback, in the order of arrival,
 * and may be called before `open` has completed. Neither may throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handlers {
  /**
   * One whole websocket message. A text message is a string or its UTF-8 bytes, whichever costs the platform less; a
   * binary message is bytes. Bytes belong to the socket and may be overwritten once the call returns.
   */
  readonly onFrame: (data: string | Uint8Array, isBinary: boolean) => void
  /**
   * The connection has ended, on either side: with the close frame that the peer sent, or with none if it was lost. Then
   * `cause` is the reason, where the platform knows it: a `FrameError` if this side refused a frame, or the error of the
   * operating system. Called once at most; no frame follows.
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
   * Sends one text message, and calls `onWritten` once: when the operating system has taken it, or with what kept it from
   * that. It may do so before it returns, and long after whoever wrote has lost interest. Works while paused. To throw is
   * a defect, and ends the connection.
   *
   * A plain function, since heartbeats are written without a fiber. Everybody else takes `write`, which is made of it.
   */
  readonly unsafeWrite: (text: string, onWritten: (result: Either.Either<void, WriteError>) => void) => void
  /** Sends a close frame, and does not wait for the answer. Only the first call does anything. */
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<void>
  /**
   * Stops reading, so that the peer feels the back-pressure. Messages already read may still arrive (some tens), and
   * a close frame is not seen until `resume`. Does nothing where the platform cannot pause.
   */
  readonly pause: () => void
  /** Reads on after `pause`. */
  readonly resume: () => void
  /**
   * Calls `onPolled` once everything is read that the operating system held for this process when it was called. Timers
   * that are late run before the sockets are read; this is how a shard knows that an acknowledgement is not just unread.
   * Absent where the platform cannot say: a shard that was blocked then waits for five seconds.
   */
  readonly unsafeOnPolled?: (onPolled: () => void) => void
}

/**
 * No websocket could be opened: the name does not resolve, nothing listens there, TLS failed, or the answer was no
 * upgrade.
 *
 * @since 0.1.0
 * @category errors
 */
export class OpenError extends Schema.TaggedError<OpenError>("@vesper/gateway/GatewaySocket/OpenError")("OpenError", {
  /** Without credentials, query and fragment, whatever it was made with. */
  url: Schema.String,
  /** The HTTP status of an answer that was no upgrade. */
  status: Schema.OptionFromSelf(Schema.Number),
  /** The time until the next attempt that an answer with status 429 or 503 asks for. Default: none. */
  retryAfter: Schema.OptionFromSelf(Schema.DurationFromSelf).pipe(
    Schema.propertySignature,
    Schema.withConstructorDefault(() => Option.none<Duration.Duration>())
  ),
  cause: Schema.Defect
}) {
  constructor(
    props: {
      readonly url: string
      readonly status: Option.Option<number>
      readonly retryAfter?: Option.Option<Duration.Duration>
      readonly cause: unknown
    },
    options?: Schema.MakeOptions
  ) {
    super({ ...props, url: GatewayUrl.redact(props.url) }, options)
  }

  override get message(): string {
    const why = Option.match(this.status, {
      onNone: () => PeerText.describe(this.cause),
      onSome: (status) => `it answered with HTTP status ${status} instead of a websocket`
    })
    const pause = Option.match(this.retryAfter, {
      onNone: () => "",
      onSome: (duration) => `, and asks to try again in ${Duration.format(duration)}`
    })
    return `could not open a websocket to ${this.url}: ${why}${pause}`
  }
}

/**
 * A message could not be written, because the connection is closing or lost.
 *
 * @since 0.1.0
 * @category errors
 */
export class WriteError extends Schema.TaggedError<WriteError>("@vesper/gateway/GatewaySocket/WriteError")(
  "WriteError",
  { cause: Schema.Defect }
) {
  override get message(): string {
    return `the websocket took no message: ${PeerText.describe(this.cause)}`
  }
}

/**
 * A message of the peer was refused, which ends the connection.
 *
 * - `TooLarge`: it is larger than a limit of this side, in bytes or in pieces. The same event is received again after a
 *   resume; once it has been refused twice, the shard resumes after it.
 * - `Malformed`: it breaks the websocket protocol.
 *
 * @since 0.1.0
 * @category errors
 */
export class FrameError extends Schema.TaggedError<FrameError>("@vesper/gateway/GatewaySocket/FrameError")(
  "FrameError",
  {
    reason: Schema.Literal("TooLarge", "Malformed"),
    cause: Schema.Defect
  }
) {
  override get message(): string {
    return PeerText.describe(this.cause)
  }
}

/**
 * @since 0.1.0
 * @category tags
 */
export const GatewaySocket = Context.GenericTag<GatewaySocket>("@vesper/gateway/GatewaySocket")

/**
 * Makes a socket service from its one function, for a platform of your own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (open: GatewaySocket["open"]): GatewaySocket => ({ [TypeId]: TypeId, open })

/**
 * The `WebSocket` that the platform provides: browsers, Bun, Deno, Node 22 and newer. It cannot pause, so a slow program
 * is no back-pressure to the gateway; and it tells nothing about why a connection failed.
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
export const layerWebSocketConstructor: Layer.Layer<GatewaySocket, never, Socket.WebSocketConstructor> = Layer.effect(
  GatewaySocket,
  Effect.map(Socket.WebSocketConstructor, (construct) => {
    const open = internal.open(construct)
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
 * Sends one text message, and completes when the operating system has taken it. Whoever interrupts it waits no longer, and
 * the message may arrive all the same.
 *
 * @since 0.1.0
 * @category operations
 */
export const write = (self: Connection, text: string): Effect.Effect<void, WriteError> =>
  Effect.async((resume) => self.unsafeWrite(text, resume))

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
