import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as CommandRateLimiter from "../../src/CommandRateLimiter.js"
import * as Pulse from "../../src/internal/pulse.js"

const { Step } = Pulse

const interval = 41_250

const silent: Pulse.Seen = { late: 0, isAcknowledged: false, wasPaused: false, isWriting: false }
const answered: Pulse.Seen = { ...silent, isAcknowledged: true }

const table: ReadonlyArray<
  readonly [name: string, before: Pulse.Step | undefined, seen: Pulse.Seen, expected: Pulse.Step]
> = [
  ["the first heartbeat waits for no answer", undefined, silent, Step.Beat()],
  ["one that was acknowledged is followed by the next", Step.Beat(), answered, Step.Beat()],
  ["one that was not means a dead connection", Step.Beat(), silent, Step.GiveUp()],
  ["an answer cannot be seen while reading is held up", Step.Beat(), { ...silent, wasPaused: true }, Step.Beat()],
  ["one that is not even written is dead", Step.Beat(), { ...answered, isWriting: true }, Step.GiveUp()],
  ["and so it is when reading is held up", Step.Beat(), { ...silent, wasPaused: true, isWriting: true }, Step.GiveUp()],
  ["a process that was late has not read yet", Step.Beat(), { ...silent, late: 50 }, Step.Look({ patience: 5_000 })],
  ["a little late is no excuse", Step.Beat(), { ...silent, late: 49 }, Step.GiveUp()],
  ["an answer is no less one for coming late", Step.Beat(), { ...answered, late: 9_000 }, Step.Beat()],
  ["what was not read may be read at the next look", Step.Look({ patience: 5_000 }), answered, Step.Beat()],
  ["each look takes some of the patience", Step.Look({ patience: 5_000 }), silent, Step.Look({ patience: 4_500 })],
  ["until there is none left", Step.Look({ patience: 500 }), silent, Step.GiveUp()],
  ["or begins anew", Step.Look({ patience: 500 }), { ...silent, late: 50 }, Step.Look({ patience: 5_000 })]
]

const anySeen = FastCheck.record({
  late: FastCheck.integer({ min: 0, max: 10_000 }),
  isAcknowledged: FastCheck.boolean(),
  wasPaused: FastCheck.boolean(),
  isWriting: FastCheck.boolean()
})

const anyInterval = FastCheck.integer({ min: 100, max: 120_000 })

describe("the next step of a connection's heartbeats", () => {
  for (const [name, before, seen, expected] of table) {
    it(name, () => assert.deepStrictEqual(Pulse.next(before, interval, seen), expected))
  }

  it("is never to give up what was acknowledged and written", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(anySeen), anyInterval, (all, interval) => {
      let before: Pulse.Step | undefined
      for (const seen of all) {
        before = Pulse.next(before, interval, seen)
        if (seen.isAcknowledged && !seen.isWriting) {
          assert.strictEqual(before._tag, "Beat")
        }
      }
    })))

  it("gives up in the end, if the process is in time and nothing answers", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(anySeen), anyInterval, (all, interval) => {
      let before: Pulse.Step | undefined = Step.Beat()
      for (const seen of all) {
        before = Pulse.next(before, interval, seen)
      }
      const patience = 5_000 / Pulse.answerStep(interval)
      for (let i = 0; before._tag !== "GiveUp" && i <= patience; i++) {
        before = Pulse.next(before, interval, silent)
      }
      assert.strictEqual(before._tag, "GiveUp")
    })))
})

describe("the slack of a heartbeat", () => {
  it("is a second at Discord's interval, and less of a shorter one", () => {
    assert.deepStrictEqual([41_250, 20_000, 100].map(Pulse.slack), [1_000, 500, 2.5])
  })

  it("never makes more heartbeats in the command limit's window than it keeps room for", () =>
    FastCheck.assert(FastCheck.property(FastCheck.integer({ min: 1_000, max: 120_000 }), (interval) => {
      const window = Duration.toMillis(CommandRateLimiter.window)
      const mostBeats = Math.floor(window / (interval - Pulse.slack(interval))) + 1
      const commands = CommandRateLimiter.capacity(interval)
      // Below that the limiter cannot keep room for all: it counts them, and commands wait.
      FastCheck.pre(commands > CommandRateLimiter.minimum)
      assert.isAtMost(commands + mostBeats, CommandRateLimiter.limit)
    })))
})
