/** The chunk that a stream has taken and not processed when a process ends in order. */
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import { layer } from "../harness.js"
import { receivedOf } from "./record.js"

type Receive = (event: Dispatch.Dispatch) => Effect.Effect<void>

/** Returns the numbered events that each of two processes has processed. The first one ends during its second event. */
const play = (read: (shard: Shard.Shard, receive: Receive) => Effect.Effect<void, unknown>) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make()
    const processed: Array<Array<number>> = []
    const life = (millis: number, send: Effect.Effect<void, never, GatewaySimulator.GatewaySimulator>) =>
      Effect.scoped(Effect.gen(function*() {
        const own: Array<number> = []
        processed.push(own)
        const shard = yield* Shard.make(ShardId.single)
        yield* Effect.forkScoped(read(shard, (event) => {
          const received = receivedOf(event)
          return received === undefined
            ? Effect.void
            : Effect.delay(Effect.sync(() => own.push(received.n)), "1 seconds")
        }))
        yield* Effect.sleep("500 millis")
        yield* send
        yield* Effect.sleep(millis)
      }))
    const send = Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
      Effect.forEach([1, 2, 3, 4], (n) =>
        simulator.dispatch({ t: "MESSAGE_CREATE", d: { id: String(n), n } }), { discard: true }))
    const store = yield* SessionStore.makeMemory
    yield* Effect.zipRight(life(1_500, send), life(10_000, Effect.void)).pipe(
      Effect.provideService(SessionStore.SessionStore, store),
      Effect.provide(layer({ config: { acknowledge: "onReceive" } })),
      clock.run
    )
    return processed
  })

describe("a process that ends in order, with `onReceive` and a store", () => {
  it.live("loses the events of the chunk that a stream has taken", () =>
    Effect.map(
      play((shard, receive) => Stream.runForEach(shard.events, receive)),
      (processed) => assert.deepStrictEqual(processed, [[1], []])
    ))

  it.live("gives the next process the events that a handler has not begun", () =>
    Effect.map(
      play((shard, receive) => shard.runForEach(receive)),
      (processed) => assert.deepStrictEqual(processed, [[1, 2], [3, 4]])
    ))
})
