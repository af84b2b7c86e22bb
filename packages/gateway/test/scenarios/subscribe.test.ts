import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Diagnostic from "../../src/Diagnostic.js"
import type * as Shard from "../../src/Shard.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import type * as Subscription from "../../src/Subscription.js"
import { awaitReady, entries, inject, layer, startShard } from "../harness.js"
import * as ShardModule from "../../src/Shard.js"
import * as ShardId from "@vesper/model/ShardId"

/** Sends numbered events of a type, from `from` up to `to`. */
const send = (from: number, to: number, t = "MESSAGE_CREATE") =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
    Effect.forEach(
      Array.from({ length: to - from + 1 }, (_, i) => from + i),
      (content) => simulator.dispatch({ t, d: { content } }),
      { discard: true }
    ))

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const contentOf = ({ d }: { readonly d: unknown }) =>
  typeof d === "object" && d !== null && "content" in d ? d.content : undefined

/** The next events of a subscription, by number. */
const take = (subscription: Subscription.Subscription<unknown>, count: number) =>
  Stream.runCollect(Stream.take(subscription.events, count)).pipe(
    Effect.map((events) => Chunk.toReadonlyArray(Chunk.map(events, contentOf)))
  )

/** The buffered events of a subscription after the shard was closed. */
const rest = <E>(subscription: Subscription.Subscription<E>) =>
  Effect.map(Stream.runCollect(subscription.events), (events) => Array.from(events, contentOf))

/** A connected shard with a subscriber from before the first event. */
const subscribed = <S extends Subscription.Strategy = "suspend">(options?: Subscription.SubscribeOptions<S>) =>
  Effect.gen(function*() {
    const shard = yield* ShardModule.make(ShardId.single)
    const subscription = yield* shard.subscribe<S>({ events: ["MESSAGE_CREATE", "TYPING_START"], ...options })
    yield* shard.connect
    yield* TestClock.adjust(0)
    return { shard, subscription }
  })

const close = (shard: Shard.Shard) => Effect.zipRight(TestClock.adjust(0), shard.close(CloseFrame.RESUME))

describe("subscribe", () => {
  it.scoped("gives all events to each subscriber, in order", () =>
    Effect.gen(function*() {
      const shard = yield* ShardModule.make(ShardId.single)
      const subscriptions = [yield* shard.subscribe(), yield* shard.subscribe(), yield* shard.subscribe()]
      const readers = yield* Effect.forEach(subscriptions, (one) => Effect.fork(take(one, 101)))
      yield* TestClock.adjust(0)
      yield* send(1, 100)
      for (const reader of readers) {
        assert.deepStrictEqual(yield* Fiber.join(reader), [undefined, ...numbers(1, 100)])
      }
    }).pipe(Effect.provide(layer())))

  it.scoped("starts the shard at the first reading, and not before", () =>
    Effect.gen(function*() {
      const shard = yield* ShardModule.make(ShardId.single)
      const subscription = yield* shard.subscribe()
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* entries("Opened"), [])
      yield* take(subscription, 1)
      assert.strictEqual((yield* entries("Opened")).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("gives all events beside a stream of the shard, which gets them too", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const subscription = yield* shard.subscribe()
      const stream = yield* Effect.fork(Stream.runCollect(Stream.take(shard.events, 3)))
      yield* TestClock.adjust(0)
      yield* send(1, 3)
      assert.deepStrictEqual(Array.from(yield* Fiber.join(stream), contentOf), [1, 2, 3])
      assert.deepStrictEqual(yield* take(subscription, 3), [1, 2, 3])
    }).pipe(Effect.provide(layer())))

  it.scoped("hands what nobody has read to the first subscriber, and keeps nothing for readers that there are not", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* TestClock.adjust(0)
      yield* send(1, 5)
      yield* TestClock.adjust(0)
      const first = yield* shard.subscribe()
      const second = yield* shard.subscribe()
      const readers = yield* Effect.fork(
        Effect.all([take(first, 1_001), take(second, 995)], { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(0)
      yield* send(6, 1_000)
      assert.deepStrictEqual(yield* Fiber.join(readers), [[undefined, ...numbers(1, 1_000)], numbers(6, 1_000)])
      assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 1_001)
    }).pipe(Effect.provide(layer({ config: { eventBufferSize: 10 } }))))

  it.scoped("suspend: a full buffer pauses the socket, for everybody, and nothing is lost", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed({ capacity: 10 })
      const other = yield* shard.subscribe({ events: ["MESSAGE_CREATE"] })
      yield* send(1, 100)
      yield* TestClock.adjust("1 minute")
      assert.isAtMost(Option.getOrThrow(yield* shard.session).sequence, 12)
      assert.deepStrictEqual(yield* take(other, 10), numbers(1, 10))
      assert.deepStrictEqual(yield* take(subscription, 100), numbers(1, 100))
      assert.deepStrictEqual(yield* take(other, 90), numbers(11, 100))
      assert.strictEqual(yield* subscription.dropped, 0)
    }).pipe(Effect.provide(layer())))

  it.scoped("a subscriber that leaves holds nobody up any more", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed()
      yield* Effect.scoped(Effect.gen(function*() {
        yield* shard.subscribe({ capacity: 1 })
        yield* send(1, 50)
        yield* TestClock.adjust(0)
        assert.isAtMost(Option.getOrThrow(yield* shard.session).sequence, 3)
      }))
      assert.deepStrictEqual(yield* take(subscription, 50), numbers(1, 50))
    }).pipe(Effect.provide(layer())))

  it.scoped("is no zombie connection while a subscriber holds it up, and loses nothing over a resume", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed({ capacity: 10 })
      yield* send(1, 20)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* entries("Closed"), [])
      yield* inject(Fault.Drop())
      yield* send(21, 40)
      assert.deepStrictEqual(yield* take(subscription, 40), numbers(1, 40))
      assert.isTrue(ShardStatus.isConnected(yield* shard.status))
    }).pipe(Effect.provide(layer())))

  it.scoped("dropOldest: the newest are kept, the others counted and reported", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed({ capacity: 10, strategy: "dropOldest" })
      const told = yield* Effect.fork(Stream.runCollect(Stream.take(shard.diagnostics, 5)))
      yield* TestClock.adjust(0)
      yield* send(1, 30)
      yield* close(shard)
      assert.strictEqual(yield* subscription.dropped, 20)
      assert.deepStrictEqual(yield* rest(subscription), numbers(21, 30))
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(yield* Fiber.join(told)),
        [1, 2, 4, 8, 16].map((total) => Diagnostic.Dropped({ eventType: "MESSAGE_CREATE", total }))
      )
    }).pipe(Effect.provide(layer())))

  it.scoped("dropNewest: the oldest are kept", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed({ capacity: 10, strategy: "dropNewest" })
      yield* send(1, 30)
      yield* close(shard)
      assert.strictEqual(yield* subscription.dropped, 20)
      assert.deepStrictEqual(yield* rest(subscription), numbers(1, 10))
    }).pipe(Effect.provide(layer())))

  for (const strategy of ["dropOldest", "dropNewest"] as const) {
    it.scoped(`${strategy} by event type: only what may be dropped is, the rest holds up the socket`, () =>
      Effect.gen(function*() {
        const { shard, subscription } = yield* subscribed({ capacity: 4, strategy, droppable: ["TYPING_START"] })
        for (let i = 0; i < 10; i++) {
          yield* send(1_000 + i, 1_000 + i, "TYPING_START")
          yield* send(i, i)
        }
        const messages = yield* subscription.events.pipe(
          Stream.filter(({ t }) => t === "MESSAGE_CREATE"),
          Stream.take(10),
          Stream.runCollect
        )
        assert.deepStrictEqual(Array.from(messages, contentOf), numbers(0, 9))
        assert.strictEqual((yield* shard.session).pipe(Option.getOrThrow).sequence, 21)
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("fail: what fits is read to its end, then the subscription fails, and nobody else is held up", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed({ capacity: 10, strategy: "fail" })
      const other = yield* shard.subscribe({ events: ["MESSAGE_CREATE"] })
      yield* send(1, 30)
      assert.deepStrictEqual(yield* take(other, 30), numbers(1, 30))
      const seen: Array<unknown> = []
      const error = yield* subscription.events.pipe(
        Stream.runForEach((event) => Effect.sync(() => seen.push(contentOf(event)))),
        Effect.flip
      )
      assert.deepStrictEqual(seen, numbers(1, 10))
      assert.strictEqual(error._tag, "SubscriptionOverflowError")
      assert.include(error.message, "more than 10 events waited")
    }).pipe(Effect.provide(layer())))

  it.scoped("fails for each subscriber when the gateway closes the shard permanently, after what came before", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed()
      yield* send(1, 2)
      yield* inject(Fault.Close({ code: 4004, reason: "" }))
      yield* TestClock.adjust(0)
      const late = yield* shard.subscribe()
      assert.deepStrictEqual(yield* take(subscription, 2), [1, 2])
      for (const one of [subscription, late]) {
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(one.events)))._tag, "FatallyClosedError")
      }
    }).pipe(Effect.provide(layer())))

  it.scoped("acknowledges nothing and holds no session back: handlers alone count, if the config wants that", () =>
    Effect.gen(function*() {
      const { shard, subscription } = yield* subscribed()
      const sequence = Effect.map(shard.session, (session) => Option.getOrThrow(session).sequence)
      const handlers = yield* Effect.fork(
        shard.runForEach((event) => contentOf(event) === 3 ? Effect.never : Effect.void)
      )
      yield* TestClock.adjust(0)
      yield* send(1, 5)
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* sequence, 3, "the third message is the fourth event")
      assert.deepStrictEqual(yield* take(subscription, 5), numbers(1, 5))
      assert.strictEqual(yield* sequence, 3)
      const leaving = yield* Effect.fork(Fiber.interrupt(handlers))
      yield* TestClock.adjust(10_000)
      yield* Fiber.join(leaving)
      // The place of the run is dropped after `drainTimeout`, counted from its end.
      yield* TestClock.adjust(10_000)
      assert.strictEqual(yield* sequence, 6, "what the handlers have left is abandoned")
      yield* send(6, 7)
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* sequence, 8)
    }).pipe(Effect.provide(layer({ config: { acknowledge: "onHandled" } }))))

  for (const capacity of [0, -1, 1.5, Number.NaN]) {
    it.scoped(`refuses a capacity of ${capacity}`, () =>
      Effect.gen(function*() {
        const shard = yield* ShardModule.make(ShardId.single)
        const error = yield* Effect.flip(shard.subscribe({ capacity }))
        assert.match(String(error), /capacity.*is not a whole number of at least 1/)
      }).pipe(Effect.provide(layer())))
  }
})
