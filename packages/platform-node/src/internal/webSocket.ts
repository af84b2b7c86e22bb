/** A gateway socket on `ws`. */
import * as CloseCode from "@vesper/model/CloseCode"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import type * as Tls from "node:tls"
import { WebSocket } from "ws"

export interface Settings {
  readonly openTimeout: Option.Option<Duration.Duration>
  readonly closeTimeout: Duration.Duration
  readonly maxPayload: number
  readonly tls: Tls.ConnectionOptions
  readonly agent: Http.Agent | undefined
}

const construct = (url: string, settings: Settings): WebSocket =>
  new WebSocket(url, {
    perMessageDeflate: false,
    // Text is decoded with replacement of invalid UTF-8, because validation costs a third of the read.
    skipUTF8Validation: true,
    followRedirects: false,
    maxPayload: settings.maxPayload,
    // A piece costs some hundred bytes of memory, however few it brings.
    maxFragments: 16 * 1024,
    maxBufferedChunks: 256 * 1024,
    // `ws` cuts a connection with twenty answers under way.
    autoPong: false,
    agent: settings.agent,
    ...settings.tls,
    // Set explicitly, because an environment variable could disable it and expose the token.
    rejectUnauthorized: true
  })

const tooLargeCodes: ReadonlySet<unknown> = new Set([
  "WS_ERR_TOO_MANY_BUFFERED_PARTS",
  "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
  "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
])

/** Frames that `ws` refused have its own codes; other errors are those of the operating system. */
const toRefusal = (error: Error): Error => {
  const code = Predicate.hasProperty(error, "code") ? error.code : undefined
  return typeof code === "string" && code.startsWith("WS_ERR_")
    ? new GatewaySocket.FrameError({ reason: tooLargeCodes.has(code) ? "TooLarge" : "Malformed", cause: error })
    : error
}

/**
 * Answers pings, one at a time and the last one only, which the protocol allows: a flood of them takes neither memory nor
 * the connection.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
 */
const answerPings = (socket: WebSocket): void => {
  let latest: Buffer | undefined
  let isAnswering = false
  const answer = () => {
    const data = latest
    latest = undefined
    isAnswering = data !== undefined && socket.readyState === WebSocket.OPEN
    if (isAnswering) {
      socket.pong(data, true, answer)
    }
  }
  socket.on("ping", (data: Buffer) => {
    latest = data
    if (!isAnswering) {
      answer()
    }
  })
}

/** Passes on frames and the end, until `release` is called. */
const listen = (socket: WebSocket, handlers: GatewaySocket.ConnectionHandlers) => {
  const onMessage = (data: WebSocket.RawData, isBinary: boolean) => {
    // With ws's default binaryType every message is one Buffer.
    if (data instanceof Uint8Array) {
      handlers.onFrame(data, isBinary)
    }
  }
  let cause: Error | undefined
  let isEnded = false
  const end = (frame: Option.Option<CloseFrame.CloseFrame>) => {
    if (!isEnded) {
      isEnded = true
      handlers.onClose(frame, cause)
    }
  }
  const onClose = (code: number, reason: Buffer) =>
    end(CloseCode.hasFrame(code) ? Option.some({ code, reason: reason.toString() }) : Option.none())
  // An error is always followed by a close, and is the reason for a missing close frame. Without a listener it would be
  // thrown.
  const onError = (error: Error) => {
    cause ??= toRefusal(error)
    if (cause instanceof GatewaySocket.FrameError) {
      // Nothing more is read, and the peer may take its time to close.
      end(Option.none())
    }
  }
  socket.on("message", onMessage)
  socket.on("close", onClose)
  socket.on("error", onError)
  answerPings(socket)
  // Once it is open, `ws` keeps the errors of the connection below to itself.
  socket.once("upgrade", ({ socket: connection }) => connection.on("error", onError))
  return {
    socket,
    release: () => {
      isEnded = true
      socket.off("message", onMessage)
      socket.off("close", onClose)
    }
  }
}

const awaitClosed = (socket: WebSocket): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (socket.readyState === WebSocket.CLOSED) {
      return resume(Effect.void)
    }
    const closed = () => resume(Effect.void)
    socket.once("close", closed)
    return Effect.sync(() => socket.off("close", closed))
  })

/** Statuses whose answer may say when to try again. */
const mayRetryAfter = (status: number | undefined) => status === 429 || status === 503

const awaitOpen = (
  socket: WebSocket,
  url: string,
  clock: Clock.Clock
): Effect.Effect<void, GatewaySocket.OpenError> =>
  Effect.async<void, GatewaySocket.OpenError>((resume) => {
    const fail = (
      cause: unknown,
      status: Option.Option<number>,
      retryAfter: Option.Option<Duration.Duration> = Option.none()
    ) => resume(Effect.fail(new GatewaySocket.OpenError({ url, status, retryAfter, cause })))
    const opened = () => resume(Effect.void)
    const failed = (cause: Error) => fail(cause, Option.none())
    const refused = (_request: unknown, { headers, statusCode }: Http.IncomingMessage) => {
      const retryAfter = mayRetryAfter(statusCode)
        ? GatewaySocket.parseRetryAfter(headers, clock.unsafeCurrentTimeMillis())
        : Option.none()
      fail(new Error("the upgrade was refused"), Option.fromNullable(statusCode), retryAfter)
      socket.terminate()
    }
    socket.once("open", opened)
    socket.once("error", failed)
    socket.once("unexpected-response", refused)
    return Effect.sync(() => {
      socket.off("open", opened)
      socket.off("error", failed)
      socket.off("unexpected-response", refused)
    })
  })

const failAfter = (untilOpen: Effect.Effect<void, GatewaySocket.OpenError>, url: string, duration: Duration.Duration) =>
  Effect.timeoutFail(untilOpen, {
    duration,
    onTimeout: () =>
      new GatewaySocket.OpenError({
        url,
        status: Option.none(),
        cause: new Error(`it did not open within ${Duration.format(duration)}`)
      })
  })

const unsafeWrite = (socket: WebSocket): GatewaySocket.Connection["unsafeWrite"] => (text, onWritten) => {
  const failed = (cause: unknown) => onWritten(Either.left(new GatewaySocket.WriteError({ cause })))
  try {
    socket.send(text, (cause) => cause ? failed(cause) : onWritten(Either.void))
  } catch (cause) {
    failed(cause)
  }
}

/**
 * The sockets are polled before immediates run. The second one is for a call from within a socket's callback, in the middle
 * of a poll that may have begun before the event loop was blocked.
 */
const unsafeOnPolled = (onPolled: () => void): void => {
  setImmediate(() => setImmediate(onPolled))
}

/** Waits for the peer's close frame; earlier messages are still read. */
const finish = (socket: WebSocket, closeTimeout: Duration.Duration): Effect.Effect<void> =>
  Effect.suspend(() => {
    socket.resume()
    return awaitClosed(socket).pipe(
      Effect.timeoutOption(closeTimeout),
      // Only the timeout ends the waiting. In a child a second interruption of the fiber would, and leave the socket open.
      Effect.interruptible,
      Effect.disconnect,
      Effect.asVoid
    )
  })

export const open = (settings: Settings) =>
(
  url: string,
  handlers: GatewaySocket.ConnectionHandlers
): Effect.Effect<GatewaySocket.Connection, GatewaySocket.OpenError, Scope.Scope> =>
  Effect.gen(function*() {
    let isClosing = false
    const { socket } = yield* Effect.acquireRelease(
      Effect.try({
        try: () => listen(construct(url, settings), handlers),
        catch: (cause) => new GatewaySocket.OpenError({ url, status: Option.none(), cause })
      }),
      ({ release, socket }) =>
        Effect.zipRight(
          isClosing ? finish(socket, settings.closeTimeout) : Effect.void,
          Effect.sync(() => {
            release()
            socket.terminate()
          })
        )
    )
    const untilOpen = awaitOpen(socket, url, yield* Effect.clock)
    yield* Option.match(settings.openTimeout, {
      onNone: () => untilOpen,
      onSome: (duration) => failAfter(untilOpen, url, duration)
    })
    return {
      unsafeWrite: unsafeWrite(socket),
      close: (frame: CloseFrame.CloseFrame) =>
        Effect.sync(() => {
          if (!isClosing) {
            isClosing = true
            socket.close(frame.code, frame.reason)
          }
        }),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      unsafeOnPolled
    }
  })
