/** The way into a simulated gateway that needs no network: a `GatewaySocket` driven by the Clock. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as LogEntry from "../LogEntry.js"
import type { Gateway } from "./gateway.js"
import * as Link from "./link.js"

type Delivery =
  | { readonly _tag: "Frame"; readonly data: string | Uint8Array }
  | { readonly _tag: "End"; readonly frame: Option.Option<CloseFrame.CloseFrame> }

const encoder = new TextEncoder()

/** How long a client waits for the answer to its close frame. */
const closeTimeout = Duration.seconds(1)

/** A top-level domain that is reserved for never being found. */
const isNowhere = (url: string) => new URL(url).hostname.endsWith(".invalid")

const refuse = (gateway: Gateway, url: string, status: number) => {
  gateway.record(LogEntry.Refused({ at: gateway.now(), connection: 0, shard: undefined, url, status }))
  return Effect.fail(
    new GatewaySocket.OpenError({ url, status: Option.some(status), cause: new Error("the upgrade was refused") })
  )
}

/** What the rules make of an attempt to connect. */
export const admit = (gateway: Gateway, url: string): Effect.Effect<void, GatewaySocket.OpenError> =>
  Effect.suspend(() => {
    const refused = gateway.takeRule(url, "RefuseConnections")
    if (refused !== undefined) {
      return refuse(gateway, url, refused.status)
    }
    const compress = new URL(url).searchParams.get("compress")
    if (compress !== null && compress !== "zlib-stream" && compress !== "zstd-stream") {
      return refuse(gateway, url, 400)
    }
    return gateway.takeRule(url, "NeverOpen") === undefined ? Effect.void : Effect.never
  })

/** Closes the link once a heartbeat stays away. A link that has stalled sees none any more, and closes nothing. */
export const watchHeartbeats = (gateway: Gateway, link: Link.Link): Effect.Effect<never> =>
  Effect.forever(
    Effect.suspend(() => {
      link.checkHeartbeat()
      return link.isOpen() && !link.isStalled()
        ? Effect.sleep(Math.max(1, link.heartbeatDeadline() - gateway.now()))
        : Effect.never
    })
  )

/**
 * Hands over what the gateway sent, one at a time and never inside of the client's own call, after the latency, and
 * not while the client has paused. Once the client lets go, the rest comes without latency: under a test clock nobody
 * might let the time pass that a closing scope would wait for.
 */
const deliverAll = (
  deliveries: Mailbox.ReadonlyMailbox<Delivery>,
  handlers: GatewaySocket.Handlers,
  reading: Effect.Latch,
  letGo: Effect.Latch,
  latency: Duration.Duration,
  ended: Deferred.Deferred<void>
) =>
  Effect.gen(function*() {
    while (true) {
      const delivery = yield* Effect.orDie(deliveries.take)
      if (Duration.toMillis(latency) > 0) {
        yield* Effect.raceFirst(Effect.sleep(latency), letGo.await)
      }
      yield* reading.await
      if (delivery._tag === "End") {
        handlers.onClose(delivery.frame)
        return yield* Deferred.succeed(ended, void 0)
      }
      // As Node's websockets do: text comes as bytes too, and is marked as text.
      const { data } = delivery
      handlers.onFrame(typeof data === "string" ? encoder.encode(data) : data, typeof data !== "string")
    }
  })

export const open = (gateway: Gateway, latency: Duration.Duration) =>
(
  url: string,
  handlers: GatewaySocket.Handlers
): Effect.Effect<GatewaySocket.Connection, GatewaySocket.OpenError, Scope.Scope> =>
  Effect.gen(function*() {
    if (isNowhere(url)) {
      return yield* new GatewaySocket.OpenError({ url, status: Option.none(), cause: new Error("the host is unknown") })
    }
    yield* admit(gateway, url)
    const deliveries = yield* Mailbox.make<Delivery>()
    const reading = yield* Effect.makeLatch(true)
    const letGo = yield* Effect.makeLatch(false)
    const ended = yield* Deferred.make<void>()
    const awaitEnd = Effect.timeoutOption(Effect.interruptible(Deferred.await(ended)), closeTimeout)
    // From a gateway that is stalled no answer comes. A fiber that was interrupted, as at the end of a test whose clock
    // stands still, does not wait for it.
    const awaitNothing = Effect.interruptible(Effect.sleep(closeTimeout))
    let isClosing = false
    const end = (frame: Option.Option<CloseFrame.CloseFrame>) => {
      deliveries.unsafeOffer({ _tag: "End", frame })
    }
    // Before the link, so that it still runs while the link waits for its end.
    yield* Effect.forkScoped(deliverAll(deliveries, handlers, reading, letGo, latency, ended))
    const link = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Link.make(gateway, {
          send: (data) => {
            deliveries.unsafeOffer({ _tag: "Frame", data })
          },
          close: (frame) => end(Option.some(frame)),
          drop: () => end(Option.none()),
          cut: () => end(Option.none()),
          dribble: () => {}
        }, url)
      ),
      (link) =>
        Effect.ensuring(
          isClosing
            ? Effect.all([reading.open, letGo.open, link.isStalled() ? awaitNothing : awaitEnd], { discard: true })
            : Effect.void,
          Effect.sync(() => link.disconnected(Option.none()))
        )
    )
    yield* Effect.forkScoped(watchHeartbeats(gateway, link))
    link.greet()
    return {
      unsafeWrite: (text, onWritten) => {
        if (isClosing || !link.isOpen()) {
          return onWritten(
            Either.left(new GatewaySocket.WriteError({ cause: new Error("the websocket is not open") }))
          )
        }
        link.receive(text)
        onWritten(Either.void)
      },
      close: (frame) =>
        Effect.sync(() => {
          if (!isClosing) {
            isClosing = true
            if (link.isOpen() && !link.isStalled()) {
              link.disconnected(Option.some(frame))
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
