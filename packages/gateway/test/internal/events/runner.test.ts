/** The runner of handlers, on a log without a shard. */
import { assert, describe, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { parse } from "../../../src/internal/events/log/parse.js"
import { Reader } from "../../../src/internal/events/reader.js"
import * as Runner from "../../../src/internal/events/runner.js"
import * as ShardError from "../../../src/ShardError.js"
import { append, handling, makeLog, makeSession, read } from "./fixture.js"

const defaults: Runner.Options = {
  concurrency: 1,
  isOrdered: true,
  isTracked: true,
  drainTimeout: Duration.seconds(1)
}

const make = (options: Partial<Runner.Options> = {}) => {
  const { log, notices } = makeLog({ capacity: 10_000, capacityBytes: 1_000_000 })
  const session = makeSession()
  const reader = new Reader(handling, undefined)
  reader.attach(log)
  const runs: Runner.Runs = new Set()
  const run = <E, R>(handler: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E, R>) =>
    Runner.run(reader, parse, handler, { ...defaults, ...options }, runs)
  /** Appends one event of each of these guilds. */
  const send = (...guilds: ReadonlyArray<string>) =>
    guilds.forEach((guild) => append(log, session, 1, "MESSAGE_CREATE", `{"guild_id":"${guild}"}`))
  return { log, notices, reader, run, runs, send, session }
}

const settle = TestClock.adjust(0)

describe("a run of handlers", () => {
  it.effect("handles in one loop what is done at once, and lets other fibers run in between", () =>
    Effect.gen(function*() {
      const { run, send } = make()
      const turns: Array<number> = []
      let handled = 0
      send(...Array<string>(1_000).fill("1"))
      const count = Effect.sync(() => turns.push(handled))
      yield* Effect.fork(Effect.forever(Effect.zipRight(count, Effect.yieldNow())))
      yield* Effect.fork(run(() => {
        handled++
        return Effect.void
      }))
      yield* Effect.repeat(Effect.yieldNow(), { until: () => handled === 1_000 })
      assert.isAbove(turns.filter((count) => count > 0 && count < 1_000).length, 0)
    }))

  for (const concurrency of [1, 2, Number.POSITIVE_INFINITY]) {
    it.effect(`runs at most ${concurrency} handlers at a time, one of a guild`, () =>
      Effect.gen(function*() {
        const { run, send } = make({ concurrency })
        const running = new Map<string, number>()
        let most = 0
        yield* Effect.fork(run((event) => {
          const guild = event.t === "MESSAGE_CREATE" ? event.d.guild_id ?? "" : ""
          return Effect.acquireUseRelease(
            Effect.sync(() => {
              running.set(guild, (running.get(guild) ?? 0) + 1)
              most = Math.max(most, Array.from(running.values()).reduce((sum, count) => sum + count, 0))
              assert.strictEqual(running.get(guild), 1)
            }),
            () => Effect.sleep(10),
            () => Effect.sync(() => running.set(guild, 0))
          )
        }))
        send("1", "1", "2", "3", "3", "4")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(most, Math.min(concurrency, 4))
      }))
  }

  it.effect("runs handlers of one guild beside each other where order is not asked for", () =>
    Effect.gen(function*() {
      const { run, send } = make({ concurrency: 8, isOrdered: false })
      let running = 0
      yield* Effect.fork(run(() => Effect.zipRight(Effect.sync(() => running++), Effect.sleep(10))))
      send("1", "1", "1")
      yield* settle
      assert.strictEqual(running, 3)
      yield* TestClock.adjust("1 second")
    }))

  it.effect("dies with what a handler throws, and gives its event back", () =>
    Effect.gen(function*() {
      const { reader, run, runs, send } = make()
      send("1", "1")
      const thrown = new Error("on purpose")
      const exit = yield* Effect.exit(run(() => {
        throw thrown
      }))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) === thrown)
      assert.deepStrictEqual([read(reader), runs.size], [[1, 2], 0])
    }))

  for (const isTracked of [true, false]) {
    it.effect(`gives back ${isTracked ? "" : "no "}event of a handler that failed, and all that has not begun`, () =>
      Effect.gen(function*() {
        const { reader, run, send } = make({ concurrency: 2, isTracked })
        send("1", "1", "2", "2")
        const exit = yield* Effect.fork(Effect.exit(run(() => Effect.delay(Effect.fail("on purpose"), 10))))
        yield* TestClock.adjust("1 second")
        const failed = yield* Fiber.join(exit)
        assert.strictEqual(Exit.isFailure(failed) && Array.from(Cause.failures(failed.cause)).length, 2)
        assert.deepStrictEqual(read(reader), isTracked ? [1, 2, 3, 4] : [2, 4])
      }))
  }

  it.effect("lets handlers end within drainTimeout when it is interrupted, and begins no other", () =>
    Effect.gen(function*() {
      const { reader, run, send } = make()
      let ended = 0
      const fiber = yield* Effect.fork(run(() => Effect.delay(Effect.sync(() => ended++), "900 millis")))
      send("1", "1")
      yield* settle
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust("899 millis")
      assert.deepStrictEqual([ended, fiber.unsafePoll()], [0, null])
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
      assert.deepStrictEqual([ended, read(reader)], [1, [2]])
    }))

  it.effect("interrupts handlers after drainTimeout, exactly, and gives their events back", () =>
    Effect.gen(function*() {
      const { reader, run, send } = make()
      let interrupted = 0
      const fiber = yield* Effect.fork(
        run(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++)))
      )
      send("1", "1")
      yield* settle
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(interrupted, 0)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual([interrupted, read(reader)], [1, [1, 2]])
    }))

  it.effect("gives each event a scope, which closes when its handler is over", () =>
    Effect.gen(function*() {
      const { run, send } = make()
      const calls: Array<string> = []
      const outer = yield* Scope.make()
      yield* Effect.fork(Effect.provideService(
        run(() =>
          Effect.addFinalizer(() => Effect.sync(() => calls.push("closed"))).pipe(
            Effect.zipRight(Effect.sleep(10)),
            Effect.zipRight(Effect.sync(() => calls.push("over")))
          )
        ),
        Scope.Scope,
        outer
      ))
      send("1", "1")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(calls, ["over", "closed", "over", "closed"])
    }))

  it.effect("reports an event that cannot be read, once, and goes on", () =>
    Effect.gen(function*() {
      const { log, notices, run, send, session } = make()
      let handled = 0
      append(log, session, 1, "MESSAGE_CREATE", "{")
      send("1")
      yield* Effect.fork(run(() => Effect.sync(() => handled++)))
      yield* settle
      assert.deepStrictEqual([handled, notices.map(({ _tag }) => _tag)], [1, ["Failure"]])
      assert.strictEqual(log.acknowledgedIn(session), 2)
    }))

  it.effect("reads to the end before it ends, and fails where the gateway has closed the shard for good", () =>
    Effect.gen(function*() {
      for (
        const error of [
          new ShardError.ShardClosedError(),
          new ShardError.FatallyClosedError({ code: 4014, reason: "" })
        ]
      ) {
        const { log, run, send } = make()
        let handled = 0
        send("1", "1")
        log.end(error)
        const fiber = yield* Effect.fork(run(() => Effect.delay(Effect.sync(() => handled++), 10)))
        yield* TestClock.adjust("1 second")
        const exit = yield* Fiber.await(fiber)
        assert.deepStrictEqual([handled, Exit.isFailure(exit)], [2, error._tag === "FatallyClosedError"])
      }
    }))

  it.effect("ends from outside as it does by an interruption", () =>
    Effect.gen(function*() {
      const { reader, run, runs, send } = make()
      const fiber = yield* Effect.fork(run(() => Effect.never))
      send("1")
      yield* settle
      const ending = yield* Effect.fork(Effect.all(runs))
      yield* TestClock.adjust("999 millis")
      assert.isNull(ending.unsafePoll())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(ending)
      yield* Fiber.await(fiber)
      assert.deepStrictEqual([read(reader), runs.size], [[1], 0])
    }))
})
