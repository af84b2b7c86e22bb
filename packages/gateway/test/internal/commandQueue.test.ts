import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as CommandQueue from "../../src/internal/commandQueue.js"
import * as ShardError from "../../src/ShardError.js"

/** Lets forked fibers run until they wait. */
const settle = Effect.repeatN(Effect.yieldNow(), 10)

const writeAll = (queue: CommandQueue.CommandQueue, count: number) => {
  const written: Array<string> = []
  return Effect.as(
    Effect.repeatN(queue.writeNext((text) => Effect.sync(() => written.push(text))), count - 1),
    written
  )
}

describe("commandQueue", () => {
  it.effect("writes in the order given, and tells each sender when it is done", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const senders = yield* Effect.forEach(["a", "b", "c"], (text) => Effect.fork(queue.send(text)))
      yield* settle
      assert.deepStrictEqual(yield* writeAll(queue, 2), ["a", "b"])
      yield* settle
      assert.deepStrictEqual(senders.map((sender) => sender.unsafePoll() !== null), [true, true, false])
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["c"])
      yield* Fiber.joinAll(senders)
    }))

  it.effect("takes back the command of an interrupted sender", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const first = yield* Effect.fork(queue.send("a"))
      yield* Effect.fork(queue.send("b"))
      yield* settle
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["b"])
      assert.strictEqual(queue.unsafeSize(), 0)
    }))

  it.effect("lets senders wait for a place while it is full", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(2)
      yield* Effect.forEach(["a", "b", "c"], (text) => Effect.fork(queue.send(text)))
      yield* settle
      assert.strictEqual(queue.unsafeSize(), 2)
      yield* writeAll(queue, 1)
      yield* settle
      assert.deepStrictEqual(yield* writeAll(queue, 2), ["b", "c"])
    }))

  it.effect("keeps a command whose writing failed or was interrupted at the front", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(2)
      const sender = yield* Effect.fork(queue.send("a"))
      yield* Effect.fork(queue.send("b"))
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Effect.exit(queue.writeNext(() => Effect.fail("lost")))))
      const writing = yield* Effect.fork(queue.writeNext(() => Effect.never))
      yield* settle
      yield* Fiber.interrupt(writing)
      assert.isNull(sender.unsafePoll())
      assert.deepStrictEqual(yield* writeAll(queue, 2), ["a", "b"])
      yield* Fiber.join(sender)
    }))

  it.effect("wakes the writer when a command comes, and only then", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(2)
      const waiting = yield* Effect.fork(queue.awaitCommand)
      yield* settle
      assert.isNull(waiting.unsafePoll())
      yield* Effect.fork(queue.send("a"))
      yield* Fiber.join(waiting)
      yield* writeAll(queue, 1)
      const again = yield* Effect.fork(queue.awaitCommand)
      yield* settle
      assert.isNull(again.unsafePoll())
      yield* Fiber.interrupt(again)
    }))

  it.effect("fails what waits and what comes once it is closed, until it is opened again", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(1)
      const senders = yield* Effect.forEach(["a", "b"], (text) => Effect.fork(Effect.flip(queue.send(text))))
      yield* settle
      yield* queue.close(new ShardError.ShardClosedError())
      for (const sender of senders) {
        assert.strictEqual((yield* Fiber.join(sender)).reason, "Sending")
      }
      assert.strictEqual((yield* Effect.flip(queue.send("c"))).reason, "Sending")
      queue.unsafeReopen()
      yield* Effect.fork(queue.send("d"))
      yield* settle
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["d"])
    }))
})
