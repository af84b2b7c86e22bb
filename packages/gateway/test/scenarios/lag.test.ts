import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Diagnostic from "../../src/Diagnostic.js"
import * as GatewaySocket from "../../src/GatewaySocket.js"
import type * as Shard from "../../src/Shard.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { awaitReady, entries, inject, layer, startShard, withChance } from "../harness.js"

const interval = 41_250

/** A process that can be blocked. Its timers are then late, and incoming messages are not read. */
const makeProcess = () => {
  // No timer fires between these times, in milliseconds.
  let [blockedFrom, blockedTo] = [0, 0]
  let isBlocked = false
  const unread: Array<() => void> = []
  const read = (deliver: () => void) => {
    if (isBlocked) {
      unread.push(deliver)
    } else {
      deliver()
    }
  }
  const socket = Layer.effect(
    GatewaySocket.GatewaySocket,
    Effect.map(GatewaySocket.GatewaySocket, (socket) =>
      GatewaySocket.make((url, handlers) =>
        socket.open(url, {
          onFrame: (data, isBinary) => read(() => handlers.onFrame(data, isBinary)),
          onClose: (frame) => read(() => handlers.onClose(frame))
        })
      ))
  )
  const lateClock = (clock: Clock.Clock): Clock.Clock => ({
    ...clock,
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    currentTimeMillis: Effect.suspend(() => clock.currentTimeMillis),
    currentTimeNanos: Effect.suspend(() => clock.currentTimeNanos),
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    sleep: (duration) =>
      Effect.suspend(() => {
        const end = clock.unsafeCurrentTimeMillis() + Duration.toMillis(duration)
        const late = end >= blockedFrom && end < blockedTo ? blockedTo - end : 0
        return clock.sleep(Duration.sum(duration, Duration.millis(late)))
      })
  })
  return {
    layer: socket,
    run: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.clockWith((clock) => Effect.withClock(effect, lateClock(clock))),
    /** Delays the second heartbeat by this time, and stops reading. */
    block: (millis: number) => {
      blockedFrom = interval * 1.5
      blockedTo = blockedFrom + millis
      isBlocked = true
    },
    unblock: () => {
      isBlocked = false
      unread.splice(0).forEach((deliver) => deliver())
    }
  }
}

const lags = (shard: Shard.Shard) =>
  shard.diagnostics.pipe(
    Stream.filter(({ _tag }) => _tag === "Lagged" || _tag === "Zombie"),
    Stream.runHead,
    Effect.fork
  )

describe("a process that was blocked", () => {
  it.scoped("does not blame the gateway, beats as soon as it has read the answer, and says how long it was blocked", () => {
    const process = makeProcess()
    return Effect.gen(function*() {
      const shard = yield* process.run(startShard)
      yield* awaitReady(shard)
      const published = yield* lags(shard)
      yield* TestClock.adjust(interval / 2 - 1)
      process.block(15_000)
      // The first heartbeat is sent, and the second is due while the process is blocked.
      yield* TestClock.adjust(1 + interval + 15_000)
      process.unblock()
      assert.deepStrictEqual(
        yield* Fiber.join(published),
        Option.some(Diagnostic.Lagged({ blockedFor: Duration.seconds(15) }))
      )
      yield* TestClock.adjust(500)
      const beats = (yield* entries("Received")).filter(({ op }) => op === 1).map(({ at }) => at)
      assert.deepStrictEqual(beats, [interval / 2, interval * 1.5 + 15_500])
      yield* TestClock.adjust(3 * interval)
      assert.deepStrictEqual(yield* entries("Closed"), [])
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(
      withChance(0.5),
      Effect.provide(process.layer.pipe(Layer.provideMerge(layer({ simulator: { heartbeatTolerance: "10 minutes" } }))))
    )
  })

  it.scoped("finds a connection that is really dead five seconds later", () => {
    const process = makeProcess()
    return Effect.gen(function*() {
      const shard = yield* process.run(startShard)
      yield* awaitReady(shard)
      yield* inject(Fault.StopAcknowledging())
      yield* TestClock.adjust(interval / 2 - 1)
      process.block(15_000)
      yield* TestClock.adjust(1 + interval + 15_000)
      process.unblock()
      yield* TestClock.adjust(4_999)
      assert.deepStrictEqual(yield* entries("Closed"), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* entries("Closed")).map(({ at, code }) => [at, code]), [[
        interval * 1.5 + 20_000,
        4000
      ]])
    }).pipe(
      withChance(0.5),
      Effect.provide(process.layer.pipe(Layer.provideMerge(layer({ simulator: { heartbeatTolerance: "10 minutes" } }))))
    )
  })

  it.scoped("late by less than a healthy process may be is no excuse", () => {
    const process = makeProcess()
    return Effect.gen(function*() {
      const shard = yield* process.run(startShard)
      yield* awaitReady(shard)
      yield* inject(Fault.StopAcknowledging())
      yield* TestClock.adjust(interval / 2 - 1)
      process.block(49)
      yield* TestClock.adjust(1 + interval + 49)
      assert.strictEqual((yield* entries("Closed")).length, 1)
      process.unblock()
    }).pipe(withChance(0.5), Effect.provide(process.layer.pipe(Layer.provideMerge(layer()))))
  })
})
