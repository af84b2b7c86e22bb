/** A shard on a simulator of its own, in one line. */
import { assert, describe, it } from "@effect/vitest"
import * as Shard from "@vesper/gateway/Shard"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as Expect from "../src/Expect.js"
import * as Fault from "../src/Fault.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as LogEntry from "../src/LogEntry.js"

const intents = Intents.of("GuildMessages", "MessageContent")

describe("layerShard", () => {
  it.scoped("gives a shard that reads what the simulator sends", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      assert.strictEqual((yield* shard.nextEvent).t, "READY")
      yield* simulator.dispatch(Builder.message({ content: "hello" }))
      const event = yield* shard.nextEvent
      assert.isTrue(event.t === "MESSAGE_CREATE" && event.d.content === "hello")
    }).pipe(Effect.provide(GatewaySimulator.layerShard({ intents }))))

  it.scoped("takes the simulator's token, and other options from the environment", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.connect
      const { d } = yield* Expect.expectCommand(simulator, Opcode.Identify)
      assert.deepInclude(d, { large_threshold: 77, shard: [2, 3] })
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(
      Effect.provide(GatewaySimulator.layerShard(
        { intents, largeThreshold: Config.integer("THRESHOLD") },
        { shard: ShardId.unsafeMake(2, 3), token: Redacted.make("secret") }
      )),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["THRESHOLD", "77"], ["DISCORD_TOKEN", "another"]])))
    ))

  it.scoped("fails with what is wrong in an option, as on Discord", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.provide(Shard.Shard, GatewaySimulator.layerShard({ intents, largeThreshold: 10 }))
      )
      assert.match(String(error), /10 is not a whole number between 50 and 250/)
    }))

  it.scoped("does not wait for handlers when the test ends, for no clock would move", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      const begun = yield* Deferred.make<void>()
      yield* Effect.forkScoped(shard.runForEach((event) =>
        event.t === "MESSAGE_CREATE" ? Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never) : Effect.void
      ))
      yield* Expect.expectCommand(simulator, Opcode.Identify)
      yield* simulator.dispatch(Builder.message())
      yield* Deferred.await(begun)
    }).pipe(Effect.scoped, Effect.provide(GatewaySimulator.layerShard({ intents }))))

  it.scoped("identifies at Discord's pace", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      yield* simulator.inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf((yield* simulator.log).filter(LogEntry.is("Identified")), 2)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(GatewaySimulator.layerShard({ intents }))))
})
