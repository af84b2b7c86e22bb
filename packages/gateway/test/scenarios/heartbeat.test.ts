import { assert, describe, it } from "@effect/vitest"
import * as Opcode from "@vesper/model/Opcode"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { awaitReady, layer, startShard, timesReceived, withChance } from "../harness.js"

describe("heartbeats", () => {
  it.scoped("come first after a random part of the interval, then once every interval", () =>
    Effect.gen(function*() {
      yield* startShard
      yield* TestClock.adjust(0.25 * 41_250 + 3 * 41_250)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [10_312.5, 51_562.5, 92_812.5, 134_062.5])
    }).pipe(withChance(0.25), Effect.provide(layer())))

  it.scoped("start before the shard is identified", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      assert.deepStrictEqual(yield* timesReceived(Opcode.Heartbeat), [0])
    }).pipe(withChance(0), Effect.provide(layer())))
})
