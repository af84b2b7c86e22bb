import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { keepInterruption } from "../../src/internal/time/index.js"

describe("a fiber that continues after it has closed a scope", () => {
  for (const position of [1, 2, 3]) {
    it.effect(`is interrupted while finalizer ${position} waits`, () =>
      Effect.gen(function*() {
        const continued = yield* Ref.make(false)
        const finalizers = [3, 2, 1].map((number) =>
          Effect.addFinalizer(() => number === position ? Effect.sleep("1 second") : Effect.void)
        )
        const fiber = yield* keepInterruption.pipe(
          Effect.zipRight(Effect.scoped(Effect.all(finalizers))),
          Effect.zipRight(Ref.set(continued, true)),
          Effect.zipRight(Effect.never),
          Effect.fork
        )
        yield* Effect.yieldNow()
        yield* Fiber.interruptFork(fiber)
        yield* TestClock.adjust("2 seconds")
        assert.isTrue(Option.exists(yield* Fiber.poll(fiber), Exit.isInterrupted))
        assert.isFalse(yield* Ref.get(continued))
      }))
  }
})
