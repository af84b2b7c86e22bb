/** A client that sends any message of a test. */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as GatewaySimulator from "../src/GatewaySimulator.js"

export interface Payload {
  readonly op: number
  readonly t: string | null
  readonly s: number | null
  readonly d: unknown
}

/** Waits until all fibers have settled. */
export const settle = TestClock.adjust(0)

export const connect = (query = "?v=10&encoding=json", host: "gateway" | "resume" = "gateway") =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const socket = yield* GatewaySocket.GatewaySocket
    const urls = yield* simulator.urls
    const frames: Array<Uint8Array> = []
    let end: Option.Option<Option.Option<CloseFrame.CloseFrame>> = Option.none()
    const connection = yield* socket.open(urls[host] + query, {
      // Bytes are the socket's own.
      onFrame: (data) => frames.push(Buffer.from(typeof data === "string" ? Buffer.from(data) : data)),
      onClose: (frame) => {
        end = Option.some(frame)
      }
    })
    yield* settle
    return {
      connection,
      frames,
      received: () => frames.map((frame): Payload => JSON.parse(Buffer.from(frame).toString())),
      send: (op: number, d: unknown) =>
        Effect.zipRight(GatewaySocket.write(connection, JSON.stringify({ op, d })), settle),
      write: (text: string) => Effect.zipRight(GatewaySocket.write(connection, text), settle),
      /** The code that the gateway closed with; none while it is open. */
      closeCode: () => Option.getOrUndefined(Option.flatten(end))?.code,
      isEnded: () => Option.isSome(end)
    }
  })

export const identifyBody = (over: Readonly<Record<string, unknown>> = {}) => ({
  token: "token",
  intents: 513,
  properties: { os: "a", browser: "b", device: "c" },
  shard: [0, 1],
  ...over
})

export const violations = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (simulator) => Effect.map(simulator.violations, (all) => all.map(({ rule }) => rule))
)
