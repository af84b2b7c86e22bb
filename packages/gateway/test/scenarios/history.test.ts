import { assert, describe, it } from "@effect/vitest"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Scenario from "@vesper/testing/Scenario"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as ShardStatus from "../../src/ShardStatus.js"
import { entries, layer, startShard, timesReceived, withChance } from "../harness.js"

const every = (interval: Duration.DurationInput, fault: Fault.Fault, hours: number): ReadonlyArray<Scenario.Step> =>
  Array.from(
    { length: Math.floor(Duration.toHours(Duration.hours(hours)) / Duration.toHours(interval)) },
    (_, i) => ({ at: Duration.times(interval, i + 1), fault })
  )

describe("a day", () => {
  it.live("of heartbeats, drops, resumes and re-identifies passes in under a second, and nothing goes wrong", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      const started = performance.now()
      yield* Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* startShard
        const numbers: Array<number> = []
        yield* Effect.forkScoped(Stream.runForEach(shard.events, (event) => Effect.sync(() => numbers.push(event.s))))
        yield* Effect.forkScoped(simulator.run(Scenario.make(
          ...every("97 minutes", Fault.Drop(), 24),
          ...every("2 hours", Fault.Reconnect(), 24),
          ...every("312 minutes", Fault.InvalidSession({ resumable: false }), 24),
          ...every("438 minutes", Fault.Close({ code: 4009, reason: "Session timed out" }), 24)
        )))
        yield* Effect.forkScoped(
          simulator.dispatch({ t: "TYPING_START", d: {} }).pipe(Effect.repeat(Schedule.spaced("5 minutes")))
        )
        yield* Effect.sleep("24 hours")
        assert.isTrue(ShardStatus.isConnected(yield* shard.status))
        const beats = (yield* timesReceived(Opcode.Heartbeat)).length
        assert.isAbove(beats, 2_000)
        assert.isBelow(beats, 2_100)
        assert.deepStrictEqual(yield* simulator.violations, [])
        assert.strictEqual((yield* entries("Identified")).length, 1 + 4 + 3)
        assert.isAbove((yield* entries("Resumed")).length, 20)
        // Each number of a session is received once.
        const gaps = numbers.filter((number, i) => number !== 1 && number !== (numbers[i - 1] ?? 0) + 1)
        assert.deepStrictEqual(gaps, [])
        assert.isAbove(numbers.length, 24 * 12)
      }).pipe(Effect.scoped, withChance(0.5), Effect.provide(layer()), clock.run)
      const took = performance.now() - started
      // Wall time depends on the load of the machine, so it is printed and not asserted.
      yield* Console.log(`24 simulated hours took ${Math.round(took)} ms`)
    }))

  it.live("in a small world is the same every time", () =>
    Effect.gen(function*() {
      const play = Effect.gen(function*() {
        const clock = yield* VirtualClock.make(1_700_000_000_000)
        return yield* Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const shard = yield* startShard
          yield* Effect.forkScoped(simulator.traffic({ eventsPerSecond: 20 }))
          const names: Array<string> = []
          yield* Effect.forkScoped(Stream.runForEach(shard.events, (event) => Effect.sync(() => names.push(event.t))))
          yield* Effect.sleep("1 minute")
          return { names, session: Option.getOrThrow(yield* shard.session).sequence }
        }).pipe(
          Effect.scoped,
          withChance(0.5),
          Effect.provide(layer({ simulator: { world: World.make({ seed: 3, guilds: 4 }) } })),
          clock.run
        )
      })
      const [first, second] = [yield* play, yield* play]
      assert.deepStrictEqual(first, second)
      assert.isAbove(first.names.length, 500)
      assert.isAbove(new Set(first.names).size, 6)
    }))
})
