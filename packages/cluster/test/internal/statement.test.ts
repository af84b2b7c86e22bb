import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { inTime } from "../../src/internal/database/statement.js"

describe("a statement", () => {
  it.effect("that is not answered fails in time, also for whoever cannot be interrupted", () =>
    Effect.gen(function*() {
      const asking = yield* Effect.fork(Effect.uninterruptible(Effect.either(inTime(Effect.never))))
      yield* TestClock.adjust("1999 millis")
      assert.isNull(asking.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.isNotNull(asking.unsafePoll())
      assert.isTrue(Either.isLeft(yield* Fiber.join(asking)))
    }))

  it.effect("is waited for by whoever cannot be interrupted, however often that is tried", () =>
    Effect.gen(function*() {
      const answered = yield* Deferred.make<number>()
      const asking = yield* Effect.uninterruptible(
        Effect.flatMap(
          Effect.either(inTime(Effect.as(Effect.sleep("1 second"), 1))),
          (answer) => Deferred.succeed(answered, Either.getOrElse(answer, () => 0))
        )
      ).pipe(Effect.fork)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interruptFork(asking)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interruptFork(asking)
      yield* TestClock.adjust("800 millis")
      assert.strictEqual(yield* Deferred.await(answered), 1)
    }))

  it.effect("is let go at once by whoever is interrupted", () =>
    Effect.gen(function*() {
      const asking = yield* Effect.fork(inTime(Effect.uninterruptible(Effect.sleep("1 minute"))))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(asking)
    }))
})
