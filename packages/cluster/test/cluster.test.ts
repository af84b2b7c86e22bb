/** Runners as processes of their own, on a database in a file, against the simulated gateway over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Trial from "./proof/trial.js"

/** A busy machine does not lose it. */
const leaseSeconds = 15

describe("a cluster of processes", () => {
  it.scopedLive(
    "moves the shards of a killed runner within the lease and some seconds, and loses no event",
    () =>
      Effect.gen(function*() {
        const folder = yield* Trial.scratch
        const trial = yield* Trial.make({
          database: () => `${folder}/cluster.db`,
          runners: 2,
          shards: 4,
          maxConcurrency: 4,
          leaseSeconds,
          acknowledge: "onHandled",
          eventsPerSecond: 100,
          fleet: "kill"
        })
        yield* trial.start(0)
        yield* trial.start(1)
        yield* trial.awaitShares(2)
        const took = yield* trial.kill(0)
        const tally = yield* trial.settle
        // Twice the promise, which the trials measure on a quiet machine.
        assert.isBelow(took, 2 * (leaseSeconds + 5) * 1_000)
        assert.isAbove(trial.witness.counts.resumed, 0)
        assert.deepStrictEqual(trial.witness.overlaps, [])
        assert.deepStrictEqual(trial.witness.violations, [])
        assert.isAbove(tally.sent, 100)
        assert.strictEqual(tally.lost, 0)
      }).pipe(Effect.provide(Trial.gateway(4))),
    300_000
  )
})
