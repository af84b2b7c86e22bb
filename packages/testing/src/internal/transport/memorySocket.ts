/** A `GatewaySocket` that connects to a simulated gateway without a network, driven by the Clock. */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as LogEntry from "../../LogEntry.js"
import { Connection, type Gateway } from "../protocol/index.js"

type Delivery =
  & { readonly dueAt: number }
  & (
    | { readonly _tag: "Frame"; readonly data: string | Uint8Array }
    | { readonly _tag: "End"; readonly frame: Option.Option<CloseFrame.CloseFrame> }
  )

const encoder = new TextEncoder()

/** The time that a client waits for the answer to its close frame. */
const closeTimeout = Duration.seconds(1)

/** Returns true for a host in a top-level domain that never resolves. */
const isUnresolvable = (url: string) => new URL(url).hostname.endsWith(".invalid")

const refuse = (
  gateway: Gateway.Gateway,
  url: string,
  status: number,
  retryAfter: Option.Option<Duration.Duration> = Option.none()
) => {
  gateway.record(LogEntry.Refused({ at: gateway.now(), connection: 0, shard: undefined, url, status }))
  return Effect.fail(
    new GatewaySocket.OpenError({
      url,
      status: Option.some(status),
      retryAfter,
      cause: new Error("the upgrade was refused")
    })
  )
}

/** Accepts an attempt to connect, refuses it, or never answers it, by the rules. */
export const admit = (gateway: Gateway.Gateway, url: string): Effect.Effect<void, GatewaySocket.OpenError> =>
  Effect.suspend(() => {
    const refused = gateway.takeRule(url, "RefuseConnections")
    if (refused !== undefined) {
      return refuse(gateway, url, refused.status, Option.map(Option.fromNullable(refused.retryAfter), Duration.decode))
    }
    const compress = new URL(url).searchParams.get("compress")
    if (compress !== null && compress !== "zlib-stream" && compress !== "zstd-stream") {
      return refuse(gateway, url, 400)
    }
    return gateway.takeRule(url, "NeverOpen") === undefined ? Effect.void : Effect.never
  })

/** Closes the connection if a heartbeat is late. One that does not read receives none, and is not closed. */
export const watchHeartbeats = (
  gateway: Gateway.Gateway,
  connection: Connection.Connection
): Effect.Effect<never> =>
  Effect.forever(
    Effect.suspend(() => {
      connection.checkHeartbeat()
      return connection.isOpen() && connection.isReading()
        ? Effect.sleep(Math.max(1, connection.heartbeatDeadline() - gateway.now()))
        : Effect.never
    })
  )

/**
 * Delivers the gateway's frames in order, each after its latency, not while the client has paused, and never inside a call
 * of the client. Once the client closes, the rest is delivered without latency: a closing scope would otherwise wait
 * for a test clock that no longer moves.
 */
const deliverAll = (
  deliveries: Mailbox.ReadonlyMailbox<Delivery>,
  handlers: GatewaySocket.ConnectionHandlers,
  reading: Effect.Latch,
  closing: Effect.Latch,
  now: () => number,
  ended: Deferred.Deferred<void>
) =>
  Effect.gen(function*() {
    while (true) {
      const delivery = yield* Effect.orDie(deliveries.take)
      const latency = delivery.dueAt - now()
      if (latency > 0) {
        yield* Effect.raceFirst(Effect.sleep(latency), closing.await)
      }
      yield* reading.await
      if (delivery._tag === "End") {
        handlers.onClose(delivery.frame)
        return yield* Deferred.succeed(ended, void 0)
      }
      // As Node's websockets do: text is delivered as bytes, and marked as text.
      const { data } = delivery
      handlers.onFrame(typeof data === "string" ? encoder.encode(data) : data, typeof data !== "string")
    }
  })

const notOpen = () => Either.left(new GatewaySocket.WriteError({ cause: new Error("the websocket is not open") }))

type OnWritten = Parameters<GatewaySocket.Connection["unsafeWrite"]>[1]

/** Writes that a gateway does not read; they fail when the connection ends. */
const makeUnreadWrites = () => {
  let writes: Array<OnWritten> = []
  return {
    add: (onWritten: OnWritten) => {
      writes.push(onWritten)
    },
    fail: () => {
      const failed = writes
      writes = []
      failed.forEach((onWritten) => onWritten(notOpen()))
    }
  }
}

/** Opens an in-memory connection to the gateway. */
export const open = (gateway: Gateway.Gateway, latency: Duration.Duration) =>
(
  url: string,
  handlers: GatewaySocket.ConnectionHandlers
): Effect.Effect<GatewaySocket.Connection, GatewaySocket.OpenError, Scope.Scope> =>
  Effect.gen(function*() {
    if (isUnresolvable(url)) {
      return yield* new GatewaySocket.OpenError({ url, status: Option.none(), cause: new Error("the host is unknown") })
    }
    yield* admit(gateway, url)
    const deliveries = yield* Mailbox.make<Delivery>()
    const reading = yield* Effect.makeLatch(true)
    const closing = yield* Effect.makeLatch(false)
    const ended = yield* Deferred.make<void>()
    const unread = makeUnreadWrites()
    const awaitEnd = Effect.timeoutOption(Effect.interruptible(Deferred.await(ended)), closeTimeout)
    // A gateway that stalls does not answer. An interrupted fiber, as at the end of a test on a clock that does not move,
    // does not wait for it.
    const awaitNothing = Effect.interruptible(Effect.sleep(closeTimeout))
    const dueAt = () => gateway.now() + Duration.toMillis(latency)
    let isClosing = false
    const end = (frame: Option.Option<CloseFrame.CloseFrame>) => {
      unread.fail()
      deliveries.unsafeOffer({ _tag: "End", frame, dueAt: dueAt() })
    }
    // Forked before the connection is acquired, so that it still runs while the connection's release waits for the end.
    yield* Effect.forkScoped(deliverAll(deliveries, handlers, reading, closing, gateway.now, ended))
    const connection = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Connection.make(gateway, {
          send: (data) => {
            deliveries.unsafeOffer({ _tag: "Frame", data, dueAt: dueAt() })
          },
          close: (frame) => end(Option.some(frame)),
          drop: () => end(Option.none()),
          cut: () => end(Option.none()),
          dribble: () => {},
          stopReading: () => {}
        }, url)
      ),
      (connection) =>
        Effect.ensuring(
          isClosing
            ? Effect.all([reading.open, closing.open, connection.isStalled() ? awaitNothing : awaitEnd], {
              discard: true
            })
            : Effect.void,
          Effect.sync(() => {
            unread.fail()
            connection.onDisconnect(Option.none())
          })
        )
    )
    yield* Effect.forkScoped(watchHeartbeats(gateway, connection))
    connection.start()
    return {
      unsafeWrite: (text, onWritten) => {
        if (isClosing || !connection.isOpen()) {
          return onWritten(notOpen())
        }
        if (!connection.isReading() && !connection.isStalled()) {
          return unread.add(onWritten)
        }
        connection.receive(text)
        onWritten(Either.void)
      },
      close: (frame) =>
        Effect.sync(() => {
          if (!isClosing) {
            isClosing = true
            if (connection.isOpen() && !connection.isStalled()) {
              connection.onDisconnect(Option.some(frame))
              end(Option.some(frame))
            }
          }
        }),
      pause: () => {
        reading.unsafeClose()
      },
      resume: () => {
        reading.unsafeOpen()
      }
    }
  })
