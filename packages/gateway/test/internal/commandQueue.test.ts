import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Kind from "../../src/internal/commands/kind.js"
import * as Order from "../../src/internal/commands/order.js"
import type { OutgoingCommand } from "../../src/internal/commands/outgoingMessage.js"
import * as CommandQueue from "../../src/internal/commands/queue.js"
import * as ShardError from "../../src/ShardError.js"

const plain = Kind.CommandKind.Plain()
const presence = Kind.CommandKind.Presence()
const bulk = Kind.CommandKind.Bulk()
const voice = (guildId: string) => Kind.CommandKind.VoiceState({ guildId })

const command = (text: string, kind: Kind.CommandKind): OutgoingCommand => ({
  subject: "command",
  payload: text,
  text,
  bytes: text.length,
  kind
})

/** Runs forked fibers until they wait. */
const settle = Effect.repeatN(Effect.yieldNow(), 10)

const writeAll = (queue: CommandQueue.CommandQueue, count: number) => {
  const written: Array<string> = []
  return Effect.as(
    Effect.repeatN(queue.writeNext(Order.noneLimited, ({ text }) => Effect.sync(() => written.push(text))), count - 1),
    written
  )
}

describe("commandQueue", () => {
  it.effect("writes in the order given, and tells each sender when it is done", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const senders = yield* Effect.forEach(["a", "b", "c"], (text) => Effect.fork(queue.send(command(text, plain))))
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
      const first = yield* Effect.fork(queue.send(command("a", plain)))
      yield* Effect.fork(queue.send(command("b", plain)))
      yield* settle
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["b"])
      assert.strictEqual(queue.unsafeSize(), 0)
    }))

  it.effect("lets senders wait for a place while it is full", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(2)
      yield* Effect.forEach(["a", "b", "c"], (text) => Effect.fork(queue.send(command(text, plain))))
      yield* settle
      assert.strictEqual(queue.unsafeSize(), 2)
      yield* writeAll(queue, 1)
      yield* settle
      assert.deepStrictEqual(yield* writeAll(queue, 2), ["b", "c"])
    }))

  it.effect("keeps a command whose writing failed or was interrupted at the front", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(2)
      const sender = yield* Effect.fork(queue.send(command("a", plain)))
      yield* Effect.fork(queue.send(command("b", plain)))
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Effect.exit(queue.writeNext(Order.noneLimited, () => Effect.fail("lost")))))
      const writing = yield* Effect.fork(queue.writeNext(Order.noneLimited, () => Effect.never))
      yield* settle
      yield* Fiber.interrupt(writing)
      assert.isNull(sender.unsafePoll())
      assert.deepStrictEqual(yield* writeAll(queue, 2), ["a", "b"])
      yield* Fiber.join(sender)
    }))

  it.effect("tells the writer when a command comes or waits, and only then", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(2)
      let told = 0
      const listener = () => {
        told++
      }
      queue.unsafeSetListener(listener)
      assert.deepStrictEqual([told, queue.unsafeHasNext()], [0, false])
      yield* Effect.fork(queue.send(command("a", plain)))
      yield* settle
      assert.deepStrictEqual([told, queue.unsafeHasNext()], [1, true])
      queue.unsafeSetListener(undefined)
      queue.unsafeSetListener(listener)
      assert.strictEqual(told, 2)
      yield* writeAll(queue, 1)
      assert.deepStrictEqual([told, queue.unsafeHasNext()], [2, false])
      queue.unsafeSetListener(undefined)
      yield* Effect.fork(queue.send(command("b", plain)))
      yield* settle
      assert.strictEqual(told, 2)
    }))

  it.effect("fails what waits and what comes once it is closed, until it is opened again", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(1)
      const senders = yield* Effect.forEach(
        ["a", "b"],
        (text) => Effect.fork(Effect.flip(queue.send(command(text, plain))))
      )
      yield* settle
      yield* queue.close(new ShardError.ShardClosedError())
      for (const sender of senders) {
        assert.strictEqual((yield* Fiber.join(sender)).reason, "Sending")
      }
      assert.strictEqual((yield* Effect.flip(queue.send(command("c", plain)))).reason, "Sending")
      queue.unsafeReopen()
      yield* Effect.fork(queue.send(command("d", plain)))
      yield* settle
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["d"])
    }))

  const given = (queue: CommandQueue.CommandQueue, kind: Kind.CommandKind, text: string) =>
    Effect.zipLeft(Effect.fork(queue.send(command(text, kind))), settle)

  it.effect("writes only the newest of a state, in the place of the oldest, and tells all who asked", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const first = yield* given(queue, presence, "p1")
      yield* given(queue, plain, "a")
      yield* given(queue, voice("1"), "v1")
      yield* given(queue, voice("2"), "w1")
      const third = yield* given(queue, presence, "p2")
      yield* given(queue, voice("1"), "v2")
      assert.strictEqual(queue.unsafeSize(), 4)
      assert.isNull(first.unsafePoll(), "it completes when the newer one was written")
      assert.deepStrictEqual(yield* writeAll(queue, 4), ["p2", "a", "v2", "w1"])
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(third)], ["Replaced", "Written"])
    }))

  it.effect("leaves the newer one alone when the sender of the one it replaced is interrupted", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const older = yield* given(queue, presence, "p1")
      const newer = yield* given(queue, presence, "p2")
      yield* Fiber.interrupt(older)
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["p2"])
      assert.strictEqual(yield* Fiber.join(newer), "Written")
    }))

  it.effect("goes back to the older one when the newer one is taken back, and is empty when both are", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const older = yield* given(queue, presence, "p1")
      yield* Fiber.interrupt(yield* given(queue, presence, "p2"))
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["p1"])
      assert.strictEqual(yield* Fiber.join(older), "Written")
      const both = [yield* given(queue, presence, "p3"), yield* given(queue, presence, "p4")]
      yield* Fiber.interruptAll(both)
      assert.strictEqual(queue.unsafeSize(), 0)
      assert.isFalse(queue.unsafeHasNext())
    }))

  it.effect("does not replace what is being written, unless that fails", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const older = yield* given(queue, presence, "p1")
      const writing = yield* Effect.fork(queue.writeNext(Order.noneLimited, () => Effect.never))
      yield* settle
      const newer = yield* given(queue, presence, "p2")
      assert.strictEqual(queue.unsafeSize(), 2)
      yield* Fiber.interrupt(writing)
      assert.strictEqual(queue.unsafeSize(), 1)
      assert.deepStrictEqual(yield* writeAll(queue, 1), ["p2"])
      assert.deepStrictEqual([yield* Fiber.join(older), yield* Fiber.join(newer)], ["Replaced", "Written"])
    }))

  it.effect("knows which states wait, until they are being written", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      yield* given(queue, presence, "p1")
      yield* given(queue, plain, "a")
      const waiting = () => [presence, voice("1"), plain].map(queue.unsafeIsWaiting)
      assert.deepStrictEqual(waiting(), [true, false, false])
      yield* writeAll(queue, 1)
      assert.deepStrictEqual(waiting(), [false, false, false])
    }))

  it.effect("forgets what was taken back while it was being written, if that fails", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(10)
      const sender = yield* given(queue, plain, "a")
      const writing = yield* Effect.fork(queue.writeNext(Order.noneLimited, () => Effect.never))
      yield* settle
      yield* Fiber.interrupt(sender)
      yield* Fiber.interrupt(writing)
      assert.strictEqual(queue.unsafeSize(), 0)
    }))

  it.effect("lets others pass presences that are held, and states in when it is full", () =>
    Effect.gen(function*() {
      const presencesHeld = { presences: true, bulk: false }
      const queue = CommandQueue.make(1)
      yield* given(queue, presence, "p")
      const waiting = yield* Effect.fork(queue.awaitNext(presencesHeld))
      yield* settle
      assert.isNull(waiting.unsafePoll())
      yield* given(queue, plain, "a")
      yield* given(queue, plain, "b")
      yield* given(queue, voice("1"), "v")
      yield* Fiber.join(waiting)
      assert.strictEqual(queue.unsafeSize(), 3)
      const written: Array<string> = []
      yield* Effect.repeatN(queue.writeNext(presencesHeld, ({ text }) => Effect.sync(() => written.push(text))), 1)
      assert.deepStrictEqual(written, ["a", "v"])
    }))

  it.effect("tells whoever waits for its end, each time anew", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(1)
      const end = yield* Effect.fork(Effect.flip(queue.awaitClosed))
      yield* queue.close(new ShardError.ShardClosedError())
      assert.strictEqual((yield* Fiber.join(end)).reason, "Sending")
      queue.unsafeReopen()
      const again = yield* Effect.fork(Effect.flip(queue.awaitClosed))
      yield* settle
      assert.isNull(again.unsafePoll())
      yield* queue.close(new ShardError.ShardClosedError())
      yield* Fiber.join(again)
    }))

  const orderOfFibers = (capacity: number, fibers: number, kindOf: (fiber: number) => Kind.CommandKind) =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(capacity)
      const each = 10
      yield* Effect.forEach(
        Array.from({ length: fibers }, (_, fiber) => fiber),
        (fiber) => Effect.fork(Effect.repeatN(queue.send(command(`${fiber}`, kindOf(fiber))), each - 1))
      )
      yield* settle
      const written: Array<string> = []
      while (queue.unsafeHasNext()) {
        yield* queue.writeNext(Order.noneLimited, ({ text }) => Effect.sync(() => written.push(text)))
        yield* settle
      }
      return written
    })

  it.effect("gives places in the order of asking, however many ask again as soon as they have sent", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.integer({ min: 1, max: 8 }),
          FastCheck.integer({ min: 1, max: 20 }),
          FastCheck.constantFrom(plain, bulk),
          async (capacity, fibers, kind) => {
            const written = await Effect.runPromise(orderOfFibers(capacity, fibers, () => kind))
            assert.deepStrictEqual(written, Array.from({ length: 10 * fibers }, (_, i) => `${i % fibers}`))
          }
        ),
        { numRuns: 25, seed: 18 }
      )
    ))

  it.effect("takes an interrupted sender out of those that wait for a place, and gives the next its turn", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(1)
      yield* given(queue, plain, "a")
      const second = yield* given(queue, plain, "b")
      yield* given(queue, plain, "c")
      yield* Fiber.interrupt(second)
      assert.deepStrictEqual(yield* writeAll(queue, 2), ["a", "c"])
    }))

  it.effect("lets neither plain commands nor bulk requests wait for a place of the other", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(1)
      for (const text of ["b1", "b2", "b3"]) {
        yield* given(queue, bulk, text)
      }
      yield* given(queue, plain, "a")
      yield* given(queue, presence, "p")
      yield* given(queue, voice("1"), "v")
      assert.deepStrictEqual(yield* writeAll(queue, 6), ["a", "p", "v", "b1", "b2", "b3"])
    }))

  it.effect("lets a bulk request pass after four others, so that it is not starved", () =>
    Effect.gen(function*() {
      const written = yield* orderOfFibers(4, 12, (fiber) => fiber === 0 ? bulk : plain)
      const turns = written.flatMap((text, i) => text === "0" ? [i] : [])
      assert.deepStrictEqual(turns, Array.from({ length: 10 }, (_, i) => 4 + 5 * i))
    }))

  it.effect("writes what is not held, and nothing while all is", () =>
    Effect.gen(function*() {
      const queue = CommandQueue.make(4)
      const held = { presences: true, bulk: true }
      yield* given(queue, bulk, "b")
      yield* given(queue, presence, "p")
      assert.isFalse(queue.unsafeHasNext(held))
      const waiting = yield* Effect.fork(queue.awaitNext(held))
      yield* settle
      assert.isNull(waiting.unsafePoll())
      yield* given(queue, voice("1"), "v")
      yield* Fiber.join(waiting)
      const written: Array<string> = []
      yield* Effect.repeatN(queue.writeNext(held, ({ text }) => Effect.sync(() => written.push(text))), 2)
      assert.deepStrictEqual(written, ["v"])
    }))

  it.effect("hands over those that wait for a place too, in their order, and fails them when it is closed", () =>
    Effect.gen(function*() {
      const [from, to] = [CommandQueue.make(1), CommandQueue.make(1)]
      for (const text of ["a", "b", "c"]) {
        yield* given(from, plain, text)
      }
      from.unsafeForward(() => [to])
      assert.deepStrictEqual([from.unsafeSize(), to.unsafeSize()], [0, 1])
      assert.deepStrictEqual(yield* writeAll(to, 2), ["a", "b"])
      const last = yield* given(to, plain, "d")
      yield* to.close(new ShardError.ShardClosedError())
      assert.strictEqual((yield* Effect.flip(Fiber.join(last))).reason, "Sending")
      assert.strictEqual(to.unsafeSize(), 0)
    }))
})
