import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as EventSchema from "@vesper/model/EventSchema"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as Expect from "../src/Expect.js"
import * as Fixture from "../src/Fixture.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"

describe("a builder", () => {
  it("gives every event whole, and each time a copy", () => {
    for (const type of EventType.all) {
      assert.deepStrictEqual<unknown>(Builder.event(type).d, Fixture.of(type).d)
    }
    assert.notStrictEqual(Builder.message().d, Builder.message().d)
  })

  it("puts in what is given, completes objects, and leaves out what is undefined", () => {
    const whole = Fixture.of("MESSAGE_CREATE").d
    const { d } = Builder.message({ content: "hi", author: { username: "ada" }, mentions: [], guild_id: undefined })
    assert.deepInclude(d, { content: "hi", mentions: [], channel_id: whole.channel_id })
    assert.deepStrictEqual(d.author, { ...whole.author, username: "ada" })
    assert.isFalse("guild_id" in d)
  })

  it("knows the guild, by which the gateway finds the shard", () => {
    assert.strictEqual(Builder.message({ guild_id: "7" }).guildId, "7")
    assert.strictEqual(Builder.message({ guild_id: undefined }).guildId, undefined)
    assert.strictEqual(Builder.event("GUILD_DELETE", { id: "8" }).guildId, "8")
  })

  it("makes what the schemas take", () => {
    for (
      const built of [Builder.message({ content: "hi" }), Builder.reaction(), Builder.member(), Builder.interaction()]
    ) {
      assert.isTrue(Schema.is(EventSchema.of(built.t))(built.d), built.t)
    }
  })
})

const layer = Shard.layer(ShardId.single).pipe(
  Layer.provide(ShardConfig.layer({
    token: Redacted.make("any-token"),
    intents: Intents.of("GuildMessages", "MessageContent")
  })),
  Layer.provide(IdentifyQueue.layerUnlimited),
  Layer.provideMerge(GatewaySimulator.layerInMemory())
)

describe("an expected command", () => {
  it.scoped("is the first that fits, also one that came before", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const byOpcode = yield* Expect.expectCommand(simulator, Opcode.Identify)
      const byPredicate = yield* Expect.expectCommand(simulator, ({ bytes, op }) => op === 2 && bytes > 10)
      assert.strictEqual(byOpcode, byPredicate)
      yield* simulator.dispatch(Builder.message({ content: "built" }))
      const event = yield* shard.nextEvent
      assert.deepInclude(event.d, { content: "built" })
    }).pipe(Effect.provide(layer)))

  it.scoped("that stays away is told with what came instead", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const expecting = yield* Effect.fork(
        Effect.flip(Expect.expectCommand(simulator, Opcode.PresenceUpdate, { within: "2 seconds" }))
      )
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(expecting)
      assert.strictEqual(error.message, "PresenceUpdate did not come within 2s; what came: Identify")
    }).pipe(Effect.provide(layer)))

  it.scoped("that cannot come because nobody moves the clock is told as well", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const error = yield* Effect.flip(Expect.expectCommand(simulator, Opcode.PresenceUpdate))
      assert.strictEqual(
        error.message,
        "PresenceUpdate did not come, and the clock stands still (TestClock.adjust moves it); what came: Identify"
      )
    }).pipe(Effect.provide(layer)))
})
