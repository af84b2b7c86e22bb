import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Guard from "../../src/internal/foreign/guard.js"

const limit = Duration.seconds(5)
const message = (cause: unknown) => cause instanceof Error ? cause.message : String(cause)

/** Operations that violate their type, and the failure of the caller. */
const broken: ReadonlyArray<readonly [what: string, evaluate: () => Effect.Effect<string, string>, failure: RegExp]> = [
  ["throws", () => {
    throw new Error("no database")
  }, /no database/],
  ["dies", () => Effect.die(new Error("no database")), /no database/],
  ["fails", () => Effect.fail("no database"), /no database/],
  ["fails beside a defect", () => Effect.ensuring(Effect.fail("no database"), Effect.die("worse")), /no database/],
  ["interrupts itself", () => Effect.interrupt, /Interrupted|interrupted/],
  [
    "joins a fiber that was interrupted",
    () => Effect.flatMap(Effect.fork(Effect.interrupt), Fiber.join),
    /Interrupted|interrupted/
  ],
  // Violates the signature on purpose.
  ["returns a promise", () => Promise.resolve("done") as unknown as Effect.Effect<string>, /no Effect/],
  ["returns nothing", () => undefined as unknown as Effect.Effect<string>, /no Effect/]
]

const endless: ReadonlyArray<readonly [what: string, evaluate: () => Effect.Effect<string>]> = [
  ["hangs", () => Effect.never],
  ["hangs and cannot be interrupted", () => Effect.uninterruptible(Effect.never)],
  [
    "hangs while it acquires",
    () => Effect.acquireUseRelease(Effect.never, () => Effect.succeed(""), () => Effect.void)
  ],
  ["hangs while it is interrupted", () => Effect.onInterrupt(Effect.never, () => Effect.never)]
]

const regions = [
  ["can be interrupted", Effect.interruptible],
  ["cannot be interrupted", Effect.uninterruptible]
] as const

describe("foreign code", () => {
  for (const [region, inRegion] of regions) {
    for (const [what, evaluate, failure] of broken) {
      it.effect(`that ${what} is a failure where the caller ${region}`, () =>
        Effect.gen(function*() {
          const options = { limit, onDefect: message }
          assert.match(yield* Effect.flip(inRegion(Guard.runWithin(evaluate, options))), failure)
          assert.match(yield* Effect.flip(inRegion(Guard.run(evaluate, options))), failure)
        }))
    }

    for (const [what, evaluate] of endless) {
      it.effect(`that ${what} is given up at the limit where the caller ${region}`, () =>
        Effect.gen(function*() {
          const caller = yield* Effect.fork(inRegion(
            Effect.either(Guard.runWithin(evaluate, { limit, onDefect: message }))
          ))
          yield* TestClock.adjust("4999 millis")
          assert.isNull(caller.unsafePoll())
          yield* TestClock.adjust("1 millis")
          assert.deepStrictEqual(yield* Fiber.join(caller), Either.left("it took over 5s"))
        }))
    }
  }

  for (const [what, evaluate] of endless) {
    it.effect(`that ${what} does not keep a caller that is interrupted`, () =>
      Effect.gen(function*() {
        const options = { limit, onDefect: message }
        for (const call of [Guard.run(evaluate, options), Guard.runWithin(evaluate, options)]) {
          const caller = yield* Effect.fork(call)
          yield* TestClock.adjust("1 second")
          const interrupting = yield* Effect.fork(Fiber.interrupt(caller))
          yield* TestClock.adjust("1 second")
          assert.isNotNull(interrupting.unsafePoll())
        }
      }))
  }

  it.effect("that ends in time is as it is without the guard", () =>
    Effect.gen(function*() {
      const options = { limit, onDefect: message }
      const caller = yield* Effect.fork(Guard.runWithin(() => Effect.delay(Effect.succeed(1), "3 seconds"), options))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(caller), 1)
      assert.strictEqual(yield* Guard.run(() => Effect.succeed(2), options), 2)
    }))

  it.effect("that a caller interrupts has a second to release what it holds", () =>
    Effect.gen(function*() {
      let isReleased = false
      const release = Effect.delay(
        Effect.sync(() => {
          isReleased = true
        }),
        "500 millis"
      )
      const options = { onDefect: message }
      const caller = yield* Effect.fork(Guard.run(() => Effect.onInterrupt(Effect.never, () => release), options))
      yield* TestClock.adjust(0)
      const interrupting = yield* Effect.fork(Fiber.interrupt(caller))
      yield* TestClock.adjust("499 millis")
      assert.isNull(interrupting.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(isReleased)
      assert.isNotNull(interrupting.unsafePoll())
    }))

  it.effect("that was started goes on when its caller is interrupted", () =>
    Effect.gen(function*() {
      let isDone = false
      const operation = Effect.delay(
        Effect.sync(() => {
          isDone = true
        }),
        "1 second"
      )
      const caller = yield* Effect.fork(Effect.flatten(Guard.start(operation)))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(caller)
      yield* TestClock.adjust("1 second")
      assert.isTrue(isDone)
    }))

  it.effect("that ends after the limit is reported", () =>
    Effect.gen(function*() {
      let isLate = false
      const onLate = Effect.sync(() => {
        isLate = true
      })
      const late = () => Effect.uninterruptible(Effect.sleep("7 seconds"))
      const caller = yield* Effect.fork(Guard.runWithin(late, { limit, onDefect: message, onLate }))
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* Effect.flip(Fiber.join(caller)), "it took over 5s")
      assert.isFalse(isLate)
      yield* TestClock.adjust("1 second")
      assert.isTrue(isLate)
    }))
})
