import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
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
import * as Fleet from "../src/Fleet.js"
import * as Shard from "../src/Shard.js"
import type * as ShardConfig from "../src/ShardConfig.js"
import * as ShardError from "../src/ShardError.js"
import { entries, inject, layer } from "./harness.js"

class Database extends Context.Tag("Database")<Database, { readonly name: string }>() {}

class Unavailable {
  readonly _tag = "Unavailable"
}

/** Until nothing more happens without the clock. */
const settle = TestClock.adjust(1)

const simulator = GatewaySimulator.GatewaySimulator

const send = (...contents: ReadonlyArray<string>) =>
  Effect.flatMap(simulator, (gateway) =>
    Effect.forEach(
      contents,
      (content) => gateway.dispatch({ t: "MESSAGE_CREATE", d: { content, guild_id: "4194304" } }),
      { discard: true }
    ))

const react = (n: number) =>
  Effect.flatMap(simulator, (gateway) =>
    Effect.forEach(
      Array.from({ length: n }),
      (_, i) => gateway.dispatch({ t: "MESSAGE_REACTION_ADD", d: { message_id: `${i}`, guild_id: "4194304" } }),
      { discard: true }
    ))

const world = World.make({ seed: 3, guilds: 4, membersPerGuild: 1 })

const environment = (config: Partial<ShardConfig.Options> = {}) =>
  layer({
    maxConcurrency: 16,
    simulator: { maxConcurrency: 16, world },
    config: { intents: Intents.none, ...config }
  })

/** A feature that notes its events, and takes a time to be built. */
const noting = (
  events: ReadonlyArray<EventType.EventType>,
  log: Array<string>,
  time: "0 seconds" | "3 seconds" = "0 seconds"
) =>
  Layer.unwrapEffect(Effect.as(
    Effect.sleep(time),
    Events.layer(Events.merge(
      ...events.map((event) => Events.on<EventType.EventType, never, never>(event, ({ t }) => Effect.sync(() => log.push(t))))
    ))
  ))

type Features<E, R> = Layer.Layer<never, E, R>

/** A shard and a fleet of two shards, each of which is assembled in its own way. */
const bots = [
  {
    name: "a shard",
    shards: 1,
    make: Effect.map(Shard.make(ShardId.single), (shard) => ({
      assemble: <E, R>(features: Features<E, R>, options?: Events.AssembleOptions) =>
        Effect.provideService(Events.assemble(features, options), Shard.Shard, shard),
      shard: Effect.succeed(shard),
      connect: shard.connect,
      close: Effect.asVoid(shard.close(CloseFrame.RESUME)),
      events: Stream.map(shard.events, ({ t }) => t)
    }))
  },
  {
    name: "a fleet",
    shards: 2,
    make: Effect.map(Fleet.make({ shards: { total: 2 }, connect: "onRead" }), (fleet) => ({
      assemble: <E, R>(features: Features<E, R>, options?: Events.AssembleOptions) =>
        Effect.provideService(Events.assembleFleet(features, options), Fleet.Fleet, fleet),
      shard: Effect.orDie(Effect.flatten(fleet.shard(0))),
      // Its shards buffer what they receive, as those of a fleet that connects when it is made.
      connect: Effect.flatMap(fleet.shards, Effect.forEach(({ connect }) => connect, { discard: true })),
      close: Effect.asVoid(fleet.close(CloseFrame.RESUME)),
      events: Stream.map(fleet.events, ({ event }) => event.t)
    }))
  }
]

const identifies = entries("Identified")

for (const { make, name, shards } of bots) {
  describe(`features assembled on ${name}`, () => {
    it.scoped("receive all of their events, whatever the others read", () =>
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

    it.scoped("that take long to build miss no event, READY and the first guilds included", () =>
      Effect.gen(function*() {
        const [early, late]: [Array<string>, Array<string>] = [[], []]
        const { assemble } = yield* make
        const bot = assemble(Layer.mergeAll(
          noting(["READY", "GUILD_CREATE"], early),
          noting(["READY", "GUILD_CREATE"], late, "3 seconds")
        ))
        yield* Effect.fork(bot)
        yield* TestClock.adjust("2900 millis")
        assert.deepStrictEqual(yield* entries("Opened"), [])
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(early, late)
        assert.deepStrictEqual(late.filter((t) => t === "READY").length, shards)
        assert.deepStrictEqual(late.filter((t) => t === "GUILD_CREATE").length, 4)
      }).pipe(Effect.provide(environment())))

    it.scoped("ask for what their handlers need, and for what the config says", () =>
      Effect.gen(function*() {
        const { assemble, shard } = yield* make
        const bot = assemble(
          Layer.mergeAll(
            noting(["MESSAGE_CREATE"], []),
            Events.layer(Events.on("GUILD_MEMBER_ADD", () => Effect.void))
          ),
          { privileged: ["GuildMembers"] }
        )
        yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        const intents = Intents.of("GuildMessages", "GuildMembers", "GuildModeration")
        assert.deepStrictEqual((yield* identifies).map((entry) => entry.intents), Array(shards).fill(intents))
        const { config } = yield* shard
        assert.strictEqual(config.intents, intents)
        assert.deepStrictEqual(
          Option.map(config.events, (events) => Array.from(events)),
          Option.some(["READY", "MESSAGE_CREATE", "GUILD_MEMBER_ADD"])
        )
      }).pipe(Effect.provide(environment({ intents: Intents.of("GuildModeration"), events: ["READY"] }))))

    it.scoped("do not connect if one needs a privileged intent that was not granted", () =>
      Effect.gen(function*() {
        const { assemble } = yield* make
        const bot = assemble(Layer.mergeAll(
          noting(["MESSAGE_CREATE"], []),
          Events.layer(Events.on("GUILD_MEMBER_ADD", () => Effect.void))
        ))
        const error = yield* Effect.flip(bot)
        assert.isTrue(ConfigError.isConfigError(error) && ConfigError.isInvalidData(error))
        assert.match(String(error), /GUILD_MEMBER_ADD needs the privileged intent GuildMembers.*privileged: \["GuildM/)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* entries("Opened"), [])
      }).pipe(Effect.provide(environment())))

    it.scoped("may need a privileged intent that the config asks for", () =>
      Effect.gen(function*() {
        const { assemble } = yield* make
        const bot = assemble(Events.layer(Events.on("GUILD_MEMBER_ADD", () => Effect.void)))
        yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* identifies).length, shards)
      }).pipe(Effect.provide(environment({ intents: Intents.of("GuildMembers") }))))

    it.scoped("do not connect if one cannot be built, and are released", () =>
      Effect.gen(function*() {
        let isReleased = false
        const { assemble, events } = yield* make
        const bot = assemble(Layer.mergeAll(
          noting(["READY"], []),
          Layer.scopedDiscard(Effect.addFinalizer(() =>
            Effect.sync(() => {
              isReleased = true
            })
          )),
          Layer.effectDiscard(Effect.delay(Effect.fail(new Unavailable()), "1 second"))
        ))
        const running = yield* Effect.fork(Effect.flip(bot))
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* Fiber.join(running), new Unavailable())
        assert.isTrue(isReleased)
        assert.deepStrictEqual(yield* entries("Opened"), [])
        yield* Effect.fork(Stream.runDrain(events))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* identifies).length, shards)
      }).pipe(Effect.provide(environment({ intents: Intents.nonPrivileged }))))

    it.scoped("do not connect if they are interrupted while they are built", () =>
      Effect.gen(function*() {
        const { assemble } = yield* make
        const bot = assemble(noting(["READY"], [], "3 seconds"))
        const running = yield* Effect.fork(bot)
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(running)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* entries("Opened"), [])
      }).pipe(Effect.provide(environment())))

    it.scoped("may read for themselves while others are built: that connects nothing, and misses nothing", () =>
      Effect.gen(function*() {
        const [own, late]: [Array<string>, Array<string>] = [[], []]
        const { assemble, events } = yield* make
        const reading = Layer.scopedDiscard(Effect.forkScoped(
          Stream.runForEach(events, (t) => Effect.sync(() => own.push(t)))
        ))
        yield* Effect.fork(assemble(Layer.mergeAll(reading, noting(["READY", "GUILD_CREATE"], late, "3 seconds"))))
        yield* TestClock.adjust("2900 millis")
        assert.deepStrictEqual(yield* entries("Opened"), [])
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(late.length, shards + 4)
        assert.deepStrictEqual(own, late)
      }).pipe(Effect.provide(environment())))

    it.scoped("wait to connect when a feature asks for it while others are built", () =>
      Effect.gen(function*() {
        const { assemble, connect } = yield* make
        yield* Effect.fork(assemble(Layer.mergeAll(Layer.effectDiscard(connect), noting(["READY"], [], "3 seconds"))))
        yield* TestClock.adjust("2900 millis")
        assert.deepStrictEqual(yield* entries("Opened"), [])
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* identifies).length, shards)
      }).pipe(Effect.provide(environment())))

    it.scoped("all receive what was received before they were assembled, if nothing has read it", () =>
      Effect.gen(function*() {
        const [first, second]: [Array<string>, Array<string>] = [[], []]
        const { assemble, connect } = yield* make
        yield* connect
        yield* TestClock.adjust("3 seconds")
        yield* Effect.fork(assemble(Layer.mergeAll(
          noting(["READY", "GUILD_CREATE"], first),
          noting(["READY", "GUILD_CREATE"], second)
        )))
        yield* settle
        assert.strictEqual(first.length, shards + 4)
        assert.deepStrictEqual(second, first)
      }).pipe(Effect.provide(environment({ intents: Intents.of("Guilds") }))))

    it.scoped("fail on a connection that was made before and lacks an intent", () =>
      Effect.gen(function*() {
        const { assemble, connect } = yield* make
        yield* connect
        const error = yield* Effect.flip(assemble(noting(["MESSAGE_CREATE"], [])))
        assert.match(String(error), /MESSAGE_CREATE needs the intent GuildMessages/)
      }).pipe(Effect.provide(environment())))

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

    it.scoped("stop when their own layer closes, and the others go on", () =>
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
          Effect.forEach(["1", "2"], (content) => gateway.dispatch({ t: "MESSAGE_CREATE", d: { content }, shard: 0 })))
        yield* settle
        assert.strictEqual(log.length, 2)
        assert.strictEqual((yield* Fiber.join(reports)).length, 2)
        assert.deepStrictEqual(yield* Fiber.poll(running), Option.none())
      }).pipe(Effect.provide(environment())))

    it.scoped("end with a typed failure when the gateway closes them for good", () =>
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

    it.scoped("of two assemblies at the same time connect once, with what both need", () =>
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

    it.scoped("leave what they have not handled to the next assembly of the same handlers", () =>
      Effect.gen(function*() {
        const handled: Array<string> = []
        const { assemble } = yield* make
        let isSlow = true
        const handlers = Events.on("MESSAGE_CREATE", (event) =>
          Effect.andThen(isSlow ? Effect.never : Effect.void, () => handled.push(event.d.content)))
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

describe("two shards of one process", () => {
  it.scoped("do not share the handlers of a layer", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      // One layer, which is built for each of them.
      const features = noting(["READY"], log)
      yield* Effect.forEach(ShardId.all(2), (id) =>
        Effect.flatMap(Shard.make(id), (shard) =>
          Effect.fork(Effect.provideService(Events.assemble(features), Shard.Shard, shard))))
      yield* TestClock.adjust("6 seconds")
      assert.deepStrictEqual(log, ["READY", "READY"])
    }).pipe(Effect.provide(environment())))
})

describe("a fleet that is assembled", () => {
  it.scoped("reshards with what the handlers need", () =>
    Effect.gen(function*() {
      const messages: Array<string> = []
      const fleet = yield* Fleet.make({ shards: { total: 1 }, connect: "onRead" })
      yield* Effect.fork(Effect.provideService(
        Events.assembleFleet(noting(["MESSAGE_CREATE", "GUILD_CREATE"], messages)),
        Fleet.Fleet,
        fleet
      ))
      yield* TestClock.adjust("1 second")
      const resharding = yield* Effect.fork(fleet.reshard(2))
      yield* TestClock.adjust("3 minutes")
      yield* Fiber.join(resharding)
      const intents = Intents.of("Guilds", "GuildMessages")
      assert.deepStrictEqual((yield* identifies).map((entry) => entry.intents), [intents, intents, intents])
      messages.length = 0
      yield* send("1")
      yield* settle
      assert.deepStrictEqual(messages, ["MESSAGE_CREATE"])
    }).pipe(Effect.provide(environment())))

  it.scoped("misses nothing if it has connected when it was made", () =>
    Effect.gen(function*() {
      const [first, second]: [Array<string>, Array<string>] = [[], []]
      const fleet = yield* Fleet.make({ shards: { total: 2 } })
      const features = Layer.mergeAll(
        noting(["READY", "GUILD_CREATE"], first),
        noting(["READY", "GUILD_CREATE"], second, "3 seconds")
      )
      yield* Effect.fork(Effect.provideService(Events.assembleFleet(features), Fleet.Fleet, fleet))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(first.length, 6)
      assert.deepStrictEqual(second, first)
    }).pipe(Effect.provide(environment({ intents: Intents.of("Guilds") }))))
})

describe("handlers that are collected from features", () => {
  it.scoped("have the services of their features, and their intents", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const feature = Events.layer(Events.on("READY", () =>
        Effect.andThen(Effect.yieldNow(), Effect.map(Database, ({ name }) => log.push(name))))).pipe(
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

describe("the types of an assembled bot", () => {
  it("name the services that its features need and nothing provides", () => {
    const handlers = Events.on("MESSAGE_CREATE", () =>
      Effect.gen(function*() {
        yield* Shard.Shard
        yield* Database
        yield* Effect.addFinalizer(() => Effect.void)
      }))
    const feature = Events.layer(handlers)
    expectTypeOf(feature).toEqualTypeOf<Layer.Layer<never, never, Shard.Shard | Database | Events.Registry>>()
    const bot = Events.assemble(Layer.merge(feature, Layer.fail(new Unavailable())))
    expectTypeOf(bot).toEqualTypeOf<
      Effect.Effect<
        void,
        Unavailable | ShardError.FatallyClosedError | ConfigError.ConfigError,
        Shard.Shard | Database
      >
    >()
    expectTypeOf(Events.assembleFleet(feature)).toEqualTypeOf<
      Effect.Effect<
        void,
        ShardError.FatallyClosedError | ConfigError.ConfigError,
        Fleet.Fleet | Shard.Shard | Database
      >
    >()
    const shard = Layer.effect(Shard.Shard, Effect.never)
    const wrong = [
      // @ts-expect-error the database is missing
      () => Effect.runFork(Effect.provide(bot, shard)),
      // @ts-expect-error a feature runs as part of a bot that is assembled
      () => Effect.runFork(Effect.provide(Effect.never, feature)),
      // @ts-expect-error handlers are made a feature by `Events.layer`
      () => Events.assemble(handlers),
      // @ts-expect-error a privileged intent has to be one
      () => Events.assemble(feature, { privileged: ["Guilds"] })
    ]
    assert.strictEqual(wrong.length, 4)
  })
})
