import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Events from "@vesper/gateway/Events"
import * as Fleet from "@vesper/gateway/Fleet"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyStore from "@vesper/gateway/IdentifyStore"
import * as Message from "@vesper/gateway/Message"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as NodeGateway from "../src/NodeGateway.js"

/** Keeps the event loop busy. */
const block = (millis: number) => {
  const end = performance.now() + millis
  while (performance.now() < end) {
    // Nothing else runs.
  }
}

const token = Redacted.make("token")
const intents = Intents.of("Guilds", "GuildMessages")

const simulator = GatewayServer.layer().pipe(
  Layer.provideMerge(GatewaySimulator.layer({ token, world: World.make({ guilds: 5, membersPerGuild: 50 }) })),
  Layer.merge(Logger.minimumLogLevel(LogLevel.None))
)

/** A shard of the given layer on the simulated gateway's server. */
const layer = <E>(make: (gatewayUrl: string) => Layer.Layer<Shard.Shard, E>) =>
  Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) => make(url))).pipe(
    Layer.provideMerge(simulator)
  )

const messages = (count: number) =>
  Effect.gen(function*() {
    const shard = yield* Shard.Shard
    const all = yield* shard.events.pipe(
      Stream.filter((event) => event.t === "MESSAGE_CREATE"),
      Stream.map((event) => event.d.content),
      Stream.take(count),
      Stream.runCollect
    )
    return Array.from(all)
  })

const dispatch = (content: string) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content } })
  )

const awaitNth = (refinement: (entry: LogEntry.LogEntry) => boolean, n: number) =>
  Effect.gen(function*() {
    const { log } = yield* GatewaySimulator.GatewaySimulator
    yield* Effect.repeat(Effect.zipRight(Effect.sleep("5 millis"), log), {
      until: (entries) => entries.filter(refinement).length >= n
    })
  })

describe("a shard over a real websocket", () => {
  for (const compression of ["zlib-stream", "zstd-stream", "none"] as const) {
    it.live(`lives through a drop, a reconnect and a corrupt frame, and loses nothing (compression: ${compression})`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* Shard.Shard
        const ready = yield* shard.nextEvent
        assert.strictEqual(ready.t, "READY")
        const [opened] = (yield* simulator.log).filter(LogEntry.is("Opened"))
        const asked = new URL(opened?.url ?? "").searchParams.get("compress")
        assert.strictEqual(asked ?? "none", compression)
        assert.strictEqual(Option.isSome(yield* shard.inflater), compression !== "none")

        yield* dispatch("1")
        yield* simulator.inject(Fault.Drop())
        yield* dispatch("2")
        yield* awaitNth(LogEntry.is("Resumed"), 1)
        yield* simulator.inject(Fault.Reconnect())
        yield* dispatch("3")
        yield* awaitNth(LogEntry.is("Resumed"), 2)
        yield* dispatch("4")
        if (compression !== "none") {
          yield* simulator.inject(Fault.Corrupt())
        }
        yield* dispatch("5")
        assert.deepStrictEqual(yield* messages(5), ["1", "2", "3", "4", "5"])
        assert.deepStrictEqual(yield* simulator.violations, [])
        assert.strictEqual((yield* simulator.received(Opcode.Identify)).length, 1)
      }).pipe(
        Effect.provide(
          layer((gatewayUrl) =>
            NodeGateway.layerShard({ token, intents, gatewayUrl, compression, reconnect: { backoffBase: "10 millis" } })
          )
        )
      ))
  }

  const characters = "é Ā 🦊 \\ \\u00e9 \" 中文"

  for (const compression of ["zlib-stream", "none"] as const) {
    const on = layer((gatewayUrl) => NodeGateway.layerShard({ token, intents, gatewayUrl, compression }))

    it.live(`gives the characters of an event (compression: ${compression})`, () =>
      Effect.gen(function*() {
        yield* Effect.flatMap(Shard.Shard, (shard) => shard.nextEvent)
        yield* dispatch(characters)
        assert.deepStrictEqual(yield* messages(1), [characters])
      }).pipe(Effect.provide(on)))

    it.live(`gives a message as it came (compression: ${compression})`, () =>
      Effect.gen(function*() {
        const shard = yield* Shard.Shard
        const textWith = (part: string) =>
          Effect.repeat(shard.nextMessage, {
            until: (message): message is Extract<Message.Message, { readonly _tag: "Text" }> =>
              Message.isText(message) && message.text.includes(part)
          })
        yield* textWith("READY")
        yield* dispatch(characters)
        assert.include((yield* textWith("MESSAGE_CREATE")).text, JSON.stringify(characters))
      }).pipe(Effect.provide(on)))
  }

  it.live("takes its token from DISCORD_TOKEN, tells its platform, and keeps its session when the scope closes", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const { url } = yield* GatewayServer.GatewayServer
      const config = ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "Bot token"], ["URL", url]]))
      yield* Effect.flatMap(Shard.Shard, (shard) => shard.nextEvent).pipe(
        Effect.provide(NodeGateway.layerShardConfig({ intents, gatewayUrl: Config.string("URL") })),
        Effect.withConfigProvider(config)
      )
      const [identify] = yield* simulator.received(Opcode.Identify)
      assert.deepInclude(identify?.d, { properties: { os: process.platform, browser: "vesper", device: "vesper" } })
      const closed = yield* simulator.awaitLog(LogEntry.is("Closed"))
      assert.deepStrictEqual([closed.by, closed.code], ["client", CloseFrame.RESUME.code])
      assert.deepStrictEqual((yield* simulator.sessions).map(({ isConnected }) => isConnected), [false])
    }).pipe(Effect.provide(simulator)))

  it.live("pauses the websocket while nobody reads, and its heart beats on", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const shard = yield* Shard.Shard
      yield* shard.nextEvent
      const count = 3_000
      const content = "x".repeat(10_000)
      yield* Effect.repeatN(dispatch(content), count - 1)
      yield* Effect.repeat(Effect.zipRight(Effect.sleep("5 millis"), simulator.received(Opcode.Heartbeat)), {
        until: ({ length }) => length > 1
      })
      assert.strictEqual((yield* messages(count)).length, count)
      assert.strictEqual((yield* simulator.received(Opcode.Identify)).length, 1)
      assert.deepStrictEqual((yield* simulator.log).filter(LogEntry.is("Closed")), [])
    }).pipe(Effect.provide(
      Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) =>
        NodeGateway.layerShard({ token, intents, gatewayUrl: url, compression: "none", eventBufferSize: 16 }))).pipe(
          Layer.provideMerge(GatewayServer.layer()),
          Layer.provideMerge(
            GatewaySimulator.layer({ token, heartbeatInterval: "1 second", heartbeatTolerance: "1 minute" })
          )
        )
    )), 30_000)

  it.live(
    "blocks its event loop for longer than a heartbeat interval, does not blame the gateway, and says so",
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const shard = yield* Shard.Shard
        yield* shard.nextEvent
        const published = yield* Effect.fork(
          Stream.runCollect(Stream.takeUntil(shard.diagnostics, ({ _tag }) => _tag === "Lagged"))
        )
        const beats = Effect.map(simulator.received(Opcode.Heartbeat), ({ length }) => length)
        // In the turn in which the server of this process acknowledges a heartbeat, so that the answer waits unread.
        yield* simulator.logChanges.pipe(
          Stream.filter((entry) => entry._tag === "Received" && entry.op === Opcode.Heartbeat),
          Stream.take(1),
          Stream.runForEach(() => Effect.sync(() => block(4_000)))
        )
        const diagnostics = Array.from(yield* Fiber.join(published))
        const lagged = diagnostics.at(-1)
        assert.isTrue(lagged?._tag === "Lagged" && Duration.toMillis(lagged.blockedFor) >= 1_500)
        const after = yield* beats
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("5 millis"), beats), { until: (count) => count >= after + 2 })
        assert.deepStrictEqual(diagnostics.filter(({ _tag }) => _tag === "Zombie"), [])
        assert.deepStrictEqual((yield* simulator.log).filter(LogEntry.is("Closed")), [])
        assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      }).pipe(Effect.provide(
        Layer.unwrapEffect(
          Effect.map(
            GatewayServer.GatewayServer,
            ({ url }) => NodeGateway.layerShard({ token, intents, gatewayUrl: url })
          )
        ).pipe(
          Layer.provideMerge(GatewayServer.layer()),
          Layer.provideMerge(
            GatewaySimulator.layer({ token, heartbeatInterval: "2 seconds", heartbeatTolerance: "1 minute" })
          ),
          Layer.provide(Logger.minimumLogLevel(LogLevel.None))
        )
      )),
    20_000
  )
})

describe("the identify budget of a shard's layer", () => {
  const limit = { total: 1_000, remaining: 777, resetAfter: Duration.hours(2), maxConcurrency: 1 }
  const api = Layer.succeed(GatewayApi.GatewayApi, {
    gatewayBot: Effect.succeed({ url: "wss://gateway.example", shards: 1, sessionStartLimit: limit })
  })
  const absentApi = Layer.succeed(GatewayApi.GatewayApi, {
    gatewayBot: Effect.fail(new GatewayApi.UnavailableError({ attempts: 1, reason: "status 500" }))
  })
  const kept = (remaining: number) =>
    Option.some({ recent: [], account: { total: 1_000, remaining, resetsAt: Date.now() + 3_600_000 } })
  const cases: ReadonlyArray<
    readonly [what: string, initial: IdentifyStore.IdentifyStore["initial"], api: Layer.Layer<never>, left: number]
  > = [
    ["is 1,000 a day", Option.none(), Layer.empty, 999],
    ["goes on where an earlier process left it", kept(500), Layer.empty, 499],
    ["is what Discord says where its API is at hand", Option.none(), api, 776],
    ["is the options' where Discord does not answer", Option.none(), absentApi, 999]
  ]
  for (const [what, initial, services, left] of cases) {
    it.live(what, () =>
      Effect.gen(function*() {
        const saved = yield* Deferred.make<IdentifyStore.State>()
        const store = Layer.succeed(IdentifyStore.CurrentIdentifyStore, {
          initial,
          save: (state) => Deferred.succeed(saved, state)
        })
        const shard = layer((gatewayUrl) => NodeGateway.layerShard({ token, intents, gatewayUrl }))
        yield* Effect.gen(function*() {
          const { connect } = yield* Shard.Shard
          yield* connect
          assert.strictEqual((yield* Deferred.await(saved)).account?.remaining, left)
        }).pipe(Effect.provide(Layer.provide(shard, Layer.merge(store, services))))
      }))
  }
})

describe("a wrong option", () => {
  const wrong: ReadonlyArray<readonly [what: string, options: Partial<NodeGateway.ShardOptions>, problem: RegExp]> = [
    ["a shard outside of its total", { shard: { id: 2, total: 2 } }, /shard 2 of 2 does not exist/],
    ["no max concurrency", { maxConcurrency: NaN }, /maxConcurrency: "NaN is not a whole number/],
    ["no budget", { budget: { total: 0 } }, /budget.total: "0 is not a whole number/]
  ]
  for (const [what, options, problem] of wrong) {
    it.effect(`such as ${what} is a ConfigError`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          Effect.provide(Shard.Shard, NodeGateway.layerShard({ token, intents, ...options }))
        )
        assert.match(String(error), problem)
      }))
  }

  it.effect("such as a missing DISCORD_TOKEN is one that names it", () =>
    Effect.gen(function*() {
      const error = yield* Shard.Shard.pipe(
        Effect.provide(NodeGateway.layerShardConfig({ intents })),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map())),
        Effect.flip
      )
      assert.include(String(error), "DISCORD_TOKEN")
    }))
})

describe("a fleet on Node", () => {
  /** Runs handlers on the fleet, and compares the number of shards with the recommended one. */
  const run = (
    make: (
      handlers: Events.Handlers,
      options: { readonly gatewayUrl: string; readonly apiUrl: string }
    ) => ReturnType<typeof NodeGateway.layerFleet>
  ) =>
    Effect.gen(function*() {
      const { url } = yield* GatewayServer.GatewayServer
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const said = yield* Deferred.make<string>()
      const handlers = Events.on("MESSAGE_CREATE", (event) => Deferred.succeed(said, event.d.content))
      const fleet = make(handlers, { gatewayUrl: url, apiUrl: `${url.replace("ws:", "http:")}api/v10` })
      const content = yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(fleet)
        const { awaitReady, shards } = Context.get(context, Fleet.Fleet)
        yield* Effect.forkScoped(Effect.provide(Events.runFleet(handlers), context))
        yield* awaitReady
        const { shards: recommended } = yield* Context.get(context, GatewayApi.GatewayApi).gatewayBot
        assert.strictEqual((yield* shards).length, recommended)
        yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "to a fleet" } })
        return yield* Deferred.await(said)
      }))
      assert.strictEqual(content, "to a fleet")
      assert.deepStrictEqual(yield* simulator.violations, [])
    })

  it.live("asks Discord for shards and budget, and runs handlers with what they need", () =>
    run((handlers, urls) => NodeGateway.layerFleetConfig({ ...Events.config(handlers), ...urls })).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "token"]]))),
      Effect.provide(simulator)
    ))

  it.live("takes its token from the options, and asks by the HTTP client of the options", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const httpClient = Layer.map(FetchHttpClient.layer, (context) =>
        Context.make(
          HttpClient.HttpClient,
          HttpClient.tapRequest(
            Context.get(context, HttpClient.HttpClient),
            ({ headers, url }) => Effect.sync(() => asked.push(`${headers.authorization} ${new URL(url).pathname}`))
          )
        ))
      yield* run((_handlers, urls) => NodeGateway.layerFleet({ ...urls, token, intents, httpClient }))
      assert.include(asked, "Bot token /api/v10/gateway/bot")
    }).pipe(Effect.provide(simulator)))

  it.effect("fails with a ConfigError for a token with white space", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.provide(Fleet.Fleet, NodeGateway.layerFleet({ intents, token: Redacted.make("to ken") }))
      )
      assert.match(String(error), /token/)
    }))
})
