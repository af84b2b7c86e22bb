import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
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
    assert.match(refusal({ resumeUrl: "wss://resume.example/" }), /resumeUrl.*there is no session to resume/)
    assert.match(refusal({ session, resumeUrl: "ws://resume.example/" }), /as safe as the gateway URL/)
  })

  it("refuses a version that is none, and a proxy that is no websocket URL", () => {
    assert.match(refusal({ apiVersion: 8 }), /8 is not a version that Discord serves/)
    assert.match(refusal({ apiVersion: 10.5 }), /10.5 is not a version/)
    assert.match(refusal({ proxyUrl: "http://proxy" }), /proxyUrl.*must start with wss/)
  })
})

/** Options of the right type, and of others: a program in JavaScript, a file or the environment may pass any value. */
const wrong: ReadonlyArray<
  readonly [option: string, values: ReadonlyArray<unknown>, wrap: (value: unknown) => object]
> = [
  ["token", [undefined, null, "abc", Redacted.make(""), Redacted.make("Bot "), Redacted.make(undefined)], (token) => ({
    token
  })],
  ["intents", [-1, 1.5, NaN, "1"], (intents) => ({ intents })],
  ["events", [5, ["NO_EVENT"], "READY"], (events) => ({ events })],
  ["validate", ["some", ["NO_EVENT"], 1], (validate) => ({ validate })],
  ["identifyProperties", ["node"], (identifyProperties) => ({ identifyProperties })],
  ["identifyProperties.os", [5], (os) => ({ identifyProperties: { os } })],
  ["largeThreshold", [49, 251, 50.5, NaN, "100"], (largeThreshold) => ({ largeThreshold })],
  ["rateLimitCommands", ["yes"], (rateLimitCommands) => ({ rateLimitCommands })],
  ["session", [{ id: "abc" }, "abc"], (session) => ({ session })],
  ["acknowledge", ["never"], (acknowledge) => ({ acknowledge })],
  ["gatewayUrl", ["http://x", "x", 5], (gatewayUrl) => ({ gatewayUrl })],
  ["proxyUrl", ["http://x", "x", 5], (proxyUrl) => ({ proxyUrl })],
  ["apiVersion", [8, 10.5, NaN], (apiVersion) => ({ apiVersion })],
  ["eventBufferSize", [0, 1.5, NaN], (eventBufferSize) => ({ eventBufferSize })],
  ["commandQueueSize", [0, 1.5, NaN], (commandQueueSize) => ({ commandQueueSize })],
  ["reconnect.resumeAttempts", [-1, 0.5, NaN], (resumeAttempts) => ({ reconnect: { resumeAttempts } })],
  [
    "reconnect.invalidSessionDelay",
    ["1 second", [1], [2, 1], [NaN, 1], [-1, 1]],
    (invalidSessionDelay) => ({ reconnect: { invalidSessionDelay } })
  ]
]

const noDurations = [NaN, -1, -1n, "-1 second", "soon", "5", {}, [NaN, 0], [-1, 0]]

const durations = {
  timeouts: ["open", "hello", "ready", "resumed"],
  reconnect: ["backoffBase", "backoffMax", "stableAfter", "resumeWindow"]
}

const table = [
  ...wrong,
  ...["drainTimeout", "saveInterval"].map((option) =>
    [option, noDurations, (value: unknown) => ({ [option]: value })] as const
  ),
  ...Object.entries(durations).flatMap(([group, options]) =>
    options.map((option) =>
      [`${group}.${option}`, noDurations, (value: unknown) => ({ [group]: { [option]: value } })] as const
    )
  )
]

describe("a wrong option", () => {
  for (const [option, values, wrap] of table) {
    it(`is refused by its name: ${option}`, () => {
      for (const value of values) {
        // Each is a value that the type does not allow, or that it cannot exclude.
        const error = Either.getOrThrow(
          Either.flip(ShardConfig.make({ ...valid, ...wrap(value) } as ShardConfig.Options))
        )
        assert.include(String(error), `at ${option}:`)
      }
    })
  }

  const presence = { since: null, activities: [], status: "online", afk: false } as const
  const wrongPresences: ReadonlyArray<readonly [what: string, presence: object, problem: RegExp]> = [
    ["an unknown status", { ...presence, status: "busy" }, /at presence: "status must be online, dnd/],
    [
      "an activity without a name",
      { ...presence, activities: [{ name: "", type: 0 }] },
      /activities.0.name must not be/
    ],
    [
      "a stream without a URL",
      { ...presence, activities: [{ name: "x", type: 1 }] },
      /activities.0.url must be a stream/
    ],
    [
      "an unknown kind of activity",
      { ...presence, activities: [{ name: "x", type: 9 }] },
      /must be a number from 0 to 5/
    ],
    ["no status", { afk: true }, /at presence: "status is missing and must be online, dnd/],
    [
      "text that is too long",
      { ...presence, activities: [{ name: "x", type: 0, state: "y".repeat(5_000) }] },
      /accepts 4096/
    ]
  ]
  for (const [what, presence, problem] of wrongPresences) {
    it(`is a presence with ${what}`, () => {
      // Options of a program in JavaScript.
      assert.match(refusal({ presence: presence as ShardConfig.Options["presence"] }), problem)
    })
  }

  it("is one that makes the identify longer than Discord takes, to the byte", () => {
    const withState = (length: number) => ({
      presence: { ...presence, activities: [{ name: "x", type: 0, state: "y".repeat(length) }] }
    })
    const payload = (length: number) =>
      Buffer.byteLength(JSON.stringify({
        op: Opcode.Identify,
        d: {
          token,
          intents: valid.intents,
          properties: { os: "unknown", browser: "vesper", device: "vesper" },
          large_threshold: 50,
          shard: [0, 1],
          presence: withState(length).presence
        }
      }))
    const longest = 4_096 - payload(0)
    assert.isTrue(Either.isRight(ShardConfig.make({ ...valid, ...withState(longest) })))
    assert.match(refusal(withState(longest + 1)), /at presence: "the IDENTIFY has 4097 bytes/)
    // One character of several bytes in place of one of one.
    const state = `${"y".repeat(longest - 1)}é`
    const wide = { ...presence, activities: [{ name: "x", type: 0, state }] }
    assert.match(refusal({ presence: wide }), /4097 bytes/)
  })

  it("is a property, or a token, that makes every identify too long", () => {
    assert.match(
      refusal({ identifyProperties: { device: "y".repeat(4_000) } }),
      /at identifyProperties: .* accepts 4096/
    )
    assert.match(refusal({ token: Redacted.make("y".repeat(4_000)) }), /at token: .* accepts 4096/)
  })

  it("is refused by the layers as it is by make", () =>
    Effect.runPromise(Effect.gen(function*() {
      const options = { intents: valid.intents, largeThreshold: NaN }
      const expected = Option.getOrThrow(Either.getLeft(ShardConfig.make({ ...valid, ...options })))
      const provider = ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", token]]))
      for (const layer of [ShardConfig.layer({ ...valid, ...options }), ShardConfig.layerConfig(options)]) {
        const error = yield* Effect.flip(Effect.withConfigProvider(Effect.scoped(Layer.build(layer)), provider))
        assert.deepStrictEqual(error, expected)
      }
    })))
})

describe("a token that is missing", () => {
  for (const value of [undefined, "", " "]) {
    it.effect(`fails with the variable to set: ${JSON.stringify(value)}`, () =>
      Effect.gen(function*() {
        const environment = new Map(value === undefined ? [] : [["DISCORD_TOKEN", value]])
        const error = yield* Effect.flip(Effect.withConfigProvider(
          Effect.scoped(Layer.build(ShardConfig.layerConfig({ intents: valid.intents }))),
          ConfigProvider.fromMap(environment)
        ))
        assert.include(String(error), "set the environment variable DISCORD_TOKEN to the token")
      }))
  }
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
