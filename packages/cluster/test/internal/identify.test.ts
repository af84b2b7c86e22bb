import { assert, describe, it } from "@effect/vitest"
import * as Account from "../../src/internal/identify/index.js"

const now = Date.UTC(2026, 10, 28)
const interval = 5_500
const longestTurn = 15_000
const day = 24 * 3_600_000

const shifts = { second: 1_000, hour: 3_600_000, year: 365 * day }

/** The row of a fleet whose bucket 0 and hold have just been taken, and whose budget is spent. */
const row: Account.AccountRow = {
  remaining: "0",
  resets_at: String(now + 3_600_000),
  queue: JSON.stringify({
    turns: { 0: { holder: "", freeAt: now + interval } },
    holds: { reshard: { count: 2, expiresAt: now + Account.holdPatience } }
  })
}

describe("the identifies of a fleet", () => {
  for (const [name, millis] of Object.entries(shifts)) {
    it(`delay no shard for longer than the limits after the database's clock was set back by a ${name}`, () => {
      const moment = now - millis
      const { holds, resetsAt, turns } = Account.restore(row, 100, longestTurn, moment)
      assert.isAtMost((turns[0]?.freeAt ?? Infinity) - moment, longestTurn)
      assert.isAtMost(resetsAt - moment, day)
      assert.isAtMost((holds["reshard"]?.expiresAt ?? Infinity) - moment, Account.holdPatience)
    })
  }

  it("are as they were written while the clock is right", () => {
    const { holds, remaining, resetsAt, turns } = Account.restore(row, 100, longestTurn, now)
    assert.deepStrictEqual({ turns, holds }, JSON.parse(row.queue))
    assert.deepStrictEqual([remaining, resetsAt], [0, now + 3_600_000])
  })

  it("begin a new window where the last one is over", () => {
    const { holds, remaining, resetsAt } = Account.restore(row, 100, longestTurn, now + shifts.hour)
    assert.deepStrictEqual([remaining, resetsAt, holds], [100, 0, {}])
  })
})
