import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as EventBuffer from "../../src/internal/eventBuffer.js"
import * as ShardError from "../../src/ShardError.js"

const control = (text: string): EventBuffer.Item => ({ _tag: "Control", text })

const makeSource = (buffer: EventBuffer.EventBuffer) => {
  const calls: Array<string> = []
  buffer.unsafeSetSource(Option.some({ pause: () => calls.push("pause"), resume: () => calls.push("resume") }))
  return calls
}

describe("eventBuffer", () => {
  it.effect("gives items in the order in which they came", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(10)
      for (let i = 0; i < 500; i++) {
        buffer.unsafePush(control(`${i}a`))
        buffer.unsafePush(control(`${i}b`))
        assert.deepStrictEqual(yield* buffer.take, control(i % 2 === 0 ? `${i / 2}a` : `${(i - 1) / 2}b`))
      }
      assert.strictEqual(buffer.unsafeSize(), 500)
    }))

  it.effect("lets a reader wait", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(10)
      const reader = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      buffer.unsafePush(control("a"))
      assert.deepStrictEqual(yield* Fiber.join(reader), control("a"))
    }))

  it.effect("does not wake a reader of events for a control payload, unless somebody waits who wants it", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(10)
      const events = yield* Effect.fork(Effect.map(buffer.awaitForEvents, buffer.unsafeTake))
      yield* Effect.yieldNow()
      buffer.unsafeNotify(control("a"))
      assert.strictEqual(buffer.unsafeSize(), 0)
      const all = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      buffer.unsafeNotify(control("b"))
      buffer.unsafeNotify(control("c"))
      const items = yield* Effect.all([Fiber.join(events), Fiber.join(all)])
      assert.sameDeepMembers(items, [control("b"), control("c")])
    }))

  it.effect("keeps control payloads from one who is told of many buffers, unless somebody waits who wants them", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(10)
      let told = 0
      buffer.unsafeSetListener(() => {
        told++
      })
      buffer.unsafeNotify(control("a"))
      assert.deepStrictEqual([told, buffer.unsafeSize()], [0, 0])
      const reader = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      buffer.unsafeNotify(control("b"))
      assert.deepStrictEqual(yield* Fiber.join(reader), control("b"))
      buffer.unsafeNotify({ _tag: "Close", frame: Option.none() })
      assert.deepStrictEqual([told, buffer.unsafeSize()], [2, 1])
    }))

  it.effect("gives each item to exactly one of several readers", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(10)
      const readers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(buffer.take))
      yield* Effect.yieldNow()
      buffer.unsafePush(control("a"))
      yield* Effect.yieldNow()
      buffer.unsafePush(control("b"))
      buffer.unsafePush(control("c"))
      const items = yield* Effect.forEach(readers, Fiber.join)
      assert.deepStrictEqual(items.map((item) => item._tag === "Control" ? item.text : "").sort(), ["a", "b", "c"])
      assert.strictEqual(buffer.unsafeSize(), 0)
    }))

  it.effect("loses nothing when a waiting reader is interrupted, woken or not", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(10)
      const first = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      const second = yield* Effect.fork(buffer.take)
      const third = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      buffer.unsafePush(control("a"))
      // Both were woken; the second is interrupted before it could take anything.
      const exit = yield* Fiber.interrupt(second)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.deepStrictEqual(yield* Fiber.join(third), control("a"))
    }))

  it.effect("pauses its source when it is full, and resumes it when half of it was taken", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(4)
      const calls = makeSource(buffer)
      for (let i = 0; i < 3; i++) {
        buffer.unsafePush(control("x"))
      }
      assert.deepStrictEqual(calls, [])
      buffer.unsafePush(control("x"))
      buffer.unsafePush(control("what was on the way still gets in"))
      assert.deepStrictEqual(calls, ["pause"])
      assert.isTrue(buffer.unsafeIsFull())
      yield* Effect.repeatN(buffer.take, 1)
      assert.deepStrictEqual(calls, ["pause"])
      yield* buffer.take
      assert.deepStrictEqual(calls, ["pause", "resume"])
    }))

  it("pauses a new source at once if it is full already", () => {
    const buffer = EventBuffer.make(1)
    buffer.unsafePush(control("x"))
    assert.deepStrictEqual(makeSource(buffer), ["pause"])
  })

  it("drops notices when it is twice as full as it should be, and no others", () => {
    const buffer = EventBuffer.make(2)
    for (let i = 0; i < 10; i++) {
      buffer.unsafeNotify(control("notice"))
    }
    assert.strictEqual(buffer.unsafeSize(), 4)
    buffer.unsafePush(control("event"))
    assert.strictEqual(buffer.unsafeSize(), 5)
  })

  it.effect("can be read to its end, then fails, for waiting readers too", () =>
    Effect.gen(function*() {
      const buffer = EventBuffer.make(2)
      const error = new ShardError.ShardClosedError()
      buffer.unsafePush(control("last"))
      buffer.unsafeEnd(error)
      assert.deepStrictEqual(yield* buffer.take, control("last"))
      assert.deepStrictEqual(yield* Effect.flip(buffer.take), error)
      buffer.unsafeReopen()
      const reader = yield* Effect.fork(Effect.flip(buffer.take))
      yield* Effect.yieldNow()
      buffer.unsafeEnd(error)
      assert.deepStrictEqual(yield* Fiber.join(reader), error)
    }))
})
