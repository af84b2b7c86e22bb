import { assert, describe, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { bots, environment, identifies, send, settle, simulator } from "./assembly.js"
import * as Events from "../src/Events.js"
import * as Fleet from "../src/Fleet.js"
import * as Shard from "../src/Shard.js"
import { awaitReady, inject, layer, startShard } from "./harness.js"

const contentIs = (content: string) => ({ d }: Dispatch.Of<"MESSAGE_CREATE">) => d.content === content

const message = (self: Shard.Shard | Fleet.Fleet, content: string, within?: "1 minute") =>
  Effect.map(Events.next(self, "MESSAGE_CREATE", { where: contentIs(content), within }), ({ d }) => d.content)

const messages = (received: ReadonlyArray<Dispatch.Of<"MESSAGE_CREATE">>) => received.map(({ d }) => d.content)

const startFleet = Effect.gen(function*() {
  const fleet = yield* Fleet.make({ shards: { total: 2 } })
  yield* TestClock.adjust("10 seconds")
  return fleet
})

/** A connected shard whose events are read by handlers. */
const readShard = Effect.gen(function*() {
  const shard = yield* startShard
  yield* Effect.forkScoped(shard.runForEach(() => Effect.void))
  yield* settle
  return shard
})

const sequence = (shard: Shard.Shard) => Effect.map(shard.session, (session) => Option.getOrThrow(session).sequence)

describe("next", () => {
  it.scoped("returns the first event that matches, and data-last does the same", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      const waits = yield* Effect.fork(Effect.all([
        message(shard, "b"),
        Effect.map(Events.next("MESSAGE_CREATE")(shard), ({ d }) => d.content)
      ], { concurrency: "unbounded" }))
      yield* settle
      yield* send("a", "b", "b")
      assert.deepStrictEqual(yield* Fiber.join(waits), ["b", "a"])
    }).pipe(Effect.provide(layer())))

  it.scoped("receives events from its start only", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      yield* send("a")
      yield* settle
      const wait = yield* Effect.fork(message(shard, "a", "1 minute"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(Fiber.join(wait)))._tag, "NoEventError")
    }).pipe(Effect.provide(layer())))

  it.scoped("fails after the time with the name of the event and a remedy", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      const wait = yield* Effect.fork(message(shard, "b", "1 minute"))
      yield* settle
      yield* send("a")
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(wait)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(
        (yield* Effect.flip(Fiber.join(wait))).message,
        "no MESSAGE_CREATE that matches arrived within 1m; wait longer with `within`, or continue without the event"
      )
    }).pipe(Effect.provide(layer())))

  it.scoped("leaves no reader after an interruption, a match and the time", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      const interrupted = yield* Effect.fork(message(shard, "never"))
      const waits = yield* Effect.forkAll([message(shard, "a"), Effect.either(message(shard, "never", "1 minute"))])
      yield* settle
      yield* send("a")
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waits)
      yield* Fiber.interrupt(interrupted)
      yield* send(...Array.from({ length: 50 }, () => "never"))
      yield* settle
      assert.strictEqual(yield* shard.buffered, 0)
      assert.strictEqual(yield* sequence(shard), 52)
    }).pipe(Effect.provide(layer({ config: { eventBufferSize: 10 } }))))

  it.scoped("returns an event to each of several waits, and to the handlers", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const handled: Array<string> = []
      yield* Effect.forkScoped(shard.runForEach((event) => Effect.sync(() => handled.push(event.t))))
      yield* settle
      const waits = yield* Effect.fork(
        Effect.forEach(["a", "a", "b"], (content) => message(shard, content), { concurrency: "unbounded" })
      )
      yield* settle
      yield* send("a", "b")
      assert.deepStrictEqual(yield* Fiber.join(waits), ["a", "a", "b"])
      assert.deepStrictEqual(handled, ["READY", "MESSAGE_CREATE", "MESSAGE_CREATE"])
    }).pipe(Effect.provide(layer())))

  it.scoped("receives the event of any shard of a fleet", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet
      const wait = yield* Effect.fork(Effect.all([message(fleet, "a"), message(fleet, "b")], { concurrency: 2 }))
      yield* settle
      const gateway = yield* simulator
      yield* gateway.dispatch({ t: "MESSAGE_CREATE", d: { content: "b" }, shard: 1 })
      yield* gateway.dispatch({ t: "MESSAGE_CREATE", d: { content: "a" }, shard: 0 })
      assert.deepStrictEqual(yield* Fiber.join(wait), ["a", "b"])
    }).pipe(Effect.provide(environment({ intents: Intents.nonPrivileged }))))

  it.scoped("continues on the new shards of a resharded fleet", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet
      yield* Effect.forkScoped(fleet.runForEach(() => Effect.void))
      const wait = yield* Effect.fork(message(fleet, "a"))
      const resharding = yield* Effect.fork(fleet.reshard(4))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(resharding)
      const gateway = yield* simulator
      yield* gateway.dispatch({ t: "MESSAGE_CREATE", d: { content: "a" }, shard: 3 })
      assert.strictEqual(yield* Fiber.join(wait), "a")
    }).pipe(Effect.provide(environment({ intents: Intents.nonPrivileged }))))

  it.scoped("receives an event that is replayed by a resume", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      const wait = yield* Effect.fork(message(shard, "a"))
      yield* settle
      yield* inject(Fault.Drop())
      yield* send("a")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(wait), "a")
      assert.strictEqual((yield* identifies).length, 1)
    }).pipe(Effect.provide(layer())))

  it.scoped("fails when the program closes the shard, and when the gateway does", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      const wait = yield* Effect.fork(message(shard, "a"))
      yield* settle
      yield* shard.close(CloseFrame.RESUME)
      assert.strictEqual((yield* Effect.flip(Fiber.join(wait)))._tag, "ShardClosedError")
      yield* shard.connect
      const second = yield* Effect.fork(message(shard, "a"))
      yield* TestClock.adjust("10 seconds")
      yield* inject(Fault.Close({ code: 4004, reason: "" }))
      yield* settle
      assert.strictEqual((yield* Effect.flip(Fiber.join(second)))._tag, "FatallyClosedError")
      assert.strictEqual((yield* Effect.flip(message(shard, "a")))._tag, "FatallyClosedError")
    }).pipe(Effect.provide(layer())))

  it.scoped("fails when the fleet is closed", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet
      const wait = yield* Effect.fork(message(fleet, "a"))
      yield* settle
      yield* fleet.close(CloseFrame.RESUME)
      assert.strictEqual((yield* Effect.flip(Fiber.join(wait)))._tag, "ShardClosedError")
    }).pipe(Effect.provide(environment({ intents: Intents.nonPrivileged }))))

  it.scoped("does not change the session: handlers alone count", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const blocked = yield* Effect.forkScoped(
        shard.runForEach((event) => event.t === "MESSAGE_CREATE" ? Effect.never : Effect.void)
      )
      yield* settle
      const wait = yield* Effect.fork(message(shard, "b"))
      const endless = yield* Effect.forkScoped(message(shard, "never"))
      yield* settle
      yield* send("a", "b", "c")
      assert.strictEqual(yield* Fiber.join(wait), "b")
      assert.strictEqual(yield* sequence(shard), 1)
      yield* Fiber.interruptAll([endless, blocked]).pipe(Effect.fork)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* sequence(shard), 4)
    }).pipe(Effect.provide(layer({ config: { acknowledge: "onHandled" } }))))

  it.scoped("leaves the events since the start of the shard to the first handlers", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      const ready = yield* Events.next(shard, "READY")
      assert.strictEqual(ready.d.user.username, "vesper")
      yield* send("a")
      yield* settle
      const handled: Array<string> = []
      yield* Effect.forkScoped(shard.runForEach((event) => Effect.sync(() => handled.push(event.t))))
      yield* settle
      assert.deepStrictEqual(handled, ["READY", "MESSAGE_CREATE"])
    }).pipe(Effect.provide(layer())))

  it.scoped("leaves the unread events of nextEvent to it", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* send("a")
      const wait = yield* Effect.fork(message(shard, "b"))
      yield* settle
      yield* send("b")
      yield* Fiber.join(wait)
      const [first, second] = [yield* shard.nextEvent, yield* shard.nextEvent]
      assert.deepStrictEqual([first.d, second.d].map((d) => (d as { content: string }).content), ["a", "b"])
    }).pipe(Effect.provide(layer())))

  it.scoped("fails if the shard does not request the intent, or does not parse the event", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      assert.include(String(yield* Effect.flip(message(shard, "a"))), "needs the intent GuildMessages")
      assert.include(String(yield* Effect.flip(Events.next(shard, "GUILD_CREATE"))), "not in the shard's `events`")
      assert.include(
        String(yield* Effect.flip(Stream.runDrain(Events.stream(shard, "MESSAGE_CREATE")))),
        "needs the intent GuildMessages"
      )
    }).pipe(
      Effect.provide(layer({ config: { intents: Intents.of("Guilds"), events: ["READY", "MESSAGE_CREATE"] } }))
    ))

  for (const { make, name } of bots) {
    it.scoped(`a feature of ${name} declares the event that it waits for, and may wait while it is built`, () =>
      Effect.gen(function*() {
        const bot = yield* make
        const received: Array<string> = []
        const feature = Layer.mergeAll(
          Events.layer(Events.awaits("MESSAGE_CREATE", { intents: ["MessageContent"] })),
          Layer.scopedDiscard(
            Effect.gen(function*() {
              const shard = yield* bot.shard
              const wait = Effect.tap(message(shard, "a"), (content) => Effect.sync(() => received.push(content)))
              yield* Effect.forkScoped(wait)
            })
          )
        )
        yield* Effect.forkScoped(bot.assemble(feature, { privileged: ["MessageContent"] }))
        yield* TestClock.adjust("10 seconds")
        yield* send("a")
        yield* settle
        assert.deepStrictEqual(received, ["a"])
        const [{ intents = 0 } = {}] = yield* identifies
        assert.strictEqual(intents, Intents.of("GuildMessages", "MessageContent"))
      }).pipe(Effect.provide(environment())))
  }
})

describe("stream", () => {
  it.scoped("emits the events that match until its time ends, and leaves no reader", () =>
    Effect.gen(function*() {
      const shard = yield* readShard
      const collecting = yield* Events.stream(shard, "MESSAGE_CREATE", { where: ({ d }) => d.content !== "no" }).pipe(
        Stream.interruptAfter("1 minute"),
        Stream.runCollect,
        Effect.fork
      )
      yield* settle
      yield* send("a", "no", "b")
      yield* TestClock.adjust("30 seconds")
      yield* send("c")
      yield* TestClock.adjust("1 minute")
      yield* send(...Array.from({ length: 50 }, () => "d"))
      assert.deepStrictEqual(messages(Array.from(yield* Fiber.join(collecting))), ["a", "b", "c"])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* shard.buffered, 0)
    }).pipe(Effect.provide(layer())))

  it.scoped("reads a fleet, and ends when it is closed", () =>
    Effect.gen(function*() {
      const fleet = yield* startFleet
      const collecting = yield* Effect.fork(Stream.runCollect(Events.stream("MESSAGE_CREATE")(fleet)))
      yield* settle
      const gateway = yield* simulator
      yield* gateway.dispatch({ t: "MESSAGE_CREATE", d: { content: "b" }, shard: 1 })
      yield* gateway.dispatch({ t: "TYPING_START", d: {}, shard: 1 })
      yield* settle
      yield* fleet.close(CloseFrame.RESUME)
      assert.deepStrictEqual(messages(Array.from(yield* Fiber.join(collecting))), ["b"])
    }).pipe(Effect.provide(environment({ intents: Intents.nonPrivileged }))))
})

describe("once", () => {
  for (const { make, name } of bots) {
    it.scoped(`handles the first event that matches, on ${name}`, () =>
      Effect.gen(function*() {
        const bot = yield* make
        const handled: Array<string> = []
        const feature = Events.layer(
          Events.once("MESSAGE_CREATE", ({ d }) => Effect.sync(() => handled.push(d.content)), {
            where: ({ d }) => d.content !== "no"
          }),
          { concurrency: 4, order: "none" }
        )
        yield* Effect.forkScoped(bot.assemble(feature))
        yield* TestClock.adjust("10 seconds")
        yield* send("no", "a", "b", "c")
        yield* settle
        assert.deepStrictEqual(handled, ["a"])
      }).pipe(Effect.provide(environment())))
  }

  it.scoped("handles one event although the handler fails, and the same again after an interruption", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const handled: Array<string> = []
      let isSlow = true
      const handlers = Events.merge(
        Events.once("MESSAGE_CREATE", ({ d }) =>
          Effect.suspend(() => {
            handled.push(`slow ${d.content}`)
            return isSlow ? Effect.never : Effect.void
          })),
        Events.once("TYPING_START", () => Effect.zipRight(Effect.sync(() => handled.push("typing")), Effect.fail("no")))
      )
      const run = Effect.provideService(Events.run(handlers, { concurrency: 4 }), Shard.Shard, shard)
      const gateway = yield* simulator
      const first = yield* Effect.fork(run)
      yield* settle
      yield* gateway.dispatch({ t: "TYPING_START", d: {} })
      yield* gateway.dispatch({ t: "TYPING_START", d: {} })
      yield* send("a")
      yield* settle
      yield* Effect.fork(Fiber.interrupt(first))
      yield* TestClock.adjust("10 seconds")
      isSlow = false
      yield* Effect.forkScoped(run)
      yield* settle
      yield* send("b")
      yield* settle
      assert.deepStrictEqual(handled, ["typing", "slow a", "slow a"])
    }).pipe(Effect.provide(layer({ config: { acknowledge: "onHandled" } }))))
})
