import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pass, withLateTimers } from "../clocks.js"
import { awaitReady, entries, inject, layer, startShard, withChance } from "../harness.js"

/** Returns the lag of each timer in turn. `share` percent of the timers are late by `millis`. */
const lags = (share: number, millis: number) => {
  let credit = 0
  return () => {
    credit += share
    const isLate = credit >= 100
    credit -= isLate ? 100 : 0
    return isLate ? millis : 0
  }
}

const shares = [0, 10, 30, 50, 80, 100]
const lagMillis = [60, 400, 3_000, 20_000]
const intervals: ReadonlyArray<Duration.DurationInput> = ["5 seconds", "41250 millis"]

/** Delays the timers of heartbeats and deadlines, which are longer than a few milliseconds. */
const withLag = (lag: () => number) => withLateTimers((millis) => millis >= 50 ? lag() : 0)

const heartbeatTolerance = "365 days"

describe("a process whose timers are late", () => {
  for (const interval of intervals) {
    for (const share of shares) {
      it.scoped(`${share} % of the time finds a dead connection in a bounded time, at an interval of ${interval}`, () =>
        Effect.gen(function*() {
          for (const millis of lagMillis) {
            // One interval until the heartbeat that is not acknowledged, another until the next, and the extra time. Each
            // of the two timers and of the two checks may be late.
            const bound = 2 * Duration.toMillis(interval) + 5_500 + 4 * millis
            assert.strictEqual(
              yield* closesWithin(bound, interval, lags(share, millis)),
              1,
              `with a lag of ${millis} ms`
            )
          }
        }))
    }
  }

  for (const share of shares) {
    it.scoped(`${share} % of the time keeps a healthy connection`, () =>
      Effect.gen(function*() {
        for (const millis of lagMillis) {
          const closed = yield* Effect.gen(function*() {
            yield* startShard
            yield* pass("20 minutes")
            return yield* entries("Closed")
          }).pipe(
            withLag(lags(share, millis)),
            Effect.provide(layer({ simulator: { latency: 80, heartbeatTolerance } })),
            Effect.scoped
          )
          assert.deepStrictEqual(closed, [])
        }
      }))
  }
})

/** Counts the connections that are closed within `millis` after the last acknowledgement. */
const closesWithin = (millis: number, heartbeatInterval: Duration.DurationInput, lag: () => number) =>
  Effect.gen(function*() {
    const shard = yield* startShard
    yield* awaitReady(shard)
    yield* pass(Duration.times(heartbeatInterval, 3))
    yield* inject(Fault.StopAcknowledging())
    assert.strictEqual((yield* entries("Closed")).length, 0)
    yield* pass(millis)
    return (yield* entries("Closed")).length
  }).pipe(
    withLag(lag),
    withChance(0.5),
    Effect.provide(layer({ simulator: { heartbeatInterval, heartbeatTolerance } })),
    Effect.scoped
  )

/** A shard that loses its connection after a minute and does not receive RESUMED on the next one. */
const startUnresumed = Effect.gen(function*() {
  const shard = yield* startShard
  yield* awaitReady(shard)
  yield* pass("1 minute")
  yield* inject(Fault.NeverResumed({ host: "any", times: 1 }))
  yield* inject(Fault.Drop())
  return shard
})

describe("a resume", () => {
  it.scoped("during which events arrive for ever, and no RESUMED, counts as resumed after the time of its phase", () =>
    Effect.gen(function*() {
      const shard = yield* startUnresumed
      for (let sequence = 2; sequence <= 5; sequence++) {
        yield* inject(Fault.SendText({ text: `{"t":"A","s":${sequence},"op":0,"d":{}}` }))
        yield* pass("10 seconds")
      }
      assert.strictEqual((yield* shard.status)._tag, "Connected")
      assert.deepStrictEqual((yield* entries("Closed")).map(({ by }) => by), ["network"])
    }).pipe(withChance(0.5), Effect.provide(layer())))

  it.scoped("during which only events arrive that are not of the session has an end", () =>
    Effect.gen(function*() {
      yield* startUnresumed
      yield* Effect.repeatN(
        Effect.zipRight(inject(Fault.SendText({ text: event })), pass("10 seconds")),
        40
      )
      const closed = (yield* entries("Closed")).map(({ at, by }) => [at, by])
      assert.deepStrictEqual(closed.slice(0, 2), [[60_000, "network"], [90_000, "client"]])
    }).pipe(withChance(0.5), Effect.provide(layer())))
})

const event = "{\"t\":\"A\",\"s\":null,\"op\":0,\"d\":{}}"
