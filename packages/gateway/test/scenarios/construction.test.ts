import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import * as GatewayApi from "../../src/GatewayApi.js"
import * as Shard from "../../src/Shard.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { entries, inject, layer, startShard, token } from "../harness.js"

const presence = { since: null, activities: [], status: "idle", afk: false } as const

const makeConfig = (options: Partial<ShardConfig.Options> = {}) =>
  Either.getOrThrow(ShardConfig.make({ token: Redacted.make(token), intents: Intents.of("Guilds"), ...options }))

/** The bodies of the received identifies, in order. */
const identifies = Effect.map(
  entries("Received"),
  (received) => received.filter(({ op }) => op === Opcode.Identify).map(({ d }) => Predicate.isRecord(d) ? d : {})
)

describe("a shard", () => {
  it.scoped("of a layer has the id of the layer, and identifies with it and with the config's intents", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.Shard
      yield* shard.connect
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(shard.id, ShardId.unsafeMake(1, 3))
      const [identify] = yield* identifies
      assert.deepInclude(identify, { shard: [1, 3], intents: Intents.of("GuildMessages") })
    }).pipe(Effect.provide(
      Layer.provideMerge(
        Shard.layer(ShardId.unsafeMake(1, 3)),
        layer({ config: { intents: Intents.of("GuildMessages") } })
      )
    )))

  it.scoped("has the config of its context, and identifies with all of it, where another has another", () =>
    Effect.gen(function*() {
      const configs = [
        makeConfig({ largeThreshold: 100, identifyProperties: { os: "a" } }),
        makeConfig({ intents: Intents.of("GuildMessages"), largeThreshold: 200, presence })
      ] as const
      for (const [id, config] of configs.entries()) {
        const shard = yield* Effect.provideService(
          Shard.make(ShardId.unsafeMake(id, 2)),
          ShardConfig.ShardConfig,
          config
        )
        assert.strictEqual(shard.config, config)
        yield* shard.connect
        yield* TestClock.adjust("5 seconds")
      }
      const [first, second] = yield* identifies
      assert.deepStrictEqual([first?.["presence"], second?.["presence"]], [undefined, presence])
      assert.deepInclude(first, {
        shard: [0, 2],
        intents: Intents.of("Guilds"),
        large_threshold: 100,
        properties: { os: "a", browser: "vesper", device: "vesper" }
      })
      assert.deepInclude(second, { shard: [1, 2], intents: Intents.of("GuildMessages"), large_threshold: 200 })
    }).pipe(Effect.provide(layer())))

  it.scoped("identifies with the presence of its config each time", () =>
    Effect.gen(function*() {
      yield* startShard
      yield* TestClock.adjust("2 minutes")
      yield* inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("2 minutes")
      yield* inject(Fault.InvalidSession({ resumable: false }))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual((yield* identifies).map((body) => body["presence"]), [presence, presence, presence])
    }).pipe(Effect.provide(layer({ config: { presence } }))))
})

describe("a fleet", () => {
  it.scoped("of as many shards as recommended is not made without an answer, and opens nothing", () =>
    Effect.gen(function*() {
      const failure = new GatewayApi.UnauthorizedError()
      const made = Effect.provideService(
        Fleet.make({ shards: "recommended" }),
        GatewayApi.GatewayApi,
        { gatewayBot: Effect.fail(failure) }
      )
      assert.strictEqual(yield* Effect.flip(made), failure)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* entries("Opened"), [])
    }).pipe(Effect.provide(layer())))
})

describe("the options of a shard", () => {
  it("have the defaults of their documentation", () => {
    const { reconnect, ...defaults } = makeConfig()
    assert.deepInclude(defaults, {
      events: Option.none(),
      validate: "none",
      identifyProperties: { os: "unknown", browser: "vesper", device: "vesper" },
      largeThreshold: 50,
      presence: Option.none(),
      rateLimitCommands: true,
      session: Option.none(),
      acknowledge: "onReceive",
      drainTimeout: Duration.seconds(10),
      saveInterval: Duration.seconds(1),
      gatewayUrl: "wss://gateway.discord.gg/",
      proxyUrl: Option.none(),
      apiVersion: 10,
      eventBufferSize: 1_024,
      commandQueueSize: 256,
      timeouts: {
        open: Duration.seconds(10),
        hello: Duration.seconds(20),
        ready: Duration.seconds(30),
        resumed: Duration.seconds(30)
      }
    })
    assert.deepInclude(reconnect, {
      backoffBase: Duration.seconds(1),
      backoffMax: Duration.minutes(1),
      stableAfter: Duration.minutes(1),
      resumeWindow: Duration.minutes(5),
      resumeAttempts: 3,
      invalidSessionDelay: Option.none()
    })
  })
})
