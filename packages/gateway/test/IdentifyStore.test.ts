import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe, it } from "@effect/vitest"
import * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as IdentifyQueue from "../src/IdentifyQueue.js"
import * as IdentifyStore from "../src/IdentifyStore.js"

const bot = "1234"

/** Runs a process that knows only the content of the store. */
const start = (options: Partial<IdentifyQueue.InMemoryOptions> = {}) =>
  IdentifyQueue.makeInMemory({ maxConcurrency: 1, budget: { total: 100 }, ...options }).pipe(
    Effect.provide(IdentifyStore.layerKeyValueStore({ bot }))
  )

const identify = (queue: IdentifyQueue.IdentifyQueue, id = 0) =>
  queue.withPermit(ShardId.unsafeMake(id, 100))(Clock.currentTimeMillis)

const remaining = (queue: IdentifyQueue.IdentifyQueue) =>
  Effect.map(queue.budget, (budget) => Option.getOrThrow(budget).remaining)

describe("IdentifyStore", () => {
  it.effect("lets the budget and the spacing outlive the process", () =>
    Effect.gen(function*() {
      yield* identify(yield* start())
      yield* TestClock.adjust("2 seconds")
      const second = yield* start()
      assert.strictEqual(yield* remaining(second), 99)
      const waiting = yield* Effect.fork(identify(second))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(waiting), 5_000)
      assert.strictEqual(yield* remaining(yield* start()), 98)
      yield* TestClock.adjust("25 hours")
      assert.strictEqual(yield* remaining(yield* start()), 100)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("counts an identify that a crash cut off, for it may have been sent", () =>
    Effect.gen(function*() {
      const first = yield* start()
      // A crash during the write of the identify leaves this content.
      const second = yield* first.withPermit(ShardId.single)(start())
      assert.strictEqual(yield* remaining(second), 99)
      const waiting = yield* Effect.fork(identify(second))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(waiting), 5_000)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("does not count one that failed to be written", () =>
    Effect.gen(function*() {
      yield* Effect.flip((yield* start()).withPermit(ShardId.single)(Effect.fail("the socket died")))
      const second = yield* start()
      assert.strictEqual(yield* remaining(second), 100)
      assert.strictEqual(yield* identify(second), 0)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("spaces the identifies of a bucket although the budget was not known", () =>
    Effect.gen(function*() {
      const queue = yield* Effect.provideService(
        IdentifyQueue.makeInMemory({ maxConcurrency: 1 }),
        IdentifyStore.CurrentIdentifyStore,
        { initial: Option.some({ recent: [{ shard: 0, at: 0 }], account: undefined }), save: () => Effect.void }
      )
      const waiting = yield* Effect.fork(identify(queue))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(waiting), 5_000)
      assert.strictEqual(yield* remaining(queue), 999)
    }))

  it.effect("keeps each bot's under a key of its own", () =>
    Effect.gen(function*() {
      yield* identify(yield* start())
      const other = yield* IdentifyStore.makeKeyValueStore({ bot: "5678" })
      assert.isTrue(Option.isNone(other.initial))
      assert.isTrue(Option.isSome((yield* IdentifyStore.makeKeyValueStore({ bot })).initial))
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("does not take what it cannot read for nothing", () =>
    Effect.gen(function*() {
      const store = yield* KeyValueStore.KeyValueStore
      yield* store.set(`vesper-identify-${bot}`, "{\"recent\":")
      const error = yield* Effect.flip(start())
      assert.strictEqual(error._tag, "IdentifyStoreError")
      assert.include(error.message, `vesper-identify-${bot}`)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))
})
