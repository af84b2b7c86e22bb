import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { endInTime } from "../../src/cluster/endInTime.js"

/** Serves until it is asked to go, after a minute; then it takes its time. */
const program = (goodbye: Effect.Effect<void>) => (ending: Effect.Effect<void>) =>
  Effect.as(Effect.sleep("1 minute"), "done").pipe(
    Effect.ensuring(Effect.zipRight(ending, goodbye))
  )

const run = (goodbye: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const isLate = yield* Ref.make(false)
    const running = yield* Effect.fork(
      endInTime("25 seconds", Effect.as(Ref.set(isLate, true), "late"), program(goodbye))
    )
    return { running, isLate: Ref.get(isLate) }
  })

describe("a program that must end in time", () => {
  it.effect("has as long as it wants before it begins to end, and gives what it came to", () =>
    Effect.gen(function*() {
      const { running } = yield* run(Effect.sleep("24 seconds"))
      yield* TestClock.adjust("84 seconds")
      assert.strictEqual(yield* Fiber.join(running), "done")
    }))

  it.effect("is left behind when it does not end", () =>
    Effect.gen(function*() {
      const { running } = yield* run(Effect.never)
      yield* TestClock.adjust("84999 millis")
      assert.isNull(running.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(running), "late")
    }))

  it.effect("ends when it is interrupted, however often that is", () =>
    Effect.gen(function*() {
      const { running } = yield* run(Effect.sleep("10 seconds"))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interruptFork(running)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptFork(running)
      yield* TestClock.adjust("8999 millis")
      assert.isNull(running.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(running)))
    }))

  it.effect("is left behind when it does not end though it was interrupted", () =>
    Effect.gen(function*() {
      const { isLate, running } = yield* run(Effect.never)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interruptFork(running)
      yield* TestClock.adjust("25 seconds")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(running)))
      assert.isTrue(yield* isLate)
    }))
})
