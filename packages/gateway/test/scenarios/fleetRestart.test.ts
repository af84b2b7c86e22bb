import { assert, describe, it } from "@effect/vitest"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Fleet from "../../src/Fleet.js"
import * as SessionStore from "../../src/SessionStore.js"
import type * as ShardConfig from "../../src/ShardConfig.js"
import { entries, layer } from "../harness.js"

const total = 8
const simulator = GatewaySimulator.GatewaySimulator

const readNumber = ({ event }: Fleet.FleetEvent): number | undefined => {
  const body: unknown = event.d
  return Predicate.isRecord(body) && typeof body["n"] === "number" ? body["n"] : undefined
}

/** Three processes one after the other, with numbered events on each shard all the time, and handlers that fall behind. */
const deploy = (acknowledge: ShardConfig.ShardConfig["acknowledge"]) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    return yield* Effect.gen(function*() {
      const handled = Array.from({ length: total }, (): Array<number> => [])
      let n = 0
      const sendRound = Effect.gen(function*() {
        const gateway = yield* simulator
        n++
        for (let shard = 0; shard < total; shard++) {
          yield* gateway.dispatch({ t: "TYPING_START", d: { n }, shard })
        }
      })
      const process = (during: Effect.Effect<void, never, Scope.Scope>) =>
        Effect.scoped(Effect.gen(function*() {
          const fleet = yield* Fleet.make({ shards: { total } })
          yield* fleet.awaitReady
          yield* Effect.forkScoped(
            fleet.runForEach((event) => {
              const number = readNumber(event)
              return number === undefined
                ? Effect.void
                : Effect.zipRight(Effect.sleep("35 millis"), Effect.sync(() => handled[event.shard.id]?.push(number)))
            }, { concurrency: 4 })
          )
          yield* during
        }))
      yield* process(Effect.sleep("1 second"))
      const sending = yield* Effect.forkScoped(Effect.forever(Effect.zipRight(sendRound, Effect.sleep("60 millis"))))
      yield* process(Effect.sleep("5 seconds"))
      yield* Effect.sleep("2 seconds")
      yield* process(Effect.zipRight(
        Effect.sleep("5 seconds"),
        Effect.zipRight(Fiber.interrupt(sending), Effect.sleep("20 seconds"))
      ))
      const identified = (yield* entries("Identified")).length
      const violations = yield* Effect.flatMap(simulator, (_) => _.violations)
      return { handled, identified, violations, sent: n }
    }).pipe(
      Effect.scoped,
      Effect.withRandom(Random.make("deploy")),
      Effect.provide(Layer.provideMerge(
        layer({ maxConcurrency: 16, simulator: { maxConcurrency: 16 }, config: { acknowledge } }),
        SessionStore.layerMemory
      )),
      clock.run
    )
  })

describe("a rolling deploy of a fleet", () => {
  for (const acknowledge of ["onReceive", "onHandled"] as const) {
    it.live(`resumes every shard and loses nothing, acknowledging ${acknowledge}`, () =>
      Effect.gen(function*() {
        const { handled, identified, sent, violations } = yield* deploy(acknowledge)
        assert.strictEqual(identified, total)
        assert.isAbove(sent, 150)
        assert.deepStrictEqual(
          handled,
          Array.from({ length: total }, () => Array.from({ length: sent }, (_, i) => i + 1))
        )
        assert.deepStrictEqual(violations, [])
      }), 60_000)
  }
})
