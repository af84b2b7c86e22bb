import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { entries, inject, layer, startShard, withChance } from "../harness.js"

const cases = [
  [0, [0, 1_000, 2_000]],
  [0.5, [0, 750, 1_500]],
  [1 - 2 ** -53, [0, 500, 1_000]]
] as const

describe("the jitter of the back-off", () => {
  for (const [chance, waits] of cases) {
    it.scoped(`makes the waits ${waits.join(", ")} ms where chance is ${chance.toFixed(1)}`, () =>
      Effect.gen(function*() {
        yield* inject(Fault.RefuseConnections({ host: "any", times: 4, status: 503 }))
        yield* startShard
        yield* TestClock.adjust("10 seconds")
        const times = (yield* entries("Refused")).map(({ at }) => at)
        assert.deepStrictEqual(times.slice(1).map((at, i) => at - (times[i] ?? 0)), [...waits])
      }).pipe(withChance(chance), Effect.provide(layer())))
  }
})
