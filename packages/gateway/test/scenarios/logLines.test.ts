/** Log lines for operators. */
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as World from "@vesper/testing/World"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Shard from "../../src/Shard.js"
import { inject, layer, startShard, withChance } from "../harness.js"

/** Injects faults, each followed by a second. Returns the log lines from INFO on. */
const linesAfter = (faults: ReadonlyArray<Fault.Fault>, options: Parameters<typeof layer>[0] = {}) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel.label} ${String(message)}`)
    })
    yield* Effect.gen(function*() {
      const shard = yield* startShard
      yield* Effect.forkScoped(Stream.runDrain(shard.events))
      yield* TestClock.adjust("1 second")
      for (const fault of faults) {
        yield* inject(fault)
        yield* TestClock.adjust("1 second")
      }
    }).pipe(
      Effect.provide(Layer.merge(
        Logger.replace(Logger.defaultLogger, logger),
        Logger.minimumLogLevel(LogLevel.Info)
      ))
    )
    return lines
  }).pipe(Effect.scoped, withChance(0.5), Effect.provide(layer(options)))

const ready = "INFO the session is ready as vesper: shard 0 of 1 with 0 guilds"

describe("the log", () => {
  it.effect("has one line when a session is ready", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* linesAfter([]), [ready])
      const world = World.make({ guilds: 3, membersPerGuild: 1 })
      const [line] = yield* linesAfter([], { simulator: { world } })
      assert.match(String(line), /^INFO the session is ready as .+: shard 0 of 1 with 3 guilds$/)
    }))

  it.effect("has one line for a loss with what follows, and one when the session was resumed", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* linesAfter([Fault.Drop()]), [
        ready,
        "INFO the connection was lost; resuming now",
        "INFO the session was resumed after 0: 0 events replayed"
      ])
    }))

  const losses: ReadonlyArray<readonly [fault: Fault.Fault, line: string]> = [
    [Fault.Close({ code: 4000, reason: "bye" }), "INFO the gateway closed the connection with 4000 bye; resuming now"],
    [Fault.Reconnect(), "INFO the gateway asked for a reconnect; resuming now"],
    [Fault.HelloAgain(), "WARN hello could not be processed: it was received twice; resuming now"],
    [Fault.InvalidSession({ resumable: false }), "INFO the gateway invalidated the session; identifying now"]
  ]
  for (const [fault, line] of losses) {
    it.effect(`has one line for ${fault._tag}`, () =>
      Effect.gen(function*() {
        const lines = yield* linesAfter([fault])
        assert.strictEqual(lines[1], line)
        assert.strictEqual(lines.length, fault._tag === "InvalidSession" ? 2 : 3, lines.join("\n"))
      }))
  }

  it.effect("does not repeat a line for each message that cannot be read", () =>
    Effect.gen(function*() {
      const lines = yield* linesAfter(Array.from({ length: 60 }, () => Fault.SendText({ text: "\u001b[2Jno" })))
      const unreadable = lines.filter((line) => line.includes("could not be read"))
      assert.isAtMost(unreadable.length, 7)
      assert.match(String(unreadable.at(-1)), /\(\d+ lines like this omitted\)$/)

      unreadable.forEach((line) => assert.notMatch(line, /[\u0000-\u001f]/))
    }))

  it.effect("says so when the shard has a defect of its own", () =>
    Effect.gen(function*() {
      let isBroken = true
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => {
        if (isBroken && String(message).includes("lost")) {
          isBroken = false
          throw new Error("the logger is broken")
        }
        lines.push(String(message))
      })
      yield* Effect.gen(function*() {
        yield* startShard
        yield* TestClock.adjust("1 second")
        yield* inject(Fault.Drop())
        yield* TestClock.adjust("1 second")
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)), Logger.withMinimumLogLevel(LogLevel.Info))
      assert.match(lines.join("\n"), /the shard has a defect and starts again in 1m.*the logger is broken/)
    }).pipe(Effect.scoped, withChance(0.5), Effect.provide(layer())))
})

describe("back-off", () => {
  it.effect("is spread by chance, so that shards do not come back together", () =>
    Effect.gen(function*() {
      const waits = (chance: number) =>
        Effect.gen(function*() {
          yield* inject(Fault.RefuseConnections({ host: "any", times: 5, status: 503 }))
          const millis: Array<number> = []
          const shard = yield* Shard.make(ShardId.single)
          yield* Effect.forkScoped(Stream.runForEach(shard.diagnostics, (one) =>
            Effect.sync(() => {
              if (one._tag === "Reconnecting") {
                millis.push(Duration.toMillis(one.after))
              }
            })))
          yield* TestClock.adjust(0)
          yield* shard.connect
          yield* TestClock.adjust("5 minutes")
          return millis
        }).pipe(Effect.scoped, Effect.withRandom(Random.fixed([chance])), Effect.provide(layer()))
      assert.deepStrictEqual(yield* waits(0), [0, 1_000, 2_000, 4_000, 8_000])
      assert.deepStrictEqual(yield* waits(0.5), [0, 750, 1_500, 3_000, 6_000])
    }))
})
