import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Events from "../src/Events.js"
import * as Shard from "../src/Shard.js"
import * as ShardConfig from "../src/ShardConfig.js"
import { layer, startShard, timesReceived, token } from "./harness.js"

class Oops extends Data.TaggedError("Oops")<{ readonly content: string }> {}

class Database extends Context.Tag("Database")<Database, { readonly name: string }>() {}

/** Until nothing more happens without the clock. */
const settle = TestClock.adjust(1)

const send = (...contents: ReadonlyArray<string>) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) =>
      Effect.forEach(contents, (content) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content } }), {
        discard: true
      })
  )

const withShard = <A, E, R>(effect: Effect.Effect<A, E, R>, shard: Shard.Shard) =>
  Effect.provideService(effect, Shard.Shard, shard)

const configOf = (options: ShardConfig.ConfigOptions) =>
  Effect.provide(ShardConfig.ShardConfig, ShardConfig.layerConfig(options)).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", token]])))
  )

describe("handlers", () => {
  it("are typed by their event, and have the errors and requirements of all of them", () => {
    const all = Events.merge(
      Events.on("MESSAGE_CREATE", (event) => {
        expectTypeOf(event).toEqualTypeOf<Dispatch.Of<"MESSAGE_CREATE">>()
        return Effect.fail(new Oops({ content: event.d.content }))
      }),
      Events.handlers({
        GUILD_CREATE: (event) => Effect.fail(event.t),
        READY: () => Database
      })
    )
    expectTypeOf(all).toEqualTypeOf<Events.Handlers<Oops | "GUILD_CREATE", Database>>()
    const misspelt = () =>
      // @ts-expect-error no event is called so
      Events.handlers({ MESSAGE_CREATE: () => Effect.void, MESSAGE_CREAT: () => Effect.void })
    expectTypeOf(misspelt).toBeFunction()
  })

  it("have their events, each once, and their intents", () => {
    const all = Events.merge(
      Events.handlers({ MESSAGE_CREATE: () => Effect.void, GUILD_CREATE: () => Effect.void }),
      Events.on("MESSAGE_CREATE", () => Effect.void, { from: "directMessages" }),
      Events.on("INTERACTION_CREATE", () => Effect.void)
    )
    assert.deepStrictEqual(all.events, ["MESSAGE_CREATE", "GUILD_CREATE", "INTERACTION_CREATE"])
    assert.deepStrictEqual(Intents.names(all.intents), ["Guilds", "GuildMessages", "DirectMessages"])
  })

  it("that are merged have the intents of each", () => {
    const some = FastCheck.constantFrom(...EventType.all)
    FastCheck.assert(FastCheck.property(FastCheck.array(some), (names) => {
      const sets = names.map((name) => Events.on(name, () => Effect.void))
      assert.strictEqual(
        Events.merge(...sets).intents,
        sets.reduce((intents, set) => Intents.union(intents, set.intents), Intents.none)
      )
    }))
  })
})

describe("a config from handlers", () => {
  it.effect("has their events, and their intents with the granted ones", () =>
    Effect.gen(function*() {
      const messages = Events.on("MESSAGE_CREATE", () => Effect.void)
      const config = yield* configOf(Events.config(messages, { privileged: ["MessageContent"] }))
      assert.deepStrictEqual(Array.from(Option.getOrThrow(config.events)), ["MESSAGE_CREATE"])
      assert.deepStrictEqual(Intents.names(config.intents), ["GuildMessages", "MessageContent"])
    }))

  it.effect("names each privileged intent that is not granted, its handler and its switch", () =>
    Effect.gen(function*() {
      const all = Events.merge(
        Events.on("GUILD_MEMBER_ADD", () => Effect.void),
        Events.on("MESSAGE_CREATE", () => Effect.void, { intents: ["MessageContent"] })
      )
      const error = yield* Effect.flip(configOf(Events.config(all, { privileged: ["MessageContent"] })))
      assert.isTrue(ConfigError.isInvalidData(error))
      assert.match(String(error), /GUILD_MEMBER_ADD needs the privileged intent GuildMembers/)
      assert.match(String(error), /"Server Members Intent" .*https:.* privileged: \["GuildMembers"\]/)
      assert.notInclude(String(error), "MessageContent")
    }))
})

describe("handlers that run", () => {
  it.scoped("receive the events of their name, in the order of registration", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const log: Array<string> = []
      const note = (who: string) => (event: Dispatch.Known) =>
        Effect.sync(() => log.push(`${who} ${event.t === "MESSAGE_CREATE" ? event.d.content : event.t}`))
      const all = Events.merge(
        Events.handlers({ MESSAGE_CREATE: note("first"), READY: note("ready") }),
        Events.on("MESSAGE_CREATE", note("second"))
      )
      yield* Effect.fork(withShard(Events.run(all), shard))
      yield* settle
      yield* send("a", "b")
      yield* settle
      assert.deepStrictEqual(log, ["ready READY", "first a", "second a", "first b", "second b"])
    }).pipe(Effect.provide(layer())))

  const failures: ReadonlyArray<readonly [name: string, fail: (content: string) => Effect.Effect<void, Oops>]> = [
    ["fails", (content) => Effect.fail(new Oops({ content }))],
    ["dies", (content) => Effect.die(new Error(content))],
    ["throws before it returns an effect", (content) => {
      throw new Error(content)
    }],
    ["interrupts itself", () => Effect.interrupt]
  ]
  for (const [name, fail] of failures) {
    it.scoped(`continue when one of them ${name}: it is reported, and its event counts as handled`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        const handled: Array<string> = []
        const reports = yield* Effect.fork(Stream.runCollect(
          Stream.take(Stream.filter(shard.diagnostics, ({ _tag }) => _tag === "HandlerFailed"), 1)
        ))
        yield* settle
        const all = Events.merge(
          Events.on("MESSAGE_CREATE", (event) => event.d.content === "bad" ? fail("bad") : Effect.void),
          Events.on("MESSAGE_CREATE", (event) => Effect.sync(() => handled.push(event.d.content)))
        )
        const running = yield* Effect.fork(withShard(Events.run(all), shard))
        yield* settle
        yield* send("good", "bad", "better")
        yield* settle
        assert.deepStrictEqual(handled, ["good", "bad", "better"])
        assert.deepStrictEqual(yield* Fiber.poll(running), Option.none())
        const [report] = yield* Fiber.join(reports)
        assert.deepInclude(report, { event: "MESSAGE_CREATE", sequence: 3 })
        assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 4)
      }).pipe(Effect.provide(layer({ config: { acknowledge: "onHandled" } }))))
  }

  it.scoped("can end with the first failure, whose event is unhandled", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const all = Events.on("MESSAGE_CREATE", ({ d: { content } }) => Effect.fail(new Oops({ content })))
      const running = yield* Effect.fork(withShard(Events.runUntilFailure(all), shard))
      yield* settle
      yield* send("bad", "never seen")
      const error = yield* Effect.flip(Fiber.join(running))
      assert.deepStrictEqual(error, new Oops({ content: "bad" }))
      assert.strictEqual(Option.getOrThrow(yield* shard.session).sequence, 1)
    }).pipe(Effect.provide(layer({ config: { acknowledge: "onHandled" } }))))

  it.scoped("run up to concurrency at a time with order none", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      let [running, most] = [0, 0]
      const all = Events.on("MESSAGE_CREATE", () =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            most = Math.max(most, ++running)
          }),
          () => Effect.sleep("1 second"),
          () => Effect.sync(() => running--)
        ))
      yield* Effect.fork(withShard(Events.run(all, { concurrency: 3, order: "none" }), shard))
      yield* settle
      yield* send("1", "2", "3", "4", "5")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([running, most], [0, 3])
    }).pipe(Effect.provide(layer())))

  it.scoped("are interrupted with their run after drainTimeout, which is not reported as a failure", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const reported: Array<string> = []
      yield* Effect.fork(Stream.runForEach(shard.diagnostics, ({ _tag }) => Effect.sync(() => reported.push(_tag))))
      let wasInterrupted = false
      const all = Events.on("MESSAGE_CREATE", () =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            wasInterrupted = true
          })))
      const running = yield* Effect.fork(withShard(Events.run(all), shard))
      yield* settle
      yield* send("endless")
      yield* settle
      const ending = yield* Effect.fork(Fiber.interrupt(running))
      yield* TestClock.adjust("9 seconds")
      assert.isFalse(wasInterrupted)
      yield* TestClock.adjust("1 seconds")
      const exit = yield* Fiber.join(ending)
      assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      assert.isTrue(wasInterrupted)
      assert.deepStrictEqual(reported, ["Ready"])
    }).pipe(Effect.provide(layer())))

  const unfit: ReadonlyArray<
    readonly [name: string, config: Partial<ShardConfig.Options>, option: string, problem: RegExp]
  > = [
    [
      "does not request the intents",
      { intents: Intents.of("Guilds") },
      "intents",
      /MESSAGE_CREATE needs the intent GuildMessages/
    ],
    ["excludes the events", { events: ["READY"] }, "events", /MESSAGE_CREATE has a handler/]
  ]
  for (const [name, config, option, problem] of unfit) {
    it.scoped(`do not connect a shard that ${name} they need`, () =>
      Effect.gen(function*() {
        const shard = yield* Shard.make(ShardId.single)
        const all = Events.on("MESSAGE_CREATE", () => Effect.void)
        const result = yield* Effect.either(withShard(Events.run(all), shard))
        const error = Option.getOrThrow(Either.getLeft(result))
        assert.isTrue(ConfigError.isConfigError(error) && ConfigError.isInvalidData(error))
        assert.deepInclude(error, { path: [option] })
        assert.match(String(error), problem)
        yield* settle
        assert.deepStrictEqual(yield* timesReceived(Opcode.Identify), [])
      }).pipe(Effect.provide(layer({ config }))))
  }
})
