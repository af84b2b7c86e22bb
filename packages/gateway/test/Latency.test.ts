import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as HeartbeatLatency from "../src/internal/heartbeat/latency.js"
import * as Latency from "../src/Latency.js"

const roundTrips = (...millis: ReadonlyArray<number>): Latency.Latency =>
  millis.reduce(
    (latency, trip) => HeartbeatLatency.recordAcknowledged(HeartbeatLatency.recordSent(latency, 1_000), 1_000 + trip),
    Latency.empty
  )

const recent = (latency: Latency.Latency) => Chunk.toReadonlyArray(Chunk.map(latency.recent, Duration.toMillis))

describe("Latency", () => {
  it("knows nothing before the first acknowledgement", () => {
    assert.deepStrictEqual(Latency.empty.average, Option.none())
    assert.deepStrictEqual(recent(Latency.empty), [])
    const sent = HeartbeatLatency.recordSent(Latency.empty, 5)
    assert.deepStrictEqual(sent.average, Option.none())
    assert.deepStrictEqual([sent.beats, sent.periods, sent.sent, sent.received], [1, 0, Option.some(5), Option.none()])
  })

  it("averages all round trips", () => {
    assert.deepStrictEqual(roundTrips(10, 20, 60).average, Option.some(Duration.millis(30)))
  })

  it("lists the last five, newest first", () => {
    assert.deepStrictEqual(recent(roundTrips(1, 2)), [2, 1])
    assert.deepStrictEqual(recent(roundTrips(1, 2, 3, 4, 5, 6, 7)), [7, 6, 5, 4, 3])
  })

  it("forgets the answer's time when the next beat is sent", () => {
    const answered = roundTrips(10)
    assert.deepStrictEqual(answered.received, Option.some(1_010))
    assert.isFalse(Latency.isAwaiting(answered))
    const again = HeartbeatLatency.recordSent(answered, 2_000)
    assert.deepStrictEqual(again.received, Option.none())
    assert.isTrue(Latency.isAwaiting(again))
    assert.deepStrictEqual(recent(again), [10])
  })

  it("ignores an acknowledgement that nobody asked for", () => {
    assert.strictEqual(HeartbeatLatency.recordAcknowledged(Latency.empty, 10), Latency.empty)
    const answered = roundTrips(10)
    assert.strictEqual(HeartbeatLatency.recordAcknowledged(answered, 5_000), answered)
  })

  it("is never negative, even if the clock was set back", () => {
    assert.deepStrictEqual(roundTrips(-50).average, Option.some(Duration.millis(0)))
  })
})
