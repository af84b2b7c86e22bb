import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import * as ReconnectThrottle from "../../src/internal/reconnect/throttle.js"
import { entries, inject, layer } from "../harness.js"

const wide = { maxConcurrency: 16, simulator: { maxConcurrency: 16 } }

describe("the reconnect throttle", () => {
  it("permits a burst, then one connection at a time", () => {
    const rate = { burst: 3, perSecond: 10 }
    const waits: Array<number> = []
    let next = Number.NEGATIVE_INFINITY
    for (const now of [1_000, 1_000, 1_000, 1_000, 1_000, 1_050, 5_000, 5_000, 5_000, 5_000]) {
      const reservation = ReconnectThrottle.reserve(rate, next, now)
      next = reservation.next
      waits.push(reservation.wait)
    }
    assert.deepStrictEqual(waits, [0, 0, 0, 100, 200, 250, 0, 0, 0, 100])
  })

  it.scoped("spreads the reconnects of a fleet, and each shard resumes", () =>
    Effect.gen(function*() {
      const fleet = yield* Fleet.make({ shards: { total: 8 }, reconnects: { burst: 2, perSecond: 1 } })
      yield* TestClock.adjust("1 second")
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("30 seconds")
      const resumed = (yield* entries("Resumed")).map(({ at }) => at)
      assert.strictEqual(resumed.length, 8)
      assert.strictEqual(resumed.filter((at) => at === 1_000).length, 2)
      for (const [i, at] of resumed.slice(2).entries()) {
        assert.isAtLeast(at, 1_000 + 1_000 * (i + 1) - 1_000)
        assert.isAtMost(at, 1_000 + 1_000 * (i + 2))
      }
      assert.strictEqual((yield* fleet.status).counts.Connected, 8)
    }).pipe(Effect.provide(layer(wide))))
})
