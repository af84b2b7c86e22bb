import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Scenario from "@vesper/testing/Scenario"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import { entries, layer, startShard, withChance } from "../harness.js"

const week = Duration.days(7)

const every = (interval: Duration.DurationInput, fault: Fault.Fault): ReadonlyArray<Scenario.Step> =>
  Array.from(
    { length: Math.floor(Duration.toMillis(week) / Duration.toMillis(interval)) },
    (_, i) => ({ at: Duration.times(interval, i + 1), fault })
  )

describe("a week", () => {
  it.live(
    "of drops, reconnects and a new session each day loses nothing, and leaves no more behind than a day",
    () =>
      Effect.gen(function*() {
        const clock = yield* VirtualClock.make()
        const supervisor = yield* Supervisor.track
        const alive = Effect.map(
          Effect.all([supervisor.value, clock.sleeping]),
          ([fibers, timers]) => ({ fibers: fibers.length, timers })
        )
        yield* Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const shard = yield* Effect.supervised(startShard, supervisor)
          let events = 0
          let last = 0
          const gaps: Array<number> = []
          yield* Effect.forkScoped(Stream.runForEach(shard.events, ({ s }) =>
            Effect.sync(() => {
              events++
              if (s !== 1 && s !== last + 1) {
                gaps.push(s)
              }
              last = s
            })))
          // One timer for all steps. Otherwise each completed timer would be counted.
          const steps = Scenario.make(
            ...every("301 minutes", Fault.Drop()),
            ...every("421 minutes", Fault.Reconnect()),
            ...every("23 hours", Fault.InvalidSession({ resumable: false }))
          )
          const [first, ...others] = [...steps].sort((a, b) => Duration.toMillis(a.at) - Duration.toMillis(b.at))
          let now = 0
          yield* Effect.forkScoped(Effect.forEach(first === undefined ? [] : [first, ...others], ({ at, fault }) => {
            const wait = Duration.toMillis(at) - now
            now = Duration.toMillis(at)
            return Effect.delay(simulator.inject(fault), wait)
          }, { discard: true }))
          yield* Effect.forkScoped(
            Effect.repeat(simulator.dispatch({ t: "TYPING_START", d: {} }), Schedule.spaced("10 minutes"))
          )
          yield* Effect.sleep("1471 minutes")
          const afterDay = yield* alive
          yield* Effect.sleep("140 hours")
          assert.deepStrictEqual(yield* alive, afterDay)
          yield* Effect.sleep("3.4 hours")
          assert.deepStrictEqual(gaps, [])
          assert.isAbove(events, 7 * 24 * 6)
          assert.strictEqual((yield* entries("Identified")).length, 1 + 7)
          assert.isAbove((yield* entries("Resumed")).length, 50)
          assert.deepStrictEqual(yield* simulator.violations, [])
        }).pipe(Effect.scoped, withChance(0.5), Effect.provide(layer()), clock.run)
      }),
    120_000
  )
})
