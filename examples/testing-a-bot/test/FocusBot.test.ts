/**
 * The bot on TestClock. Time moves only when a test adjusts it, so that a test can verify "at twenty-five minutes, and not
 * a millisecond before", and 25 minutes take no time.
 */
import { assert, describe, it } from "@effect/vitest"
import { Opcode } from "@vesper/model"
import { Builder, Expect, Fault, GatewaySimulator, LogEntry } from "@vesper/testing"
import { Duration, Effect, TestClock } from "effect"
import * as Focus from "../src/Focus.js"
import * as FocusBot from "../src/FocusBot.js"

const layer = GatewaySimulator.layerShard(FocusBot.config)

/** The bot, once it has a session. */
const start = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Effect.forkScoped(FocusBot.run)
  yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
  return {
    simulator,
    say: (content: string) => Effect.zipRight(simulator.dispatch(Builder.message({ content })), settle),
    /** Everything that the bot has shown, the newest last. */
    shown: Effect.map(simulator.received(Opcode.PresenceUpdate), (all) => all.map(({ d }) => d))
  }
})

/** Waits until all fibers have settled. */
const settle = TestClock.adjust(0)

describe("the focus bot", () => {
  it.scoped("is free when it comes", () =>
    Effect.gen(function*() {
      const { shown } = yield* start
      assert.deepStrictEqual(yield* shown, [Focus.free])
    }).pipe(Effect.provide(layer)))

  it.scoped("is busy for the requested time, to the millisecond", () =>
    Effect.gen(function*() {
      const { say, shown, simulator } = yield* start
      yield* say("!focus 25")
      yield* TestClock.adjust("1499999 millis")
      assert.deepStrictEqual((yield* shown).at(-1), Focus.busy(Duration.minutes(25)))
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual((yield* shown).at(-1), Focus.free)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("restarts on another request", () =>
    Effect.gen(function*() {
      const { say, shown } = yield* start
      yield* say("!focus 10")
      yield* TestClock.adjust("9 minutes")
      yield* say("!focus 5")
      yield* TestClock.adjust("4 minutes")
      // The first ten minutes are over, and it is busy all the same.
      assert.deepStrictEqual((yield* shown).at(-1), Focus.busy(Duration.minutes(5)))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* shown).at(-1), Focus.free)
    }).pipe(Effect.provide(layer)))

  it.scoped("stops on request, and does not stop twice", () =>
    Effect.gen(function*() {
      const { say, shown } = yield* start
      yield* say("!focus 10")
      yield* say("!stop")
      const stopped = yield* shown
      assert.deepStrictEqual(stopped.at(-1), Focus.free)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* shown, stopped)
    }).pipe(Effect.provide(layer)))

  it.scoped("stays busy over a new session, for which Discord forgets what was shown", () =>
    Effect.gen(function*() {
      const { say, shown, simulator } = yield* start
      yield* say("!focus 25")
      const before = (yield* shown).length
      yield* simulator.inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf((yield* simulator.log).filter(LogEntry.is("Identified")), 2)
      assert.deepStrictEqual((yield* shown).slice(before), [Focus.busy(Duration.minutes(25))])
    }).pipe(Effect.provide(layer)))

  it.scoped("hears what was said while its connection was half-open", () =>
    Effect.gen(function*() {
      const { say, shown, simulator } = yield* start
      yield* simulator.inject(Fault.Stall())
      yield* say("!focus 120")
      // Heartbeats are no longer acknowledged: the shard notices, reconnects, and resumes.
      yield* TestClock.adjust("2 minutes")
      yield* simulator.awaitLog(LogEntry.is("Resumed"))
      assert.deepStrictEqual((yield* shown).at(-1), Focus.busy(Duration.hours(2)))
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("leaves nothing behind when it ends", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* Effect.scoped(Effect.flatMap(start, ({ say }) => say("!focus 25")))
      const before = (yield* simulator.received(Opcode.PresenceUpdate)).length
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(yield* simulator.received(Opcode.PresenceUpdate), before)
    }).pipe(Effect.provide(layer)))
})
