/** A gateway socket on the standard `WebSocket` of browsers, Bun, Deno and newer versions of Node. */
import * as Socket from "@effect/platform/Socket"
import * as CloseCode from "@vesper/model/CloseCode"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type * as GatewaySocket from "../../GatewaySocket.js"
import { runToCompletion } from "../time/index.js"

// readyState of an open WebSocket, see https://websockets.spec.whatwg.org
const OPEN = 1
const CLOSED = 3

/** The time for the peer to answer a close frame. */
const closeTimeout = Duration.seconds(1)

const awaitClosed = (socket: WebSocket): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (socket.readyState === CLOSED) {
      return resume(Effect.void)
    }
    const closed = () => resume(Effect.void)
    socket.addEventListener("close", closed)
    return Effect.sync(() => socket.removeEventListener("close", closed))
  })

/** Returns the error of an event, or its message. The standard hides them from a page. */
const extractError = (event: Event): unknown =>
  Predicate.hasProperty(event, "error") && event.error !== undefined && event.error !== null
    ? event.error
    : Predicate.hasProperty(event, "message") && typeof event.message === "string" && event.message !== ""
    ? new Error(event.message)
    : undefined

/** Calls the handlers until `release` is called. */
const listen = (socket: WebSocket, handlers: GatewaySocket.ConnectionHandlers): { readonly release: () => void } => {
  socket.binaryType = "arraybuffer"
  const onMessage = ({ data }: MessageEvent) =>
    typeof data === "string"
      ? handlers.onFrame(data, false)
      : handlers.onFrame(new Uint8Array(data), true)
  let cause: unknown
  const onClose = ({ code, reason }: CloseEvent) =>
    CloseCode.hasFrame(code) ? handlers.onClose(Option.some({ code, reason })) : handlers.onClose(Option.none(), cause)
  socket.addEventListener("message", onMessage)
  socket.addEventListener("close", onClose)
  // A close event follows. Some implementations throw an error that has no listener.
  socket.addEventListener("error", (event) => {
    cause = extractError(event)
  })
  return {
    release: () => {
      socket.removeEventListener("message", onMessage)
      socket.removeEventListener("close", onClose)
    }
  }
}

const toError = (cause: unknown): Error => cause instanceof Error ? cause : new Error(String(cause))

const awaitOpen = (socket: WebSocket): Effect.Effect<void, Error> =>
  Effect.async<void, Error>((resume) => {
    const failed = (event: Event) =>
      resume(Effect.fail(toError(extractError(event) ?? new Error("the connection failed"))))
    const opened = () => resume(Effect.void)
    socket.addEventListener("open", opened)
    socket.addEventListener("error", failed)
    socket.addEventListener("close", failed)
    return Effect.sync(() => {
      socket.removeEventListener("open", opened)
      socket.removeEventListener("error", failed)
      socket.removeEventListener("close", failed)
    })
  })

const write = (socket: WebSocket, text: string): Either.Either<void, Error> =>
  Either.try({
    try: () => {
      // `send` does not fail on a closing socket.
      if (socket.readyState !== OPEN) {
        throw new Error("the websocket is not open")
      }
      socket.send(text)
    },
    catch: toError
  })

/** A connection that fails with untagged errors. */
export interface WebSocketConnection extends Omit<GatewaySocket.Connection, "unsafeWrite"> {
  readonly unsafeWrite: (text: string, onWritten: (result: Either.Either<void, Error>) => void) => void
}

const open = (construct: Context.Tag.Service<typeof Socket.WebSocketConstructor>) =>
(
  url: string,
  handlers: GatewaySocket.ConnectionHandlers
): Effect.Effect<WebSocketConnection, Error, Scope.Scope> =>
  Effect.gen(function*() {
    let isClosing = false
    const { socket } = yield* Effect.acquireRelease(
      Effect.try({
        try: () => {
          const socket = construct(url)
          return { socket, ...listen(socket, handlers) }
        },
        catch: toError
      }),
      ({ release, socket }) =>
        Effect.zipRight(
          isClosing ? runToCompletion(Effect.timeoutOption(awaitClosed(socket), closeTimeout)) : Effect.void,
          Effect.sync(() => {
            release()
            // A `WebSocket` cannot cut a connection. Code 4000 keeps the session.
            socket.close(4000)
          })
        )
    )
    yield* awaitOpen(socket)
    return {
      unsafeWrite: (text, onWritten) => onWritten(write(socket, text)),
      close: (frame: CloseFrame.CloseFrame) =>
        Effect.sync(() => {
          if (!isClosing) {
            isClosing = true
            // Browsers permit only 1000 and 3000 to 4999.
            socket.close(frame.code === 1001 ? 1000 : frame.code, frame.reason)
          }
        }),
      pause: () => {},
      resume: () => {}
    }
  })

/** Returns a function that opens websockets with the constructor of the context. */
export const makeOpen = Effect.map(Socket.WebSocketConstructor, open)
