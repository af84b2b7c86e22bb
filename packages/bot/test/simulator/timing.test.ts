/** Answers in time: many interactions at once, and random schedules, on a shard and on a fleet. */
import { assert, describe, it } from "@effect/vitest"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { layer, type ProcessOptions, start, violations } from "./harness.js"
import * as Load from "./load.js"

/** Runs a test on a clock that advances when all fibers wait. */
const onClock = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(VirtualClock.make(), (clock) => clock.run(Effect.scoped(effect)))

/** Asserts that each use is answered in time, once, and with its text. */
const answerAll = (
  uses: ReadonlyArray<Load.Use>,
  settings: Parameters<typeof Load.makeFeatures>[0],
  options: ProcessOptions
) =>
  Effect.gen(function*() {
    yield* start(Load.makeFeatures(settings), options)
    yield* Effect.sleep("10 seconds")
    assert.deepStrictEqual(Load.findLate(uses, yield* Load.send(uses)), [])
    const accepted = yield* Load.acceptedAnswers
    assert.strictEqual(accepted.size, uses.length)
    assert.strictEqual(Math.max(...accepted.values()), 1)
    assert.deepStrictEqual(yield* violations, [])
  })

describe("interactions", () => {
  for (const options of [{}, { shards: 4 }]) {
    it.effect(`of 200 users at once are each answered in time and once ${JSON.stringify(options)}`, () => {
      const uses = Array.from({ length: 200 }, (_, index): Load.Use => ({ at: 0, millis: index * 25, end: "reply" }))
      return onClock(Effect.provide(answerAll(uses, {}, options), layer()))
    }, 40_000)
  }

  const use: FastCheck.Arbitrary<Load.Use> = FastCheck.record({
    at: FastCheck.integer({ min: 0, max: 3_000 }),
    millis: FastCheck.integer({ min: 0, max: 5_000 }),
    end: FastCheck.constantFrom(...Load.ends)
  })
  const schedule = FastCheck.record({
    uses: FastCheck.array(use, { minLength: 10, maxLength: 40 }),
    concurrency: FastCheck.integer({ min: 1, max: 20 }),
    deferAfter: FastCheck.integer({ min: 0, max: 2_000 }),
    latency: FastCheck.integer({ min: 0, max: 300 })
  })

  it.effect.prop(
    "of random schedules are answered in time and once",
    [schedule],
    ([{ latency, uses, ...settings }]) => onClock(Effect.provide(answerAll(uses, settings, {}), layer({ latency }))),
    { timeout: 40_000, fastCheck: { numRuns: 12, seed: 21, endOnFailure: true } }
  )
})
