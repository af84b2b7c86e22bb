import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as CommandRateLimiter from "../../src/CommandRateLimiter.js"
import * as Interval from "../../src/internal/heartbeat/interval.js"
import * as Policy from "../../src/internal/heartbeat/policy.js"

const { HeartbeatStep: Step } = Policy

const interval = 41_250

const silent: Policy.Observation = {
  late: 0,
  elapsed: 500,
  isAcknowledged: false,
  isPaused: false,
  wasPaused: false,
  isWriting: false,
  isRead: true,
  delay: 0
}
const acknowledged: Policy.Observation = { ...silent, isAcknowledged: true }
const paused: Policy.Observation = { ...silent, isPaused: true, wasPaused: true }
const unread: Policy.Observation = { ...silent, isRead: false }
const late: Policy.Observation = { ...silent, late: 50 }

const table: ReadonlyArray<
  readonly [
    name: string,
    before: Policy.HeartbeatStep | undefined,
    seen: Policy.Observation,
    expected: Policy.HeartbeatStep
  ]
> = [
  ["the first heartbeat waits for no acknowledgement", undefined, silent, Step.Send()],
  ["one that was acknowledged is followed by the next", Step.Send(), acknowledged, Step.Send()],
  ["one that was not means a dead connection", Step.Send(), silent, Step.Close()],
  ["an acknowledgement cannot be seen while reading is paused", Step.Send(), paused, Step.Send()],
  [
    "it may be unread after a pause",
    Step.Send(),
    { ...silent, wasPaused: true },
    Step.AwaitAck({ graceMillis: 5_000 })
  ],
  [
    "one that is not even written means a dead connection",
    Step.Send(),
    { ...acknowledged, isWriting: true },
    Step.Close()
  ],
  ["also while reading is paused", Step.Send(), { ...paused, isWriting: true }, Step.Close()],
  ["a process that was late has not read yet", Step.Send(), late, Step.AwaitAck({ graceMillis: 5_000 })],
  ["a little late is no excuse", Step.Send(), { ...silent, late: 49 }, Step.Close()],
  ["an acknowledgement that is read late counts", Step.Send(), { ...acknowledged, late: 9_000 }, Step.Send()],
  ["what was not read may be read at the next look", Step.AwaitAck({ graceMillis: 5_000 }), acknowledged, Step.Send()],
  [
    "each look takes some of the patience",
    Step.AwaitAck({ graceMillis: 5_000 }),
    silent,
    Step.AwaitAck({ graceMillis: 4_500 })
  ],
  ["until there is none left", Step.AwaitAck({ graceMillis: 500 }), silent, Step.Close()],
  ["which lag does not renew", Step.AwaitAck({ graceMillis: 500 }), { ...late, elapsed: 550 }, Step.Close()],
  [
    "a look that is very late takes half of the patience",
    Step.AwaitAck({ graceMillis: 5_000 }),
    { ...silent, late: 60_000, elapsed: 60_500 },
    Step.AwaitAck({ graceMillis: 2_500 })
  ],
  [
    "a pause takes no patience",
    Step.AwaitAck({ graceMillis: 500 }),
    { ...silent, wasPaused: true },
    Step.AwaitAck({ graceMillis: 500 })
  ],
  ["sockets that were not polled are looked at once more", Step.Send(), unread, Step.AwaitAck({ graceMillis: 0 })],
  ["and again", Step.AwaitAck({ graceMillis: 0 }), unread, Step.AwaitAck({ graceMillis: 0 })],
  ["until they were", Step.AwaitAck({ graceMillis: 0 }), silent, Step.Close()],
  ["the limit of messages holds a heartbeat", Step.Send(), { ...acknowledged, delay: 700 }, Step.Delay({ delay: 700 })],
  ["also the first", undefined, { ...silent, delay: 700 }, Step.Delay({ delay: 700 })],
  ["a heartbeat that was held waits for no acknowledgement", Step.Delay({ delay: 700 }), silent, Step.Send()],
  ["it may be held again", Step.Delay({ delay: 700 }), { ...silent, delay: 1 }, Step.Delay({ delay: 1 })],
  ["a dead connection is not held", Step.Send(), { ...silent, delay: 700 }, Step.Close()]
]

const anySeen = FastCheck.record({
  late: FastCheck.integer({ min: 0, max: 10_000 }),
  elapsed: FastCheck.integer({ min: 0, max: 100_000 }),
  isAcknowledged: FastCheck.boolean(),
  isPaused: FastCheck.boolean(),
  wasPaused: FastCheck.boolean(),
  isWriting: FastCheck.boolean(),
  isRead: FastCheck.boolean(),
  delay: FastCheck.constantFrom(0, 500)
})

const anyInterval = FastCheck.integer({ min: 100, max: 120_000 })

const after = (all: ReadonlyArray<Policy.Observation>, interval: number) => {
  let before: Policy.HeartbeatStep | undefined
  for (const seen of all) {
    before = Policy.next(before, interval, seen)
  }
  return before
}

describe("the next step of a connection's heartbeats", () => {
  for (const [name, before, seen, expected] of table) {
    it(name, () => assert.deepStrictEqual(Policy.next(before, interval, seen), expected))
  }

  it("never closes a connection whose heartbeat was written and acknowledged", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(anySeen), anyInterval, (all, interval) => {
      let before: Policy.HeartbeatStep | undefined
      for (const seen of all) {
        before = Policy.next(before, interval, seen)
        if (seen.isAcknowledged && !seen.isWriting) {
          assert.strictEqual(before._tag, seen.delay > 0 ? "Delay" : "Send")
        }
      }
    })))

  it("closes a silent connection in a bounded time, however late the process is at each look", () => {
    const lags = FastCheck.infiniteStream(FastCheck.integer({ min: 0, max: 100_000 }))
    FastCheck.assert(FastCheck.property(FastCheck.array(anySeen), anyInterval, lags, (all, interval, lags) => {
      let step = after(all, interval) ?? Step.Send()
      let [looks, punctual] = [0, 0]
      while (step._tag !== "Close") {
        const late = lags.next().value
        const due = step._tag === "AwaitAck" ? Policy.checkInterval(interval) : interval
        step = Policy.next(step, interval, { ...silent, late, elapsed: due + late })
        if (step._tag === "AwaitAck") {
          looks++
          punctual += Policy.checkInterval(interval)
        }
        assert.isAtMost(looks, 2 + 5_000 / Policy.checkInterval(interval))
      }
      // The time of the looks themselves; lag is added to it, and shortens it.
      assert.isAtMost(punctual, 5_500 + Policy.checkInterval(interval))
    }))
  })
})

describe("the interval of heartbeats", () => {
  const intervals: ReadonlyArray<readonly [interval: number, isPermitted: boolean]> = [
    [0, false],
    [1, false],
    [99.9, false],
    [100, true],
    [41_250, true],
    [3_600_000, true],
    [3_600_001, false],
    [Number.MAX_VALUE, false]
  ]
  for (const [interval, isPermitted] of intervals) {
    it(`may ${isPermitted ? "" : "not "}be ${interval} ms`, () =>
      assert.strictEqual(Interval.describeProblem(interval) === undefined, isPermitted))
  }
})

describe("the slack of a heartbeat", () => {
  it("is a second at Discord's interval, and less of a shorter one", () => {
    assert.deepStrictEqual([41_250, 20_000, 100].map(Policy.slack), [1_000, 500, 2.5])
  })

  it("never makes more heartbeats in the command limit's window than it keeps room for", () =>
    FastCheck.assert(FastCheck.property(FastCheck.integer({ min: 100, max: 120_000 }), (interval) => {
      const window = Duration.toMillis(Duration.sum(CommandRateLimiter.window, CommandRateLimiter.margin))
      const mostHeartbeats = Math.floor(window / (interval - Policy.slack(interval))) + 1
      const commands = CommandRateLimiter.capacity(interval)
      // Below that the limiter cannot keep room for all: it holds heartbeats.
      FastCheck.pre(commands > CommandRateLimiter.minimum)
      assert.isAtMost(commands + mostHeartbeats, CommandRateLimiter.limit)
    })))
})
