import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Events from "../src/Events.js"
import * as Shard from "../src/Shard.js"
import * as ShardError from "../src/ShardError.js"
import {
  bots,
  Database,
  environment,
  identifies,
  noting,
  react,
  send,
  settle,
  simulator,
  Unavailable
} from "./assembly.js"
import { entries, inject } from "./harness.js"

for (const { make, name, shards } of bots) {
  describe(`features that run on ${name}`, () => {
    it.scoped("have the fiber-local values of their layer, and a scope of their own for each event", () =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const { assemble } = yield* make
        const label = FiberRef.unsafeMake("none")
        const feature = (name: string) =>
          Events.layer(Events.on("MESSAGE_CREATE", () =>
            Effect.gen(function*() {
              const value = yield* FiberRef.get(label)
              log.push(`${value} begins`)
              yield* Effect.addFinalizer(() => Effect.sync(() => log.push(`${value} ends`)))
              yield* Effect.yieldNow()
            }))).pipe(Layer.locally(label, name))
        yield* Effect.fork(assemble(Layer.mergeAll(feature("A"), feature("B"))))
        yield* TestClock.adjust("1 second")
        yield* send("1")
        yield* settle
        assert.deepStrictEqual(log.toSorted(), ["A begins", "A ends", "B begins", "B ends"])
      }).pipe(Effect.provide(environment())))

    it.scoped("stop when their own layer closes, and the others continue", () =>
      Effect.gen(function*() {
        const [short, long]: [Array<string>, Array<string>] = [[], []]
        const { assemble } = yield* make
        const closing = Layer.scopedDiscard(Effect.gen(function*() {
          const context = yield* Effect.context<Events.Registry>()
          const feature = Layer.provide(noting(["MESSAGE_CREATE"], short), Layer.succeedContext(context))
          const scope = yield* Scope.make()
          yield* Layer.buildWithScope(feature, scope)
          yield* Effect.forkScoped(Effect.delay(Scope.close(scope, Exit.void), "5 seconds"))
        }))
        yield* Effect.fork(assemble(Layer.mergeAll(closing, noting(["MESSAGE_CREATE"], long))))
        yield* TestClock.adjust("1 second")
        yield* send("1")
        yield* TestClock.adjust("5 seconds")
        yield* send("2")
        yield* settle
        assert.deepStrictEqual([short.length, long.length], [1, 2])
      }).pipe(Effect.provide(environment())))

    it.scoped("receive all of their events, independent of the others", () =>
      Effect.gen(function*() {
        const [messages, reactions, both]: [Array<string>, Array<string>, Array<string>] = [[], [], []]
        const { assemble } = yield* make
        const bot = assemble(Layer.mergeAll(
          noting(["MESSAGE_CREATE"], messages),
          noting(["MESSAGE_REACTION_ADD"], reactions),
          noting(["MESSAGE_CREATE", "MESSAGE_REACTION_ADD"], both)
        ))
        yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        yield* send("1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
        yield* react(10)
        yield* settle
        assert.deepStrictEqual([messages.length, reactions.length, both.length], [10, 10, 20])
      }).pipe(Effect.provide(environment())))

    it.scoped("are reported when a handler fails, which affects no other", () =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const { assemble, shard } = yield* make
        const bot = assemble(Layer.mergeAll(
          Events.layer(Events.on("MESSAGE_CREATE", () => Effect.fail(new Unavailable()))),
          Events.layer(Events.on("MESSAGE_CREATE", () => Effect.die("broken"))),
          noting(["MESSAGE_CREATE"], log)
        ))
        const reports = yield* shard.pipe(
          Effect.flatMap(({ diagnostics }) =>
            diagnostics.pipe(
              Stream.filter(({ _tag }) => _tag === "HandlerFailed"),
              Stream.take(2),
              Stream.runCollect
            )
          ),
          Effect.fork
        )
        const running = yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        yield* Effect.flatMap(simulator, (gateway) =>
          Effect.forEach(["1", "2"], (content) =>
            gateway.dispatch({ t: "MESSAGE_CREATE", d: { content }, shard: 0 })))
        yield* settle
        assert.strictEqual(log.length, 2)
        assert.strictEqual((yield* Fiber.join(reports)).length, 2)
        assert.deepStrictEqual(yield* Fiber.poll(running), Option.none())
      }).pipe(Effect.provide(environment())))

    it.scoped("fail with a typed error after a fatal close", () =>
      Effect.gen(function*() {
        const { assemble } = yield* make
        const bot = assemble(noting(["READY"], []))
        const running = yield* Effect.fork(Effect.flip(bot))
        yield* TestClock.adjust("1 second")
        yield* inject(Fault.Close({ code: 4014, reason: "" }))
        yield* settle
        const error = yield* Fiber.join(running)
        assert.isTrue(error instanceof ShardError.FatallyClosedError && error.code === 4014)
      }).pipe(Effect.provide(environment())))

    it.scoped("end when the program closes them", () =>
      Effect.gen(function*() {
        const { assemble, close } = yield* make
        const bot = assemble(Layer.mergeAll(noting(["READY"], []), noting(["MESSAGE_CREATE"], [])))
        const running = yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        yield* close
        yield* settle
        assert.deepStrictEqual(yield* Fiber.poll(running), Option.some(Exit.void))
      }).pipe(Effect.provide(environment())))

    it.scoped("that are interrupted have one drain timeout together, and their services until then", () =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const feature = (label: string) =>
          Events.layer(Events.on("MESSAGE_CREATE", () =>
            Effect.andThen(
              Effect.sleep("8 seconds"),
              Effect.andThen(Database, ({ name }) => log.push(`${label} ${name}`))
            ))).pipe(Layer.provide(Layer.scoped(
              Database,
              Effect.acquireRelease(
                Effect.succeed({ name: "open" }),
                () => Effect.sync(() => log.push(`${label} released`))
              )
            )))
        const { assemble } = yield* make
        const bot = assemble(Layer.mergeAll(feature("A"), feature("B")))
        const running = yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        yield* send("slow")
        yield* settle
        const ending = yield* Effect.fork(Fiber.interrupt(running))
        yield* TestClock.adjust("8 seconds")
        assert.isTrue(Exit.isInterrupted(yield* Fiber.join(ending)))
        assert.deepStrictEqual(log.slice(0, 2).sort(), ["A open", "B open"])
        assert.deepStrictEqual(log.slice(2).sort(), ["A released", "B released"])
      }).pipe(Effect.provide(environment())))

    it.scoped("without a handler connect too, and end with their shard", () =>
      Effect.gen(function*() {
        const { assemble, close } = yield* make
        const bot = assemble(Layer.empty)
        const running = yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* identifies).length, shards)
        yield* close
        yield* settle
        assert.deepStrictEqual(yield* Fiber.poll(running), Option.some(Exit.void))
      }).pipe(Effect.provide(environment())))

    it.scoped("of two assemblies at the same time connect once, with the intents of both", () =>
      Effect.gen(function*() {
        const [first, second]: [Array<string>, Array<string>] = [[], []]
        const { assemble } = yield* make
        yield* Effect.fork(assemble(noting(["GUILD_CREATE"], first)))
        yield* Effect.fork(assemble(noting(["MESSAGE_CREATE"], second, "3 seconds")))
        yield* TestClock.adjust("2900 millis")
        assert.deepStrictEqual(yield* entries("Opened"), [])
        yield* TestClock.adjust("1 second")
        const intents = Intents.of("Guilds", "GuildMessages")
        assert.deepStrictEqual((yield* identifies).map((entry) => entry.intents), Array(shards).fill(intents))
        yield* send("1")
        yield* settle
        assert.deepStrictEqual([first.length, second.length], [4, 1])
      }).pipe(Effect.provide(environment())))

    it.scoped("leave unhandled events to the next assembly of the same handlers", () =>
      Effect.gen(function*() {
        const handled: Array<string> = []
        const { assemble } = yield* make
        let isSlow = true
        const handlers = Events.on(
          "MESSAGE_CREATE",
          (event) => Effect.andThen(isSlow ? Effect.never : Effect.void, () => handled.push(event.d.content))
        )
        const other = Events.on("MESSAGE_CREATE", () => Effect.void)
        const running = yield* Effect.fork(assemble(Layer.merge(Events.layer(other), Events.layer(handlers))))
        yield* TestClock.adjust("1 second")
        yield* send("1", "2", "3")
        yield* settle
        yield* Fiber.interrupt(running)
        isSlow = false
        yield* Effect.fork(assemble(Layer.merge(Events.layer(other), Events.layer(handlers))))
        yield* settle
        assert.deepStrictEqual(handled, ["1", "2", "3"])
      }).pipe(Effect.provide(environment({ acknowledge: "onHandled", drainTimeout: 0 }))))
  })
}

describe("handlers that are collected from features", () => {
  it.scoped("have the services of their features, and their intents", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const feature = Events.layer(
        Events.on("READY", () => Effect.andThen(Effect.yieldNow(), Effect.map(Database, ({ name }) => log.push(name))))
      ).pipe(
        Layer.provide(Layer.succeed(Database, { name: "db" }))
      )
      const handlers = yield* Events.collect(Layer.mergeAll(feature, noting(["MESSAGE_CREATE"], log)))
      assert.strictEqual(handlers.intents, Intents.of("GuildMessages"))
      const shard = yield* Shard.make(ShardId.single)
      const handle = Events.toHandler(handlers)
      yield* Effect.fork(shard.runForEach((event) => handle({ shard: shard.id, event })))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, ["db"])
    }).pipe(Effect.provide(environment())))
})
