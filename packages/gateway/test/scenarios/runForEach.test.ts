import { assert, describe, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Shard from "../../src/Shard.js"
import { inject, layer, startShard } from "../harness.js"

const onHandled = { acknowledge: "onHandled" } as const

const sendWith = (
  body: (number: number) => { readonly guild_id?: string },
  numbers: ReadonlyArray<number>
) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
    Effect.forEach(
      numbers,
      (number) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: String(number), ...body(number) } }),
      { discard: true }
    ))

/**
 * Sends events with these numbers as their content, each in a guild of its own. The first has the sequence 2, because READY is
 * before it.
 */
const send = (...numbers: ReadonlyArray<number>) => sendWith((number) => ({ guild_id: String(number) }), numbers)

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

const readNumber = (event: Dispatch.Dispatch) =>
  event.t === "MESSAGE_CREATE" ? Option.some(Number(event.d.content)) : Option.none()

/** Runs the handler for the numbered events. */
const run = <E, R>(
  shard: Shard.Shard,
  handler: (number: number) => Effect.Effect<unknown, E, R>,
  concurrency?: Shard.RunOptions["concurrency"],
  order?: Shard.RunOptions["order"]
) =>
  shard.runForEach((event) => Option.match(readNumber(event), { onNone: () => Effect.void, onSome: handler }), {
    concurrency,
    order
  })

const sequence = (shard: Shard.Shard) => Effect.map(shard.session, Option.map(({ sequence }) => sequence))

/** Runs everything that does not need the clock to advance. */
const settle = TestClock.adjust(1)

describe("runForEach", () => {
  it.scoped("handles events one after the other, over a lost connection, until the shard is closed", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const log: Array<string> = []
      const handling = yield* Effect.fork(run(shard, (number) =>
        Effect.sync(() => log.push(`${number} begins`)).pipe(
          Effect.delay("1 millis"),
          Effect.zipRight(Effect.sync(() => log.push(`${number} ends`)))
        )))
      yield* settle
      yield* send(1, 2)
      yield* inject(Fault.Drop())
      yield* send(3)
      yield* TestClock.adjust("1 second")
      yield* shard.close(CloseFrame.RESUME)
      yield* Fiber.join(handling)
      assert.deepStrictEqual(log, upTo(3).flatMap((number) => [`${number} begins`, `${number} ends`]))
    }).pipe(Effect.provide(layer())))

  it.scoped("begins in order, never more at once than it may, and as many as it may", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const begun: Array<number> = []
      let [running, most] = [0, 0]
      yield* Effect.fork(run(shard, (number) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            begun.push(number)
            most = Math.max(most, ++running)
          }),
          () => Effect.sleep(`${1 + number * 7 % 5} seconds`),
          () => Effect.sync(() => running--)
        ), 4))
      yield* settle
      // One event at a time first, so that the number of handlers grows, then many, so that it reaches its limit.
      for (const number of upTo(3)) {
        yield* send(number)
        yield* settle
      }
      assert.strictEqual(running, 3)
      yield* send(...upTo(40).slice(3))
      yield* settle
      assert.strictEqual(running, 4)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(begun, upTo(40))
      assert.deepStrictEqual([running, most], [0, 4])
    }).pipe(Effect.provide(layer())))

  const lanes = [
    ["of one guild", () => ({ guild_id: "7" })],
    ["without a guild", () => ({})]
  ] as const
  for (const [which, body] of lanes) {
    it.scoped(`handles events ${which} one after the other, however many it may handle at a time`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        const log: Array<string> = []
        yield* Effect.fork(run(shard, (number) =>
          Effect.sync(() => log.push(`${number} begins`)).pipe(
            Effect.delay(`${4 - number} seconds`),
            Effect.zipRight(Effect.sync(() => log.push(`${number} ends`)))
          ), "unbounded"))
        yield* settle
        yield* sendWith(body, upTo(3))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(log, upTo(3).flatMap((number) => [`${number} begins`, `${number} ends`]))
      }).pipe(Effect.provide(layer())))

    it.scoped(`handles events ${which} at the same time where they have no order`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        const ended: Array<number> = []
        yield* Effect.fork(run(
          shard,
          (number) => Effect.delay(Effect.sync(() => ended.push(number)), `${4 - number} seconds`),
          "unbounded",
          "none"
        ))
        yield* settle
        yield* sendWith(body, upTo(3))
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(ended, [3, 2, 1])
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("gives every event to each of several runs", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const [first, second]: readonly [Array<number>, Array<number>] = [[], []]
      yield* Effect.fork(run(shard, (number) => Effect.sync(() => first.push(number))))
      yield* Effect.fork(run(shard, (number) => Effect.delay(Effect.sync(() => second.push(number)), "1 second")))
      yield* settle
      yield* send(...upTo(20))
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual([first, second], [upTo(20), upTo(20)])
    }).pipe(Effect.provide(layer())))

  it.scoped("fails with the error of a handler, and leaves later events where they are", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      yield* send(1, 2, 3)
      const handled: Array<number> = []
      const failure = yield* Effect.flip(
        run(shard, (number) => number === 2 ? Effect.fail("no" as const) : Effect.sync(() => handled.push(number)))
      )
      assert.strictEqual(failure, "no")
      assert.deepStrictEqual(handled, [1])
      assert.deepStrictEqual(readNumber(yield* shard.nextEvent), Option.some(3))
    }).pipe(Effect.provide(layer())))

  it.scoped("handles what comes while it waits, by handlers that are done at once and others, until it is interrupted", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const handled: Array<number> = []
      const handling = yield* Effect.fork(run(shard, (number) => {
        if (number % 3 > 0) {
          handled.push(number)
          return Effect.void
        }
        return Effect.delay(Effect.sync(() => handled.push(number)), "1 millis")
      }))
      yield* settle
      for (const number of upTo(9)) {
        yield* send(number)
        yield* settle
        assert.deepStrictEqual(handled, upTo(number))
      }
      yield* send(10, 11)
      // They have woken the run, but it has not started to handle them.
      yield* Fiber.interrupt(handling)
      const next = yield* shard.nextEvent
      assert.deepStrictEqual(
        [...handled, ...Option.toArray(readNumber(next))],
        upTo(10),
        "each is handled or left for the next reader"
      )
    }).pipe(Effect.provide(layer())))

  it.scoped("dies of a handler that throws while it waits", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const handling = yield* Effect.fork(run(shard, (number) => {
        if (number === 2) {
          throw new Error("oh")
        }
        return Effect.void
      }))
      yield* settle
      yield* send(1)
      yield* settle
      yield* send(2, 3)
      const exit = yield* Fiber.await(handling)
      assert.deepStrictEqual(Exit.isFailure(exit) && Chunk.toReadonlyArray(Cause.defects(exit.cause)), [
        new Error("oh")
      ])
      assert.deepStrictEqual(readNumber(yield* shard.nextEvent), Option.some(3))
    }).pipe(Effect.provide(layer())))

  it.scoped("carries on over an event that is no JSON", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      yield* inject(Fault.SendText({ text: `{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"content":` }))
      const handled: Array<string> = []
      yield* Effect.fork(shard.runForEach((event) => Effect.sync(() => handled.push(event.t))))
      yield* inject(Fault.SendText({ text: `{"t":"TYPING_START","s":3,"op":0,"d":{}}` }))
      yield* settle
      assert.deepStrictEqual(handled, ["READY", "TYPING_START"])
      assert.deepStrictEqual(yield* sequence(shard), Option.some(3))
    }).pipe(Effect.provide(layer({ config: onHandled }))))

  it.scoped("fails when the gateway closes the shard permanently", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const handling = yield* Effect.fork(shard.runForEach(() => Effect.void, { concurrency: 3 }))
      yield* settle
      yield* inject(Fault.Close({ code: 4004, reason: "" }))
      const failure = yield* Effect.flip(Fiber.join(handling))
      assert.strictEqual(failure._tag, "FatallyClosedError")
    }).pipe(Effect.provide(layer())))

  it.scoped("lets handlers that run complete when it is interrupted, and begins no other", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      const handled: Array<number> = []
      const handling = yield* Effect.fork(
        run(shard, (number) => Effect.zipRight(Effect.sleep("3 seconds"), Effect.sync(() => handled.push(number))), 2)
      )
      yield* send(1, 2, 3)
      yield* settle
      const interrupted = yield* Effect.fork(Fiber.interrupt(handling))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(interrupted.unsafePoll(), null)
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interrupted)))
      assert.sameMembers(handled, [1, 2])
      assert.deepStrictEqual(yield* sequence(shard), Option.some(3))
    }).pipe(Effect.provide(layer({ config: onHandled }))))

  it.scoped("interrupts handlers that are not done after drainTimeout", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      const interruptedAt = yield* Deferred.make<number>()
      const handling = yield* Effect.fork(run(shard, () =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.flatMap(
            Effect.clockWith((clock) => clock.currentTimeMillis),
            (now) => Deferred.succeed(interruptedAt, now)
          ))))
      yield* send(1)
      yield* settle
      const begin = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const interrupted = yield* Effect.fork(Fiber.interrupt(handling))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(interrupted)
      assert.strictEqual((yield* Deferred.await(interruptedAt)) - begin, 4_000)
    }).pipe(Effect.provide(layer({ config: { drainTimeout: "4 seconds" } }))))

  it.scoped("ends with the shard's scope, whoever runs it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const shard = yield* Scope.extend(startShard, scope)
      yield* settle
      const handled: Array<number> = []
      const handling = yield* Effect.fork(
        run(shard, (number) => Effect.zipRight(Effect.sleep("1 second"), Effect.sync(() => handled.push(number))))
      )
      yield* send(1, 2)
      yield* settle
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      yield* Fiber.join(handling)
      assert.deepStrictEqual(handled, [1])
    }).pipe(Effect.provide(layer())))
})

describe("acknowledging what is handled", () => {
  it.scoped("keeps the session's sequence before the first event that is not handled", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      yield* send(1, 2, 3)
      yield* settle
      assert.deepStrictEqual(yield* sequence(shard), Option.some(1), "nothing is read")
      const gates = yield* Effect.forEach(upTo(3), () => Deferred.make<void>())
      const open = (number: number) =>
        Effect.zipRight(
          Effect.forEach(gates.slice(number - 1, number), (gate) => Deferred.succeed(gate, undefined)),
          settle
        )
      yield* Effect.fork(run(shard, (number) => Effect.forEach(gates.slice(number - 1, number), Deferred.await), 3))
      yield* settle
      yield* open(2)
      yield* open(3)
      assert.deepStrictEqual(yield* sequence(shard), Option.some(1), "the first is not handled")
      yield* open(1)
      assert.deepStrictEqual(yield* sequence(shard), Option.some(4))
    }).pipe(Effect.provide(layer({ config: onHandled }))))

  it.scoped("counts what nobody wants as handled, in its turn", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* startShard
      yield* settle
      const typing = simulator.dispatch({ t: "TYPING_START", d: {} })
      yield* Effect.zipRight(typing, typing)
      yield* settle
      assert.deepStrictEqual(yield* sequence(shard), Option.some(3))
      yield* send(1)
      yield* typing
      yield* settle
      assert.deepStrictEqual(yield* sequence(shard), Option.some(3), "an event before the last waits")
      yield* Effect.fork(run(shard, () => Effect.void))
      yield* settle
      assert.deepStrictEqual(yield* sequence(shard), Option.some(5))
    }).pipe(Effect.provide(layer({ config: { ...onHandled, events: ["MESSAGE_CREATE"] } }))))

  it.scoped("gives an event whose handler failed or was interrupted to the next reader, before later ones", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      yield* send(1, 2, 3, 4)
      const handled: Array<number> = []
      let attempts = 0
      yield* Effect.fork(
        run(
          shard,
          (number) => number === 2 && ++attempts < 3 ? Effect.fail("not yet") : Effect.sync(() => handled.push(number))
        ).pipe(Effect.retry({ times: 2 }))
      )
      yield* settle
      assert.deepStrictEqual(handled, [1, 2, 3, 4])
      assert.deepStrictEqual(yield* sequence(shard), Option.some(5))
    }).pipe(Effect.provide(layer({ config: onHandled }))))

  it.scoped("does not hold back a new session for what an old one left unhandled", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* settle
      yield* send(1, 2)
      yield* inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("10 seconds")
      yield* Effect.fork(run(shard, (number) => number === 1 ? Effect.never : Effect.void, 2))
      yield* send(3)
      yield* settle
      assert.deepStrictEqual(yield* sequence(shard), Option.some(2))
    }).pipe(Effect.provide(layer({ config: { ...onHandled, drainTimeout: 0 } }))))

  it.scoped(
    "is right whatever the order in which handlers succeed, fail and are interrupted",
    () =>
      Effect.gen(function*() {
        // The time of each handler, and the number of failures before it succeeds.
        const lives = FastCheck.sample(
          FastCheck.record({
            concurrency: FastCheck.integer({ min: 1, max: 6 }),
            handlers: FastCheck.array(
              FastCheck.tuple(FastCheck.integer({ min: 0, max: 900 }), FastCheck.integer({ min: 0, max: 2 })),
              { minLength: 1, maxLength: 20 }
            )
          }),
          { numRuns: 12, seed: 7 }
        )
        for (const { concurrency, handlers } of lives) {
          yield* Effect.gen(function*() {
            const shard = yield* Shard.make(ShardId.single)
            yield* shard.connect
            yield* settle
            yield* send(...upTo(handlers.length))
            const handled = new Set<number>()
            const failures = new Map<number, number>()
            const running = yield* Effect.fork(Effect.retry(
              run(shard, (number) =>
                Effect.suspend(() => {
                  const [millis, fails] = handlers[number - 1] ?? [0, 0]
                  const before = failures.get(number) ?? 0
                  failures.set(number, before + 1)
                  return before < fails
                    ? Effect.delay(Effect.fail("again"), millis)
                    : Effect.delay(Effect.sync(() => handled.add(number)), millis)
                }), concurrency),
              { times: 100 }
            ))
            for (let step = 0; step < 200 && handled.size < handlers.length; step++) {
              yield* TestClock.adjust("150 millis")
              let expected = 0
              while (handled.has(expected + 1)) {
                expected++
              }
              // READY has the sequence 1, so the event with the number n has n + 1.
              assert.deepStrictEqual(yield* sequence(shard), Option.some(expected + 1))
            }
            assert.strictEqual(handled.size, handlers.length)
            yield* Fiber.interrupt(running)
          }).pipe(Effect.scoped, Effect.provide(layer({ config: onHandled })))
        }
      }),
    20_000
  )
})
