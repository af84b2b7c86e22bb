import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as ConfigError from "effect/ConfigError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Events from "../src/Events.js"
import * as Fleet from "../src/Fleet.js"
import * as Shard from "../src/Shard.js"
import type * as ShardError from "../src/ShardError.js"
import { bots, Database, environment, identifies, noting, send, settle, Unavailable } from "./assembly.js"
import { entries } from "./harness.js"

for (const { make, name, shards } of bots) {
  describe(`features assembled on ${name}`, () => {
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

    it.scoped("request the intents of their handlers and of the config", () =>
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

    it.scoped("receive events that this version does not know, by name, and report their failures", () =>
      Effect.gen(function*() {
        const seen: Array<Dispatch.Dispatch> = []
        const note = (event: Dispatch.Dispatch) => Effect.sync(() => seen.push(event))
        const failed: Array<string> = []
        const { assemble, shard } = yield* make
        const { diagnostics } = yield* shard
        yield* Effect.fork(
          Stream.runForEach(
            diagnostics,
            (diagnostic) => Effect.sync(() => diagnostic._tag === "HandlerFailed" && failed.push(diagnostic.event))
          )
        )
        yield* Effect.fork(assemble(Layer.mergeAll(
          noting(["MESSAGE_CREATE"], []),
          Events.layer(Events.onUnknown("BRAND_NEW", note)),
          Events.layer(Events.onUnknown("BRAND_NEW", () => Effect.fail("refused"))),
          // A later version knows the event.
          Events.layer(Events.onUnknown("GUILD_ROLE_CREATE", note))
        )))
        yield* TestClock.adjust("10 seconds")
        const { dispatch } = yield* GatewaySimulator.GatewaySimulator
        yield* dispatch({ t: "BRAND_NEW", d: { id: "1" }, guildId: "0" })
        yield* dispatch({ t: "OTHER", d: {}, guildId: "0" })
        yield* dispatch({ t: "GUILD_ROLE_CREATE", d: { guild_id: "0" }, guildId: "0" })
        yield* settle
        assert.deepStrictEqual(seen.map((event) => Dispatch.isUnknown()(event) && [event.name, event.d]), [
          ["BRAND_NEW", { id: "1" }],
          ["GUILD_ROLE_CREATE", { guild_id: "0" }]
        ])
        assert.deepStrictEqual(failed, ["BRAND_NEW"])
      }).pipe(Effect.provide(environment())))

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

    it.scoped("may need a privileged intent that the config requests", () =>
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

    it.scoped("may read while others are built, which does not connect and misses no event", () =>
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

    it.scoped("connect after they are built if a feature calls connect before", () =>
      Effect.gen(function*() {
        const { assemble, connect } = yield* make
        yield* Effect.fork(assemble(Layer.mergeAll(Layer.effectDiscard(connect), noting(["READY"], [], "3 seconds"))))
        yield* TestClock.adjust("2900 millis")
        assert.deepStrictEqual(yield* entries("Opened"), [])
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* identifies).length, shards)
      }).pipe(Effect.provide(environment())))

    it.scoped("all receive the earlier events of the shard that were not read", () =>
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

describe("a shard that the library has not made", () => {
  it.scoped("runs the handlers of features, and has to have their intents", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const double: Shard.Shard = { ...(yield* Shard.make(ShardId.single)) }
      const assemble = (features: Layer.Layer<never, never, Events.Registry>) =>
        Effect.provideService(Events.assemble(features), Shard.Shard, double)
      const error = yield* Effect.flip(assemble(noting(["MESSAGE_CREATE"], log)))
      assert.match(String(error), /MESSAGE_CREATE needs the intent GuildMessages/)
      yield* Effect.fork(assemble(Layer.merge(noting(["READY"], log), noting(["READY", "GUILD_CREATE"], log))))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(log.length, 6)
    }).pipe(Effect.provide(environment({ intents: Intents.of("Guilds") }))))
})

describe("handlers that are registered after their bot was assembled", () => {
  it.scoped("are a defect that names them", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      const late = yield* Deferred.make<Exit.Exit<unknown>>()
      const feature = Layer.scopedDiscard(Effect.gen(function*() {
        const registry = yield* Events.Registry
        const register = Effect.scoped(registry.register(Events.on("READY", () => Effect.void)))
        yield* Effect.forkScoped(Deferred.complete(late, Effect.exit(Effect.delay(register, "1 second"))))
      }))
      yield* Effect.fork(Effect.provideService(Events.assemble(feature), Shard.Shard, shard))
      yield* TestClock.adjust("2 seconds")
      const exit = yield* Deferred.await(late)
      assert.match(String(exit), /handlers of READY were registered after their bot was assembled/)
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

  it.scoped("misses no event if it connects when it is made", () =>
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

describe("the types of an assembled bot", () => {
  it("name the missing services of its features", () => {
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
