/** The limits of a reader of single events, and whose an event is. */
import { assert, describe, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Diagnostic from "../../../src/Diagnostic.js"
import * as Shard from "../../../src/Shard.js"
import { awaitReady, layer } from "../../harness.js"

const environment = layer({ config: { acknowledge: "onHandled", eventBufferSize: 4 } })

const send = (n: number) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    ({ dispatch }) => dispatch({ t: "MESSAGE_CREATE", d: { content: String(n) } })
  )

const sendAll = (...all: ReadonlyArray<number>) => Effect.forEach(all, send, { discard: true })

const contentOf = (event: Dispatch.Dispatch) => event.t === "MESSAGE_CREATE" ? event.d.content : event.t

const sequenceOf = (shard: Shard.Shard) => Effect.map(shard.session, Option.map(({ sequence }) => sequence))

/** A shard with an idle reader of READY, and a stream of later events. */
const make = Effect.gen(function*() {
  const shard = yield* Shard.make(ShardId.single)
  const abandoned: Array<Diagnostic.Diagnostic> = []
  yield* Effect.fork(
    Stream.runForEach(
      shard.diagnostics,
      (diagnostic) => Effect.sync(() => diagnostic._tag === "Abandoned" && abandoned.push(diagnostic))
    )
  )
  yield* Effect.fork(Effect.zipRight(awaitReady(shard), Effect.never))
  yield* TestClock.adjust("1 second")
  const received: Array<string> = []
  yield* Effect.fork(Stream.runForEach(shard.events, (event) => Effect.sync(() => received.push(contentOf(event)))))
  yield* TestClock.adjust(0)
  return { abandoned, received, shard }
})

describe("a fiber that stops calling nextEvent and does not end", () => {
  it.scoped("holds the session for at least 30 s and at most 60 s while another reader reads", () =>
    Effect.gen(function*() {
      const { abandoned, received, shard } = yield* make
      const before = yield* sequenceOf(shard)
      yield* sendAll(1, 2)
      yield* TestClock.adjust("28999 millis")
      assert.deepStrictEqual([received, abandoned], [["1", "2"], []])
      assert.deepStrictEqual(yield* sequenceOf(shard), before)
      // The reader was opened, and called for the last time, within the first second.
      yield* TestClock.adjust("31 seconds")
      assert.deepStrictEqual(abandoned, [Diagnostic.Abandoned({ reader: "`nextEvent`", events: 2 })])
      assert.deepStrictEqual(yield* sequenceOf(shard), Option.map(before, (sequence) => sequence + 2))
    }).pipe(Effect.provide(environment)))

  it.scoped("pauses the socket for 5 s, exactly, while another reader waits", () =>
    Effect.gen(function*() {
      const { abandoned, received } = yield* make
      yield* sendAll(1, 2, 3, 4, 5)
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual([received, abandoned], [["1", "2", "3", "4"], []])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(received, ["1", "2", "3", "4", "5"])
      assert.deepStrictEqual(abandoned, [Diagnostic.Abandoned({ reader: "`nextEvent`", events: 4 })])
    }).pipe(Effect.provide(environment)))

  it.scoped("keeps its events while no other reader reads", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      yield* Effect.fork(Effect.zipRight(awaitReady(shard), Effect.never))
      yield* TestClock.adjust("1 second")
      yield* send(1)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(contentOf(yield* shard.nextEvent), "1")
    }).pipe(Effect.provide(environment)))
})

const failure = new Error("on purpose")

interface End {
  readonly name: string
  readonly run: (next: Shard.Shard["nextEvent"]) => Effect.Effect<unknown, unknown>
  readonly isDone: boolean
}

const pool = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.forEach([effect], (effect) => effect, { concurrency: "unbounded" })

/** Ways in which a fiber ends after it has received an event. */
const ends: ReadonlyArray<End> = [
  { name: "ends well", run: (next) => next, isDone: true },
  { name: "ends well in a pool", run: pool, isDone: true },
  { name: "fails", run: (next) => Effect.zipRight(next, Effect.fail(failure)), isDone: false },
  { name: "dies", run: (next) => Effect.zipRight(next, Effect.die(failure)), isDone: false },
  { name: "fails in a pool", run: (next) => pool(Effect.zipRight(next, Effect.fail(failure))), isDone: false },
  {
    name: "fails in a race",
    run: (next) => Effect.raceFirst(Effect.zipRight(next, Effect.fail(failure)), Effect.never),
    isDone: false
  },
  { name: "is interrupted", run: (next) => Effect.zipRight(next, Effect.interrupt), isDone: false }
]

describe("an event of nextEvent", () => {
  for (const { isDone, name, run } of ends) {
    it.scoped(`is ${isDone ? "handled" : "received again"} when its fiber ${name}`, () =>
      Effect.gen(function*() {
        const shard = yield* Shard.make(ShardId.single)
        yield* Effect.fork(awaitReady(shard))
        yield* TestClock.adjust("1 second")
        yield* sendAll(1, 2)
        const exit = yield* Effect.flatMap(Effect.fork(run(shard.nextEvent)), Fiber.await)
        assert.strictEqual(Exit.isSuccess(exit), isDone)
        const next = yield* Effect.flatMap(Effect.fork(shard.nextEvent), Fiber.join)
        assert.strictEqual(contentOf(next), isDone ? "2" : "1")
      }).pipe(Effect.provide(environment)))
  }

  it.scoped("is received once by fibers that race for it", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      yield* Effect.fork(awaitReady(shard))
      yield* TestClock.adjust("1 second")
      const reading = Effect.replicateEffect(Effect.timeoutOption(shard.nextEvent, "10 millis"), 8)
      const fibers = yield* Effect.forkAll([reading, reading, reading])
      yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => Effect.zipRight(send(n), TestClock.adjust("7 millis")))
      yield* TestClock.adjust("1 second")
      const received = (yield* Fiber.join(fibers)).flat().flatMap(Option.toArray).map(contentOf)
      assert.deepStrictEqual(received.sort(), ["1", "2", "3", "4", "5", "6"])
      assert.strictEqual(yield* shard.buffered, 0)
    }).pipe(Effect.provide(environment)))
})
