import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as GatewayApi from "../../src/GatewayApi.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import * as ShardError from "../../src/ShardError.js"
import * as Harness from "../harness.js"

const { entries, startShard, startShards, withChance } = Harness

/** Shards on the simulator, with the limits that it reports. */
const layer = (options: GatewaySimulator.Options, queue: IdentifyQueue.FromApiOptions = {}) =>
  Layer.provideMerge(
    Layer.provide(IdentifyQueue.layerFromApi(queue), GatewaySimulator.layerApi),
    Harness.layer({ simulator: options })
  )

const identifiedAt = Effect.map(entries("Identified"), (identified) => identified.map(({ at }) => at))

const noViolations = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (simulator) => Effect.map(simulator.violations, (violations) => assert.deepStrictEqual(violations, []))
)

/** Collects log lines of level warning and above. */
const warnings = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    lines.push(String(message))
  })
  return {
    lines,
    layer: Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(LogLevel.Warning))
  }
}

describe("a bot with few identifies left", () => {
  it.live("lets 3 of its 10 shards identify, waits with the others for the reset, and says so", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      const { layer: logger, lines } = warnings()
      yield* Effect.gen(function*() {
        yield* startShards(10)
        yield* Effect.sleep("7 hours")
        assert.deepStrictEqual(yield* identifiedAt, [0, 5_000, 10_000])
        const said = lines.filter((line) => line.includes("identify budget"))
        assert.strictEqual(said.length, 1)
        assert.match(
          said[0] ?? "",
          /0 of 1000 IDENTIFYs are left today, and 0 are reserved .* before 1970-01-01T08:00:0\d/
        )
        yield* Effect.sleep("2 hours")
        const reset = Duration.toMillis("8 hours")
        const others = [0, 1, 2, 3, 4, 5, 6].map((turn) => reset + turn * 5_000)
        assert.deepStrictEqual(yield* identifiedAt, [0, 5_000, 10_000, ...others])
        yield* noViolations
      }).pipe(
        Effect.scoped,
        Effect.provide(logger),
        Effect.provide(layer({ sessionStartLimit: { total: 1_000, remaining: 3, resetAfter: "8 hours" } }, {
          reserve: 0
        })),
        clock.run
      )
    }))

  it.live("does not touch the reserve unless a human says so", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      yield* Effect.gen(function*() {
        yield* startShards(10)
        yield* Effect.sleep("7 hours")
        assert.deepStrictEqual(yield* identifiedAt, [])
      }).pipe(
        Effect.scoped,
        Effect.provide(layer({ sessionStartLimit: { total: 1_000, remaining: 3, resetAfter: "8 hours" } })),
        clock.run
      )
    }))

  it.scoped("tells the program, if that is what it wants, and comes back by itself at the reset", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const error = yield* Effect.fork(Effect.flip(Effect.forever(shard.nextEvent)))
      yield* TestClock.adjust("1 minute")
      const failure = yield* Fiber.join(error)
      assert.strictEqual(failure._tag, "IdentifyBudgetExhausted")
      assert.isFalse(ShardError.isFatal(failure))
      const log = yield* entries("Opened")
      yield* TestClock.adjust("8 hours")
      yield* TestClock.adjust("1 minute")
      // The shard made no connection in between, which could only have failed.
      assert.strictEqual((yield* entries("Opened")).length, log.length + 1)
      const [at = 0] = yield* identifiedAt
      assert.closeTo(at, Duration.toMillis("8 hours"), 10_000)
    }).pipe(
      withChance(0.5),
      Effect.provide(layer({ sessionStartLimit: { total: 1_000, remaining: 3, resetAfter: "8 hours" } }, {
        whenExhausted: "fail"
      }))
    ))
})

describe("a day with a server that ends every session at once", () => {
  it.live(
    "costs 64 shards no more than the budget without its reserve, each identify in its time",
    () =>
      Effect.gen(function*() {
        const clock = yield* VirtualClock.make()
        yield* Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          yield* Effect.forkScoped(Stream.runForEach(
            Stream.filter(simulator.logChanges, LogEntry.is("Identified")),
            ({ connection }) => simulator.inject(Fault.InvalidSession({ resumable: false }), { connection })
          ))
          yield* startShards(64)
          yield* Effect.sleep(Duration.subtract(Duration.hours(24), Duration.seconds(1)))
          const identified = yield* entries("Identified")
          assert.strictEqual(identified.length, 950)
          for (const bucket of [0, 1, 2, 3]) {
            const times = identified.filter(({ shard = 0 }) => shard % 4 === bucket).map(({ at }) => at)
            times.forEach((at, i) => assert.isAtLeast(at - (times[i - 1] ?? Number.NEGATIVE_INFINITY), 5_000))
          }
          yield* noViolations
          // The next day begins like this one.
          yield* Effect.sleep("1 hour")
          assert.isAbove((yield* identifiedAt).length, 1_100)
          yield* noViolations
        }).pipe(
          Effect.scoped,
          withChance(0.5),
          Effect.provide(layer({
            maxConcurrency: 4,
            // Fewer heartbeats make a shorter test.
            heartbeatInterval: "1 hour"
          })),
          clock.run
        )
      }),
    120_000
  )
})

describe("the limits from Discord", () => {
  it.scoped("fail the layer when Discord does not give them, instead of being guessed", () =>
    Effect.gen(function*() {
      const api: GatewayApi.GatewayApi = { gatewayBot: Effect.fail(new GatewayApi.UnauthorizedError()) }
      const error = yield* IdentifyQueue.makeFromApi().pipe(
        Effect.provideService(GatewayApi.GatewayApi, api),
        Effect.flip
      )
      assert.strictEqual(error._tag, "UnauthorizedError")
    }))

  it.scoped("are asked for again at the reset, until there is an answer", () =>
    Effect.gen(function*() {
      let asked = 0
      const limit = (remaining: number, resetAfter: Duration.DurationInput, maxConcurrency: number) => ({
        url: "wss://gateway.discord.gg",
        shards: 1,
        sessionStartLimit: { total: 1_000, remaining, resetAfter: Duration.decode(resetAfter), maxConcurrency }
      })
      const api: GatewayApi.GatewayApi = {
        gatewayBot: Effect.suspend(() => {
          asked++
          return asked === 1
            ? Effect.succeed(limit(900, "1 hour", 1))
            : asked < 4
            ? Effect.fail(new GatewayApi.UnavailableError({ attempts: 5, reason: "status 500" }))
            : Effect.succeed(limit(777, "24 hours", 2))
        })
      }
      const queue = yield* IdentifyQueue.makeFromApi().pipe(Effect.provideService(GatewayApi.GatewayApi, api))
      const remaining = Effect.map(queue.budget, (budget) => Option.getOrThrow(budget).remaining)
      assert.strictEqual(yield* remaining, 900)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([asked, yield* remaining], [2, 900])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual([asked, yield* remaining], [4, 777])
      yield* TestClock.adjust("24 hours")
      assert.strictEqual(asked, 5)
    }).pipe(Effect.provide(Harness.layer())))
})
