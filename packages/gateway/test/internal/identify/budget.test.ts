import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Budget from "../../../src/internal/identify/budget.js"

const day = 24 * 3_600_000
const limits: Budget.Limits = { maxConcurrency: 2, interval: 5_000, reserve: undefined }
const account = (remaining: number, resetsAt?: number): Budget.BudgetWindow => ({ total: 100, remaining, resetsAt })
const empty: Budget.Ledger = { recent: [], account: account(100) }

describe("the budget", () => {
  const cases: ReadonlyArray<
    readonly [what: string, account: Budget.BudgetWindow, reserve: number | undefined, spendable: number]
  > = [
    ["has 5 percent kept back", account(100), undefined, 95],
    ["has as much kept back as one wants", account(100), 10, 90],
    ["can be spent to the last by who wants it", account(3), 0, 3],
    ["is spent when the reserve is left", account(5), undefined, 0],
    ["is spent when less than the reserve is left", account(2), undefined, 0],
    ["keeps a shard's start whatever is kept back", account(100), 500, 1]
  ]
  for (const [what, account, reserve, spendable] of cases) {
    it(`that ${what}`, () =>
      assert.strictEqual(Budget.spendable({ recent: [], account }, { ...limits, reserve }), spendable))
  }

  it("starts a window of 24 hours with its first identify, and ends no sooner than Discord's", () => {
    const taken = Budget.take({ recent: [], account: account(100) }, 0, 1_000)
    assert.strictEqual(taken.account?.remaining, 99)
    assert.isAtLeast(taken.account?.resetsAt ?? 0, 1_000 + day)
    const later = Budget.take(taken, 0, 6_000)
    assert.strictEqual(later.account?.resetsAt, taken.account?.resetsAt)
  })

  it("is whole again when the window is over, and not a moment before", () => {
    const spent = { recent: [], account: account(0, 10_000) }
    assert.strictEqual(Budget.refresh(spent, limits, 9_999).account?.remaining, 0)
    assert.deepStrictEqual(Budget.refresh(spent, limits, 10_000).account, account(100))
  })

  it("gets nothing back of a window that is over", () => {
    const taken = Budget.take({ recent: [], account: account(50, 10_000) }, 0, 9_000)
    const renewed = Budget.take(Budget.refresh(taken, limits, 20_000), 1, 20_000)
    assert.strictEqual(Budget.refund(taken, { shard: 0, at: 9_000 }, 9_000).account?.remaining, 50)
    assert.strictEqual(Budget.refund(renewed, { shard: 0, at: 9_000 }, 9_000).account?.remaining, 99)
  })

  it("never grows within a window by what Discord says, which does not know of those under way", () => {
    const known = { recent: [], account: account(50, 10_000) }
    assert.strictEqual(Budget.merge(known, account(60, 10_500), 0, 0).account?.remaining, 50)
    assert.strictEqual(Budget.merge(known, account(50, 10_500), 2, 0).account?.remaining, 48)
    assert.strictEqual(Budget.merge(known, account(100, 10_000 + day), 2, 0).account?.remaining, 98)
    assert.strictEqual(Budget.merge(known, account(90), 0, 10_000).account?.remaining, 90)
  })
})

describe("what is held", () => {
  const reservations: Budget.Reservations = new Map([[1, 3], [2, 0]])
  const cases: ReadonlyArray<
    readonly [what: string, left: number, reservation: number | undefined, expected: number]
  > = [
    ["is not there for others", 10, undefined, 7],
    ["is there for whom it is held, and so is what nobody holds", 10, 1, 10],
    ["is not there for whom has spent what was held", 10, 2, 7],
    ["is not there for whose hold was released", 10, 9, 7],
    ["leaves nothing to others when it is all there is", 3, undefined, 0],
    ["is less when less is left than was thought", 2, 1, 2],
    ["leaves others no less than nothing", 2, 2, 0],
    ["is of no account where no budget is known", Number.POSITIVE_INFINITY, undefined, Number.POSITIVE_INFINITY]
  ]
  for (const [what, left, reservation, expected] of cases) {
    it(what, () => assert.strictEqual(Budget.spendableFor(left, reservations, reservation), expected))
  }

  it("is drawn first, and goes back to its hold alone", () => {
    const drawn = Budget.consume(reservations, 1)
    assert.deepStrictEqual(Array.from(drawn), [[1, 2], [2, 0]])
    assert.deepStrictEqual(Array.from(Budget.restoreTo(drawn, 1)), [[1, 3], [2, 0]])
    assert.strictEqual(Budget.consume(reservations, 2), reservations)
    assert.strictEqual(Budget.restoreTo(reservations, 9), reservations)
  })
})

describe("the next to identify", () => {
  const heads = (
    remaining: number,
    reservations: Budget.Reservations,
    waiting: ReadonlyArray<readonly [shard: number, reservation?: number]>,
    writing: ReadonlyArray<number> = []
  ) =>
    Budget.nextInLine(
      {
        ledger: { recent: [], account: account(remaining) },
        limits: { maxConcurrency: 2, interval: 5_000, reserve: 0 },
        reservations,
        now: 0
      },
      waiting.map(([shard, reservation]) => ({ shard, reservation })),
      writing.map((shard) => ({ shard, reservation: undefined }))
    ).map(({ shard }) => shard)

  const none: Budget.Reservations = new Map()
  const one: Budget.Reservations = new Map([[1, 1]])
  it("is the first of each bucket that is not busy", () => {
    assert.deepStrictEqual(heads(10, none, [[2], [4], [1]]), [2, 1])
    assert.deepStrictEqual(heads(10, none, [[2], [4], [1]], [6]), [1])
  })
  it("is whoever came first, when only one is left", () => assert.deepStrictEqual(heads(1, none, [[2], [1]]), [2]))
  it("is whoever it is held for, past those who came first in the same bucket", () => {
    assert.deepStrictEqual(heads(1, one, [[2], [4, 1], [1]]), [4])
    assert.deepStrictEqual(heads(2, one, [[2], [4, 1], [1, 1]]), [2, 1])
  })
})

describe("a ledger", () => {
  it("keeps the spacing when the number of buckets is another", () => {
    const kept = { ...empty, recent: [{ shard: 5, at: 1_000 }] }
    assert.strictEqual(Budget.freeAt(kept, { ...limits, maxConcurrency: 16 }, 5), 6_000)
    assert.strictEqual(Budget.freeAt(kept, { ...limits, maxConcurrency: 4 }, 1), 6_000)
    assert.strictEqual(Budget.freeAt(kept, { ...limits, maxConcurrency: 4 }, 5 % 3), Number.NEGATIVE_INFINITY)
  })
})

/** Operations on a ledger; `wait` passes time first. */
const steps = FastCheck.array(
  FastCheck.record({
    wait: FastCheck.oneof(FastCheck.integer({ min: 0, max: 6_000 }), FastCheck.integer({ min: 0, max: 2 * day })),
    shard: FastCheck.integer({ min: 0, max: 7 }),
    outcome: FastCheck.constantFrom("written", "failed")
  }),
  { maxLength: 200 }
)

describe("an identify that opened a window and never went out", () => {
  const limits = { maxConcurrency: 1, interval: 5_000, reserve: 0 }
  const empty: Budget.Ledger = { recent: [], account: { total: 2, remaining: 2, resetsAt: undefined } }

  it("leaves the window to the next one", () => {
    const refunded = Budget.refund(Budget.take(empty, 0, 1_000), { shard: 0, at: 1_000 }, 1_000)
    assert.deepStrictEqual(refunded.account, { total: 2, remaining: 2, resetsAt: undefined })
    assert.strictEqual(Budget.take(refunded, 0, 50_000).account?.resetsAt, 50_000 + day + Budget.lateness)
  })

  it("does not let the window of those after it end before theirs", () => {
    const two = Budget.take(Budget.take(empty, 0, 0), 1, 20_000)
    const refunded = Budget.refund(two, { shard: 0, at: 0 }, 30_000)
    assert.strictEqual(refunded.account?.resetsAt, 30_000 + day + Budget.lateness)
    assert.strictEqual(Budget.spendable(refunded, limits), 1)
  })
})

describe("whoever follows the ledger", () => {
  it("spends no more than is left, and finds what is held for him whatever others do", () => {
    const claims = FastCheck.array(FastCheck.constantFrom(undefined, 1, 2), { maxLength: 60 })
    const size = FastCheck.integer({ min: 0, max: 10 })
    FastCheck.assert(FastCheck.property(claims, size, size, size, (claims, spare, first, second) => {
      let left = spare + first + second
      let reservations: Budget.Reservations = new Map([[1, first], [2, second]])
      const spent = new Map<number | undefined, number>()
      for (const reservation of claims) {
        if (Budget.spendableFor(left, reservations, reservation) > 0) {
          left--
          reservations = Budget.consume(reservations, reservation)
          spent.set(reservation, (spent.get(reservation) ?? 0) + 1)
        }
      }
      assert.isAtLeast(left, 0)
      assert.isAtMost(spent.get(undefined) ?? 0, spare)
      for (const [reservation, reserved] of [[1, first], [2, second]] as const) {
        const asked = claims.filter((claim) => claim === reservation).length
        assert.isAtLeast(spent.get(reservation) ?? 0, Math.min(asked, reserved))
      }
    }))
  })

  it("never breaks the spacing of a bucket, nor spends the reserve in any window", () => {
    FastCheck.assert(FastCheck.property(
      steps,
      FastCheck.integer({ min: 1, max: 4 }),
      FastCheck.integer({ min: 2, max: 12 }),
      FastCheck.integer({ min: 0, max: 3 }),
      (steps, maxConcurrency, total, reserve) => {
        const limits = { maxConcurrency, interval: 5_000, reserve }
        let ledger: Budget.Ledger = { recent: [], account: { total, remaining: total, resetsAt: undefined } }
        let now = 0
        const written: Array<Budget.IdentifyEntry> = []
        for (const { outcome, shard, wait } of steps) {
          now += wait
          ledger = Budget.refresh(ledger, limits, now)
          const bucket = Budget.findBucket(limits, shard)
          if (Budget.spendable(ledger, limits) === 0 || Budget.freeAt(ledger, limits, bucket) > now) {
            continue
          }
          const taken = { shard, at: now }
          ledger = Budget.take(ledger, shard, now)
          if (outcome === "written") {
            ledger = Budget.confirmWritten(ledger, taken, now)
            written.push(taken)
          } else {
            ledger = Budget.refund(ledger, taken, now)
          }
        }
        for (const [i, { at, shard }] of written.entries()) {
          const before = written.slice(0, i).filter((entry) => entry.shard % maxConcurrency === shard % maxConcurrency)
          assert.isTrue(before.every((entry) => at - entry.at >= 5_000))
        }
        // Discord's windows: each begins with the first identify after the one before.
        const allowed = total - Math.min(reserve, total - 1)
        let [start, count] = [Number.NEGATIVE_INFINITY, 0]
        for (const { at } of written) {
          if (at - start >= day) {
            start = at
            count = 0
          }
          count++
          assert.isAtMost(count, allowed)
        }
      }
    ))
  })
})
