import { assert, describe, it } from "@effect/vitest"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { vi } from "vitest"
import * as Message from "../../src/Message.js"
import { awaitReady, entries, inject, layer, startShard } from "../harness.js"

const wanted = layer({ config: { events: ["READY", "MESSAGE_CREATE", "GUILD_CREATE"] } })

describe("unwanted events", () => {
  it.scoped("are never parsed, whatever is in them, and advance the sequence", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      const parse = vi.spyOn(JSON, "parse")
      yield* Effect.addFinalizer(() => Effect.sync(() => parse.mockRestore()))
      // Parsing this text would fail.
      yield* inject(Fault.SendText({ text: "{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{ no JSON" }))
      yield* TestClock.adjust(0)
      assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 2)
      yield* inject(Fault.SkipSequence({ count: 1 }))
      yield* simulator.dispatch({ t: "TYPING_START", d: { user_id: "1" } })
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "wanted" } })
      const event = yield* shard.nextEvent
      assert.deepStrictEqual([event.t, event.s], ["MESSAGE_CREATE", 4])
      const parsed = parse.mock.calls.map(([text]) => text)
      assert.strictEqual(parsed.length, 1)
      assert.include(parsed[0], "\"wanted\"")
    }).pipe(Effect.provide(wanted)))

  it.scoped("are left out of the messages too", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "wanted" } })
      const names: Array<unknown> = []
      while (!names.includes("MESSAGE_CREATE")) {
        const message = yield* shard.nextMessage
        const payload: unknown = Message.isText(message) ? JSON.parse(message.text) : undefined
        names.push(Predicate.isRecord(payload) ? payload["t"] : undefined)
      }
      assert.deepStrictEqual(names.filter(Predicate.isString), ["MESSAGE_CREATE"])
    }).pipe(Effect.provide(wanted)))

  it.scoped("do not come again after a resume", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* simulator.dispatch({ t: "TYPING_START", d: {} })
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(0)
      assert.deepStrictEqual((yield* entries("Resumed")).map(({ replayed }) => replayed), [0])
    }).pipe(Effect.provide(wanted)))

  it.scoped("are none by default: what this version does not know comes too", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* simulator.dispatch({ t: "BRAND_NEW", d: {} })
      assert.strictEqual((yield* shard.nextEvent).t, "UnknownDispatch")
    }).pipe(Effect.provide(layer())))

  it.scoped("can be all that the intents do not let through, by name", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* simulator.dispatch({ t: "BRAND_NEW", d: {} })
      yield* simulator.dispatch({ t: "GUILD_ROLE_CREATE", d: {} })
      assert.strictEqual((yield* shard.nextEvent).t, "GUILD_ROLE_CREATE")
    }).pipe(Effect.provide(layer({
      config: { intents: Intents.of("Guilds"), events: EventType.fromIntents(Intents.of("Guilds")) }
    }))))
})
