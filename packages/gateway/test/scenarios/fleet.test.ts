import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import * as Fleet from "../../src/Fleet.js"
import { entries, layer } from "../harness.js"

const total = 1_000
const simulator = GatewaySimulator.GatewaySimulator

/** Numbered events for each shard. */
const sendRound = (n: number) =>
  Effect.flatMap(simulator, (gateway) =>
    Effect.forEach(
      Array.from({ length: total }, (_, shard) => shard),
      (shard) => gateway.dispatch({ t: "TYPING_START", d: { n }, shard }),
      { discard: true }
    ))

describe("a thousand shards", () => {
  it.live(
    "are ready at the time that the identify limit allows, and all resume after a loss of all, with nothing missed",
    () =>
      Effect.gen(function*() {
        const clock = yield* VirtualClock.make()
        const started = performance.now()
        yield* Effect.gen(function*() {
          const fleet = yield* Fleet.make({ shards: { total } })
          yield* fleet.awaitReady
          // Sixteen at once every five seconds. The last eight are the 63rd turn.
          assert.strictEqual(yield* Clock.currentTimeMillis, Math.floor((total - 1) / 16) * 5_000)
          assert.strictEqual((yield* fleet.status).counts.Connected, total)

          const numbers = Array.from({ length: total }, (): Array<number> => [])
          yield* Effect.forkScoped(fleet.runForEach(({ event, shard }) =>
            Effect.sync(() => {
              const body: unknown = event.d
              if (Predicate.isRecord(body) && typeof body["n"] === "number") {
                numbers[shard.id]?.push(body["n"])
              }
            })
          ))
          yield* sendRound(1)
          const gateway = yield* simulator
          yield* gateway.inject(Fault.Drop())
          const droppedAt = yield* Clock.currentTimeMillis
          for (let n = 2; n <= 5; n++) {
            yield* sendRound(n)
            yield* Effect.sleep("3 seconds")
          }
          yield* Effect.sleep("20 seconds")
          yield* sendRound(6)
          yield* Effect.sleep("1 second")
          assert.deepStrictEqual(numbers, Array.from({ length: total }, () => [1, 2, 3, 4, 5, 6]))

          const resumed = (yield* entries("Resumed")).map(({ at }) => at - droppedAt)
          assert.strictEqual(resumed.length, total)
          assert.strictEqual((yield* entries("Identified")).length, total)
          // Reconnects are spread: no second has many more than its share, and all are complete after 21 seconds.
          for (let second = 1; second < 22; second++) {
            const inSecond = resumed.filter((at) => Math.floor(at / 1_000) === second).length
            assert.isAtMost(inSecond, 110)
          }
          assert.isBelow(Math.max(...resumed), 21_000)
          assert.deepStrictEqual(yield* gateway.violations, [])
        }).pipe(
          Effect.scoped,
          Effect.withRandom(Random.make("fleet")),
          Effect.provide(layer({ maxConcurrency: 16, budget: { total: 2_000 }, simulator: { maxConcurrency: 16 } })),
          clock.run
        )
        yield* Console.log(`a thousand shards, started and lost, took ${Math.round(performance.now() - started)} ms`)
      }),
    120_000
  )
})
