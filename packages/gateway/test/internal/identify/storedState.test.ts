import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Budget from "../../../src/internal/identify/budget.js"
import * as StoredState from "../../../src/internal/identify/storedState.js"

const year = Duration.toMillis("365 days")
const wall = Date.UTC(2026, 0, 1)
const limits: Budget.Limits = { maxConcurrency: 1, interval: 5_000, reserve: undefined }
const monotonic = 1_000

/** Stores the state in one process and restores it in the next, whose wall clock differs by `shift`. */
const reread = (ledger: Budget.Ledger, shift: number) =>
  StoredState.restore(Option.some(StoredState.store(ledger, { wall, monotonic: 70_000 })), {
    wall: wall + shift,
    monotonic
  })

const ledger: Budget.Ledger = {
  recent: [{ shard: 0, at: 68_000 }],
  account: { total: 100, remaining: 3, resetsAt: 70_000 + 3_600_000 }
}

describe("the state of a queue", () => {
  it("is the same for a process that starts at once", () => {
    const { account, recent } = reread(ledger, 0)
    assert.deepStrictEqual(recent, [{ shard: 0, at: monotonic - 2_000 }])
    assert.deepStrictEqual(account, Option.some({ total: 100, remaining: 3, resetsAt: monotonic + 3_600_000 }))
  })

  it("ages while no process runs", () => {
    const { account, recent } = reread(ledger, 60_000)
    assert.deepStrictEqual(recent, [{ shard: 0, at: monotonic - 62_000 }])
    assert.strictEqual(Option.getOrThrow(account).resetsAt, monotonic + 3_540_000)
  })

  it("is empty where none was stored", () => {
    assert.deepStrictEqual(StoredState.restore(Option.none(), { wall, monotonic }), {
      recent: [],
      account: Option.none()
    })
  })

  it("of a queue without a budget is read", () => {
    const state = Option.some({ recent: [], account: undefined })
    assert.isTrue(Option.isNone(StoredState.restore(state, { wall, monotonic }).account))
  })

  const stored = [wall, wall + 1_000, wall - 1_000, wall + year, wall - year, 0, -1, Infinity, -Infinity, NaN]
  for (const at of stored) {
    it(`with the time ${at} delays no shard for longer than the limits`, () => {
      const state = Option.some({
        recent: [{ shard: 0, at }],
        account: { total: 100, remaining: 0, resetsAt: at }
      })
      const { account, recent } = StoredState.restore(state, { wall, monotonic })
      const restored = Budget.refresh({ recent, account: Option.getOrThrow(account) }, limits, monotonic)
      assert.isAtMost(Budget.freeAt(restored, limits, 0), monotonic + limits.interval)
      const { remaining, resetsAt = Number.NEGATIVE_INFINITY } = restored.account
      assert.isAtMost(resetsAt, monotonic + Budget.longestWindow)
      // A window that ended long ago is over, and one without an end lasts for its full time.
      assert.strictEqual(remaining, at <= wall ? 100 : 0)
    })
  }

  it("is stored in wall time, whatever the clock shows, and read back to the millisecond", () => {
    const time = FastCheck.integer({ min: 0, max: 86_400_000 })
    FastCheck.assert(
      FastCheck.property(time, time, time, time, (at, passed, left, wall) => {
        const now = { wall, monotonic: at + passed }
        const ledger: Budget.Ledger = {
          recent: [{ shard: 3, at }],
          account: { total: 10, remaining: 5, resetsAt: now.monotonic + left }
        }
        const restored = StoredState.restore(Option.some(StoredState.store(ledger, now)), { wall, monotonic: 0 })
        assert.deepStrictEqual(restored.recent, [{ shard: 3, at: 0 - passed }])
        assert.strictEqual(Option.getOrThrow(restored.account).resetsAt, left)
      }),
      { seed: 18 }
    )
  })
})
