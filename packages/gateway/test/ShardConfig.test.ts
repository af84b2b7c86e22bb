import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Session from "../src/Session.js"
import * as Shard from "../src/Shard.js"
import * as ShardConfig from "../src/ShardConfig.js"
import { awaitReady, entries, inject, layer, startShard, token } from "./harness.js"

const valid: ShardConfig.Options = { token: Redacted.make(token), intents: Intents.of("Guilds") }
const session = new Session.Session({ id: "abc", sequence: 7, resumeUrl: "wss://resume.example/" })

const made = (options: Partial<ShardConfig.Options>) => Either.getOrThrow(ShardConfig.make({ ...valid, ...options }))

const refusal = (options: Partial<ShardConfig.Options>) =>
  String(Either.getOrThrow(Either.flip(ShardConfig.make({ ...valid, ...options }))))

describe("the config of a shard", () => {
  it("has a default for everything but token and intents", () => {
    const { intents, token: _, ...defaults } = made({})
    assert.strictEqual(intents, valid.intents)
    assert.deepInclude(defaults, {
      events: Option.none(),
      identifyProperties: { os: "unknown", browser: "vesper", device: "vesper" },
      largeThreshold: 50,
      presence: Option.none(),
      rateLimitCommands: true,
      session: Option.none(),
      gatewayUrl: "wss://gateway.discord.gg/",
      proxyUrl: Option.none(),
      apiVersion: 10,
      eventBufferSize: 1024
    })
    assert.deepStrictEqual(defaults.timeouts.open, Duration.seconds(10))
  })

  for (const given of ["test", "Bot test"]) {
    it.scoped(`takes the token "${given}" with or without its prefix`, () =>
      Effect.gen(function*() {
        yield* startShard
        yield* TestClock.adjust(0)
        assert.strictEqual((yield* entries("Identified")).length, 1)
      }).pipe(
        Effect.provide(layer({ config: { token: Redacted.make(given) }, simulator: { token: Redacted.make("test") } }))
      ))
  }

  it("takes a resume URL beside a session, in place of the one in it", () => {
    const resumeUrl = "wss://elsewhere.example/"
    assert.deepStrictEqual(
      made({ session, resumeUrl }).session,
      Option.some(new Session.Session({ id: "abc", sequence: 7, resumeUrl }))
    )
    assert.deepStrictEqual(made({ session }).session, Option.some(session))
  })

  it("refuses a resume URL without a session, and one that is not safe", () => {
    assert.match(refusal({ resumeUrl: "wss://resume.example/" }), /resumeUrl.*there is no session to resume there/)
    assert.match(refusal({ session, resumeUrl: "ws://resume.example/" }), /as safe as the gateway URL/)
  })

  it("refuses a version that is none, and a proxy that is no websocket URL", () => {
    assert.match(refusal({ apiVersion: 8 }), /8 is no version that Discord serves/)
    assert.match(refusal({ apiVersion: 10.5 }), /10.5 is no version/)
    assert.match(refusal({ proxyUrl: "http://proxy" }), /proxyUrl.*must start with wss/)
  })
})

describe("a shard", () => {
  it.scoped("asks for the version of its config", () =>
    Effect.gen(function*() {
      yield* startShard
      yield* TestClock.adjust(0)
      const versions = (yield* entries("Opened")).map(({ url }) => new URL(url).searchParams.get("v"))
      assert.strictEqual(versions[0], "11")
    }).pipe(Effect.provide(layer({ config: { apiVersion: 11 } }))))

  it.scoped("with a gateway URL goes there first, and to the resume URL afterwards", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(0)
      const hosts = (yield* entries("Opened")).map(({ url }) => new URL(url).hostname)
      assert.deepStrictEqual(hosts, ["first.example", "resume.simulator.test"])
    }).pipe(Effect.provide(layer({ config: { gatewayUrl: "wss://first.example" } }))))

  it.scoped("with a proxy goes nowhere else, and has no resume URL of its own", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* inject(Fault.Drop())
      yield* TestClock.adjust(0)
      const hosts = (yield* entries("Opened")).map(({ url }) => new URL(url).host)
      assert.deepStrictEqual(hosts, ["proxy:7878", "proxy:7878"])
      assert.strictEqual((yield* entries("Resumed")).length, 1)
      assert.deepStrictEqual(yield* shard.resumeUrl, Option.none())
    }).pipe(Effect.provide(layer({ config: { proxyUrl: "ws://proxy:7878" } }))))

  it.scoped("resumes at the URL of its config, and falls back to the gateway URL", () =>
    Effect.gen(function*() {
      const shard = yield* Shard.make(ShardId.single)
      assert.deepStrictEqual(yield* shard.resumeUrl, Option.some("wss://elsewhere.example/"))
      assert.deepStrictEqual(
        yield* shard.session,
        Option.some(new Session.Session({ ...session, resumeUrl: "wss://elsewhere.example/" }))
      )
      yield* shard.connect
      yield* TestClock.adjust(0)
      assert.strictEqual(new URL((yield* entries("Opened"))[0]?.url ?? "").hostname, "elsewhere.example")
    }).pipe(Effect.provide(layer({ config: { session, resumeUrl: "wss://elsewhere.example/" } }))))

  it.scoped("identifies with properties, threshold, presence and intents of its config, uncompressed payloads", () =>
    Effect.gen(function*() {
      yield* startShard
      yield* TestClock.adjust(0)
      const [identify] = (yield* entries("Received")).filter(({ op }) => op === Opcode.Identify)
      assert.deepInclude(identify?.d, {
        large_threshold: 250,
        properties: { os: "linux", browser: "vesper", device: "vesper" },
        intents: Intents.of("Guilds"),
        shard: [0, 1]
      })
      assert.deepInclude(identify?.d, { presence: { since: null, activities: [], status: "idle", afk: false } })
    }).pipe(Effect.provide(layer({
      config: {
        intents: Intents.of("Guilds"),
        largeThreshold: 250,
        identifyProperties: { os: "linux" },
        presence: { since: null, activities: [], status: "idle", afk: false }
      }
    }))))
})
