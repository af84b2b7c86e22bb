/**
 * Random lives of shards. `VESPER_HISTORIES=5000 npx vitest run randomHistories` plays more of them, and `VESPER_SEED`
 * selects others. A life that fails is shrunk, and printed with its seed.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { play } from "../history/play.js"
import { history } from "../history/step.js"

const count = Number(process.env["VESPER_HISTORIES"] ?? 200)
const seed = Number(process.env["VESPER_SEED"] ?? 1)

describe("whatever happens in a shard's life", () => {
  it(`nothing is lost, doubled, punished or left behind, and it comes back (${count} lives)`, async () => {
    let faults = 0
    let events = 0
    await FastCheck.assert(
      FastCheck.asyncProperty(history, async (life) => {
        const report = await Effect.runPromise(play(life))
        faults += report.faults
        events += report.delivered
        assert.strictEqual(report.problems.join("\n"), "")
      }),
      { numRuns: count, seed }
    )
    // Without any of these the test would prove nothing.
    assert.isAbove(faults, count)
    assert.isAbove(events, count)
  }, 20_000 + count * 500)
})
