import { assert, describe, it } from "@effect/vitest"
import * as EventSchema from "@vesper/model/EventSchema"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ShardConfig from "../../src/ShardConfig.js"
import type * as ShardError from "../../src/ShardError.js"
import { awaitReady, layer, startShard, token } from "../harness.js"
import * as Intents from "@vesper/model/Intents"
import * as Redacted from "effect/Redacted"

const fine = { channel_id: "1", guild_id: "2", user_id: "3", timestamp: 4, brand_new: [true] }
const broken = { ...fine, user_id: 5 }

/** Results of reading a valid event, a malformed one, and an undocumented one. */
const readAll = Effect.gen(function*() {
  const shard = yield* startShard
  yield* awaitReady(shard)
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* simulator.dispatch({ t: "TYPING_START", d: fine })
  yield* simulator.dispatch({ t: "TYPING_START", d: broken })
  yield* simulator.dispatch({ t: "BRAND_NEW", d: broken })
  return yield* Effect.all([shard.nextEvent, Effect.either(shard.nextEvent), shard.nextEvent])
})

const withValidate = (validate: ShardConfig.Validate) => layer({ config: { validate } })

const on: ReadonlyArray<ShardConfig.Validate> = ["all", ["TYPING_START"]]
const off: ReadonlyArray<ShardConfig.Validate> = ["none", [], ["MESSAGE_CREATE"]]

describe("validation", () => {
  for (const validate of on) {
    it.scoped(`of ${validate} gives an error with event, path and value for what is broken, and goes on`, () =>
      Effect.gen(function*() {
        const [first, second, third] = yield* readAll
        assert.deepStrictEqual(first.d, fine)
        const error = Option.getOrThrow(Either.getLeft(second)) as ShardError.DeserializationError
        assert.strictEqual(error._tag, "DeserializationError")
        assert.deepStrictEqual(error.eventType, Option.some("TYPING_START"))
        assert.instanceOf(error.cause, EventSchema.EventMismatch)
        assert.match(error.message, /TYPING_START\.user_id: expected a snowflake, got 5/)
        assert.strictEqual(third.t, "UnknownDispatch")
      }).pipe(Effect.provide(withValidate(validate))))
  }

  for (const validate of off) {
    it.scoped(`of ${validate.length === 0 ? "nothing" : validate} trusts the body`, () =>
      Effect.gen(function*() {
        const [first, second] = yield* readAll
        assert.deepStrictEqual(first.d, fine)
        assert.deepStrictEqual(Either.getOrThrow(second).d, broken)
      }).pipe(Effect.provide(withValidate(validate))))
  }

  it.scoped("passes a broken event over in streams and handlers, and reports it", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const reports = yield* Effect.fork(Stream.runHead(
        Stream.filter(shard.diagnostics, ({ _tag }) => _tag === "Failure")
      ))
      const seen: Array<unknown> = []
      yield* Effect.fork(shard.runForEach((event) => Effect.sync(() => seen.push(event.d))))
      yield* TestClock.adjust(1)
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* Effect.forEach([broken, fine], (d) => simulator.dispatch({ t: "TYPING_START", d }))
      const report = Option.getOrThrow(yield* Fiber.join(reports))
      assert.match(report._tag === "Failure" ? report.error.message : "", /TYPING_START\.user_id/)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(seen, [fine])
    }).pipe(Effect.provide(withValidate("all"))))

  it("of an event that does not exist is a wrong option", () => {
    const options = {
      token: Redacted.make(token),
      intents: Intents.none,
      // A program in JavaScript may pass this.
      validate: ["TYPING_STOP"] as unknown as ShardConfig.Validate
    }
    assert.match(String(Either.getLeft(ShardConfig.make(options))), /TYPING_STOP.*is not an event/)
  })
})
