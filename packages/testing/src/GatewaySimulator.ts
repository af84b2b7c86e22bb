/**
 * A simulated Discord gateway that enforces Discord's rules, and records every violation of them. It runs in memory on
 * the Clock, so that tests under TestClock are exact, or behind a real websocket server (`GatewayServer`).
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import type * as Permissions from "@vesper/model/Permissions"
import * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as PubSub from "effect/PubSub"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Builder from "./Builder.js"
import * as Fault from "./Fault.js"
import { Core, Gateway } from "./internal/protocol/index.js"
import { Complete } from "./internal/payload/index.js"
import { Prepare, Wait } from "./internal/reply/index.js"
import { Handler } from "./internal/rest/index.js"
import { MemoryHttp, MemorySocket } from "./internal/transport/index.js"
import * as LogEntry from "./LogEntry.js"
import type * as Reply from "./Reply.js"
import * as RestFault from "./RestFault.js"
import type * as Scenario from "./Scenario.js"
import * as World from "./World.js"

/**
 * Options of a simulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The only token that is accepted, with or without `Bot `. Default: any that is not empty. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** The heartbeat interval of HELLO. Default: 41.25 seconds, as Discord's. */
  readonly heartbeatInterval?: Duration.DurationInput | undefined
  /** The time after the interval within which a heartbeat must arrive. Default: half of the interval. */
  readonly heartbeatTolerance?: Duration.DurationInput | undefined
  /** IDENTIFYs per 5 seconds. Default: 1. */
  readonly maxConcurrency?: number | undefined
  /** IDENTIFYs per day. Default: 1,000, all of them left, for 24 hours. */
  readonly sessionStartLimit?: {
    readonly total: number
    readonly remaining: number
    readonly resetAfter: Duration.DurationInput
  } | undefined
  /**
   * The intents that the bot may request. Without MessageContent responses of the HTTP API have no content of other users'
   * messages in guilds, unless they mention the bot, whatever the sessions have requested. Default: all, so that responses
   * have all content.
   */
  readonly allowedIntents?: Intents.Intents | undefined
  /** The time for which a session without a connection can be resumed. Default: 3 minutes. */
  readonly sessionTimeout?: Duration.DurationInput | undefined
  /** Events that a session keeps for a resume. Default: 10,000. */
  readonly replayLimit?: number | undefined
  /**
   * Entries that the log keeps; above it the older half is dropped. Set it and `replayLimit` low to measure the memory of
   * a client in a long run. Default: 100,000.
   */
  readonly logLimit?: number | undefined
  /** Requests of the HTTP API per second, on all routes of the bot; large bots have a higher limit. Default: 50. */
  readonly globalRequestsPerSecond?: number | undefined
  /**
   * Permissions of the role that the bot has in each guild of the world, in addition to those of @everyone. A request that
   * needs another one fails with 50013. Default: the bot has no role and may do everything.
   */
  readonly permissions?: Permissions.Permissions | undefined
  /** Guilds that one shard may have. Default: 2,500. */
  readonly maxGuildsPerShard?: number | undefined
  /**
   * Refuses an identify or resume on a connection whose session was invalidated by opcode 9, with close code 4005. Default:
   * false, because Discord accepts it, and several clients do it.
   */
  readonly strictInvalidSession?: boolean | undefined
  /** The time that a message takes to an in-memory client. Default: 0. */
  readonly latency?: Duration.DurationInput | undefined
  /**
   * The guilds of the bot. A command for another guild is a violation, unless a dispatched event named the guild. Default: an
   * empty world, in which commands are not answered.
   */
  readonly world?: World.World | undefined
}

/**
 * Options of a simulator with one shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardOptions extends Options {
  /** The shard that connects. Default: 0 of 1. */
  readonly shard?: ShardId.ShardId | undefined
}

/**
 * An event to send. Its guild determines the shard; without a guild it is sent to shard 0, unless a shard is named.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  /** The name of the event. */
  readonly t: string
  /** The body of the event. */
  readonly d: unknown
  /** The guild in which it happened. */
  readonly guildId?: string | undefined
  /** The only shard that receives it. */
  readonly shard?: number | undefined
}

/**
 * The body of GET /gateway/bot.
 *
 * @see https://docs.discord.com/developers/events/gateway#get-gateway-bot
 * @since 0.1.0
 * @category models
 */
export interface GatewayBot {
  readonly url: string
  readonly shards: number
  readonly session_start_limit: {
    readonly total: number
    readonly remaining: number
    /** In milliseconds. */
    readonly reset_after: number
    readonly max_concurrency: number
  }
}

/**
 * The connections that a fault affects: all, those of a shard, or one by its number.
 *
 * @since 0.1.0
 * @category models
 */
export type Target = "all" | { readonly shard: number } | { readonly connection: number }

/**
 * A session as the gateway knows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionInfo {
  readonly id: string
  readonly shard: number
  readonly total: number
  /** The number of the last event. */
  readonly sequence: number
  readonly isConnected: boolean
}

/**
 * Counts of the HTTP API: all requests, those that exceeded a limit, and those that Discord counts as invalid (401, 403 and
 * 429 without the shared scope). Limits that a fault pretends are not exceeded, but their 429 counts as invalid.
 *
 * @since 0.1.0
 * @category models
 */
export interface RestUsage {
  readonly requests: number
  readonly routeExceeded: number
  readonly globalExceeded: number
  readonly invalid: number
}

/**
 * A running simulator.
 *
 * @since 0.1.0
 * @category models
 */
export interface GatewaySimulator {
  /** The URLs to connect and to resume at, without a query. */
  readonly urls: Effect.Effect<{ readonly gateway: string; readonly resume: string }>
  /** The log in order, with at least the last half of `logLimit` entries. It holds no token. */
  readonly log: Effect.Effect<ReadonlyArray<LogEntry.LogEntry>>
  /** Entries of the log from now on. */
  readonly logChanges: Stream.Stream<LogEntry.LogEntry>
  /** Waits for the first entry that matches, including earlier ones. */
  readonly awaitLog: <A extends LogEntry.LogEntry>(
    refinement: (entry: LogEntry.LogEntry) => entry is A
  ) => Effect.Effect<A>
  /** The payloads with an opcode that clients sent. */
  readonly received: (op: number) => Effect.Effect<ReadonlyArray<Extract<LogEntry.LogEntry, { _tag: "Received" }>>>
  /** The first 1,000 violations of Discord's rules. It stays empty for a well-behaved client. */
  readonly violations: Effect.Effect<ReadonlyArray<Extract<LogEntry.LogEntry, { _tag: "Violation" }>>>
  /** The number of open connections. */
  readonly connections: Effect.Effect<number>
  /** The sessions that exist. */
  readonly sessions: Effect.Effect<ReadonlyArray<SessionInfo>>
  /** The body of GET /gateway/bot. */
  readonly gatewayBot: Effect.Effect<GatewayBot>
  /**
   * Sends an event to every session whose shard and intents receive it, and keeps it for a resume. Fields that the intents
   * withhold are emptied, as Discord does. Returns the number of sessions.
   */
  readonly dispatch: (event: Event) => Effect.Effect<number>
  /**
   * Completes an event as `Builder.complete` does in the first guild of the world, with a new id and the current time unless
   * the fields have them, and dispatches it. Returns the number of sessions.
   */
  readonly send: (
    type: string,
    fields: unknown,
    options?: { readonly shard?: number | undefined }
  ) => Effect.Effect<number>
  /**
   * Sends an interaction of a user and waits for the reply of the bot, until a deferred one is edited. The interaction has a
   * new id and token. One of a guild that the world does not have is placed into its first guild. If the bot has registered
   * commands, the command must be one of them, and its options have the registered types; the user, channel and role of an
   * id are those of the world.
   *
   * Fails if no session receives it, and if the bot does not answer within three seconds of the Clock.
   */
  readonly interact: (event: Event) => Effect.Effect<Reply.Reply, Reply.NoReplyError | Reply.UnknownCommandError>
  /**
   * Injects a fault now, or a rule into the next connections. Default target: all. Dies with an `InvalidFaultError` for a
   * fault that `Fault.validate` refuses.
   */
  readonly inject: (fault: Fault.Fault, target?: Target) => Effect.Effect<void>
  /** Injects a fault of the HTTP API. Dies with an `InvalidFaultError` for one that `RestFault.validate` refuses. */
  readonly injectRest: (fault: RestFault.RestFault) => Effect.Effect<void>
  /** The requests of the HTTP API until now. */
  readonly restUsage: Effect.Effect<RestUsage>
  /** Removes the injected rules, of the HTTP API too, that are not exhausted. */
  readonly clearRules: Effect.Effect<void>
  /** Injects the faults of a scenario at their times. */
  readonly run: (scenario: Scenario.Scenario) => Effect.Effect<void>
  /** Sends generated events of the world until it is interrupted, at this rate over all guilds. */
  readonly traffic: (options: { readonly eventsPerSecond: number }) => Effect.Effect<never>
}

/**
 * The tag of a simulator.
 *
 * @since 0.1.0
 * @category tags
 */
export const GatewaySimulator = Context.GenericTag<GatewaySimulator>("@vesper/testing/GatewaySimulator")

const millis = (input: Duration.DurationInput | undefined, fallback: Duration.DurationInput): number =>
  Duration.toMillis(input ?? fallback)

const toSettings = (options: Options): Gateway.Settings => {
  const heartbeatInterval = millis(options.heartbeatInterval, "41250 millis")
  return {
    token: options.token === undefined ? undefined : ShardConfig.bareToken(Redacted.value(options.token)),
    heartbeatInterval,
    heartbeatTolerance: millis(options.heartbeatTolerance, heartbeatInterval / 2),
    maxConcurrency: options.maxConcurrency ?? 1,
    identifyTotal: options.sessionStartLimit?.total ?? 1_000,
    identifyRemaining: options.sessionStartLimit?.remaining ?? 1_000,
    identifyResetAfter: millis(options.sessionStartLimit?.resetAfter, "24 hours"),
    allowedIntents: options.allowedIntents ?? Intents.all,
    sessionTimeout: millis(options.sessionTimeout, "3 minutes"),
    replayLimit: options.replayLimit ?? 10_000,
    logLimit: options.logLimit ?? 100_000,
    maxGuildsPerShard: options.maxGuildsPerShard ?? 2_500,
    permissions: options.permissions,
    globalRequestsPerSecond: options.globalRequestsPerSecond ?? 50,
    strictInvalidSession: options.strictInvalidSession ?? false,
    guilds: options.world?.guilds ?? []
  }
}

const isTarget =
  (target: Target) => (connection: { readonly number: number; readonly shard: () => { id: number } | undefined }) =>
    target === "all" ||
    ("shard" in target ? connection.shard()?.id === target.shard : connection.number === target.connection)

const orDie = <A>(validated: Either.Either<A, Fault.InvalidFaultError>): Effect.Effect<A> => Effect.orDie(validated)

/** The interval at which generated events are sent. */
const trafficTick = Duration.millis(50)

const sendTraffic = (gateway: Gateway.Gateway, world: World.World, eventsPerSecond: number) =>
  Effect.gen(function*() {
    let owed = 0
    while (true) {
      yield* Effect.sleep(trafficTick)
      owed += eventsPerSecond * Duration.toSeconds(trafficTick)
      for (; owed >= 1; owed--) {
        const event = world.nextEvent(gateway.now())
        if (event !== undefined) {
          gateway.dispatch(event)
        }
      }
    }
  })

/**
 * Makes a simulator without a transport; `layerSocket` and `GatewayServer` add one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<GatewaySimulator, never, Scope.Scope> =>
  Effect.gen(function*() {
    const hub = yield* Effect.acquireRelease(PubSub.unbounded<LogEntry.LogEntry>(), PubSub.shutdown)
    const settings = toSettings(options)
    const world = options.world ?? World.empty
    const gateway = Gateway.make(settings, yield* Effect.clock, (entry) => {
      hub.unsafeOffer(entry)
    })

    const rest = Handler.make(gateway)

    const inject: GatewaySimulator["inject"] = (fault, target = "all") =>
      Effect.map(orDie(Fault.validate(fault)), () => {
        if (Fault.isRule(fault)) {
          gateway.addRule(fault)
        } else {
          Array.from(gateway.connections).filter(isTarget(target)).forEach((connection) => connection.inject(fault))
        }
      })

    const logChanges = Stream.fromPubSub(hub)
    const simulator: GatewaySimulator = {
      urls: Effect.sync(() => ({ ...gateway.urls })),
      log: Effect.sync(() => gateway.log.slice()),
      logChanges,
      awaitLog: (refinement) =>
        Effect.scoped(Effect.gen(function*() {
          // Subscribed before the log is searched, so that no entry is missed in between.
          const later = yield* Stream.fromPubSub(hub, { scoped: true })
          const all = Stream.concat(Stream.fromIterable(gateway.log.slice()), later)
          const found = yield* Stream.runHead(Stream.filter(all, refinement))
          return yield* Option.match(found, { onNone: () => Effect.never, onSome: Effect.succeed })
        })),
      received: (op) =>
        Effect.sync(() => gateway.log.filter(LogEntry.is("Received")).filter((entry) => entry.op === op)),
      violations: Effect.sync(() => gateway.violations.slice()),
      connections: Effect.sync(() => gateway.connections.size),
      sessions: Effect.sync(() =>
        Array.from(gateway.sessions.values(), ({ connection, id, sequence, shard }) => ({
          id,
          shard: shard.id,
          total: shard.total,
          sequence,
          isConnected: connection !== undefined
        }))
      ),
      gatewayBot: Effect.sync(gateway.gatewayBot),
      dispatch: (event) => Effect.sync(() => gateway.dispatch(event)),
      send: (type, fields, { shard } = {}) =>
        Effect.sync(() => {
          const fresh = Complete.freshFields(type, gateway.nextId(), gateway.date())
          const event = Builder.complete(type, Predicate.isRecord(fields) ? { ...fresh, ...fields } : fields, world)
          return gateway.dispatch({ ...event, shard })
        }),
      interact: (event) =>
        Effect.gen(function*() {
          const prepared = yield* Prepare.prepare(gateway, rest.commands, event)
          const received = gateway.dispatch(prepared)
          const interaction = gateway.interactions.byId(String(prepared.d["id"]))
          return received === 0 || interaction === undefined
            ? yield* Wait.notReceived(prepared.d)
            : yield* Wait.wait(gateway, interaction)
        }),
      inject,
      injectRest: (fault) => Effect.map(orDie(RestFault.validate(fault)), () => rest.inject(fault)),
      restUsage: Effect.sync(() => ({ ...rest.usage })),
      clearRules: Effect.sync(() => {
        gateway.clearRules()
        rest.clearFaults()
      }),
      run: (scenario) =>
        Effect.forEach(
          scenario,
          ({ at, fault, target }) => Effect.delay(inject(fault, target), at),
          { concurrency: "unbounded", discard: true }
        ),
      traffic: ({ eventsPerSecond }) => sendTraffic(gateway, world, eventsPerSecond)
    }
    Core.register(simulator, { gateway, rest, latency: Duration.decode(options.latency ?? 0) })
    return simulator
  })

/**
 * Provides a simulator without a transport; `layerSocket` and `GatewayServer.layer` add one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<GatewaySimulator> =>
  Layer.scoped(GatewaySimulator, make(options))

/**
 * Provides a `GatewaySocket` that connects to the simulator in memory.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSocket: Layer.Layer<GatewaySocket.GatewaySocket, never, GatewaySimulator> = Layer.effect(
  GatewaySocket.GatewaySocket,
  Effect.map(GatewaySimulator, (simulator) => {
    const { gateway, latency } = Core.get(simulator)
    return GatewaySocket.make(MemorySocket.open(gateway, latency))
  })
)

/**
 * Provides an `HttpClient` whose requests are answered by the simulator's HTTP API, in memory and whatever their host. What
 * they create, change and delete is dispatched to the sessions, as Discord does.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { HttpClient, HttpClientRequest } from "@effect/platform"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const client = yield* HttpClient.HttpClient
 *   const response = yield* HttpClientRequest.post("https://discord.com/api/v10/channels/5/messages").pipe(
 *     HttpClientRequest.setHeader("authorization", "Bot any-token"),
 *     HttpClientRequest.bodyUnsafeJson({ content: "hello" }),
 *     client.execute
 *   )
 *   assert.strictEqual(response.status, 200)
 * })
 *
 * const layer = Layer.provide(GatewaySimulator.layerHttpClient, GatewaySimulator.layer())
 *
 * Effect.runPromise(Effect.provide(program, layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, GatewaySimulator> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(GatewaySimulator, (simulator) => MemoryHttp.make(Core.get(simulator)))
)

/**
 * Provides a `GatewayApi` that asks the simulator in memory. It fails after the token was reset.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApi: Layer.Layer<GatewayApi.GatewayApi, never, GatewaySimulator> = Layer.effect(
  GatewayApi.GatewayApi,
  Effect.map(GatewaySimulator, (simulator) => {
    const { gateway } = Core.get(simulator)
    return {
      gatewayBot: Effect.suspend(() =>
        gateway.isToken(gateway.settings.token ?? "any")
          ? Effect.orDie(Schema.decode(GatewaySchema.GatewayBot)(gateway.gatewayBot()))
          : Effect.fail(new GatewayApi.UnauthorizedError())
      )
    }
  })
)

/**
 * Provides a simulator and a `GatewaySocket` that connects to it in memory.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { IdentifyQueue, Shard, ShardConfig } from "@vesper/gateway"
 * import { Intents, ShardId } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   const shard = yield* Shard.Shard
 *   const ready = yield* shard.nextEvent
 *   assert.strictEqual(ready.t, "READY")
 *   yield* simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: "hello" } })
 *   const message = yield* shard.nextEvent
 *   assert.strictEqual(message.t, "MESSAGE_CREATE")
 * })
 *
 * const layer = Shard.layer(ShardId.single).pipe(
 *   Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("DirectMessages") })),
 *   Layer.provide(IdentifyQueue.layerUnlimited),
 *   Layer.provideMerge(GatewaySimulator.layerInMemory())
 * )
 *
 * Effect.runPromise(Effect.provide(program, layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerInMemory = (
  options: Options = {}
): Layer.Layer<GatewaySimulator | GatewaySocket.GatewaySocket> => Layer.provideMerge(layerSocket, layer(options))

/** Overrides the token of the program's configuration. */
const withToken = (token: string, environment: ConfigProvider.ConfigProvider): ConfigProvider.ConfigProvider =>
  ConfigProvider.orElse(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", token]])), () => environment)

/**
 * Provides a shard on its own simulator, in a test or without a token. It accepts the options of
 * `NodeGateway.layerShardConfig`, such as those of `Events.config`, except for the token. IDENTIFYs are spaced as Discord
 * requires. Handlers that run when the test ends are interrupted at once unless `drainTimeout` is set, because that time
 * does not pass on TestClock.
 *
 * Fails with a `ConfigError` for an invalid option.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Events, Shard } from "@vesper/gateway"
 * import { Opcode } from "@vesper/model"
 * import { Builder, Expect, GatewaySimulator } from "@vesper/testing"
 * import { Effect } from "effect"
 *
 * const handlers = Events.on("MESSAGE_CREATE", () =>
 *   Effect.flatMap(Shard.Shard, (shard) =>
 *     shard.updatePresence({ status: "dnd", activities: [], since: null, afk: false })))
 *
 * const test = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   yield* Effect.forkScoped(Events.run(handlers))
 *   yield* Expect.expectCommand(simulator, Opcode.Identify)
 *   yield* simulator.dispatch(Builder.message({ content: "hello" }))
 *   const { d } = yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
 *   assert.deepStrictEqual(d, { status: "dnd", activities: [], since: null, afk: false })
 * })
 *
 * const layer = GatewaySimulator.layerShard(Events.config(handlers))
 *
 * Effect.runPromise(Effect.scoped(Effect.provide(test, layer)))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerShard = (
  config: ShardConfig.ConfigOptions,
  options: ShardOptions = {}
): Layer.Layer<Shard.Shard | GatewaySimulator | GatewaySocket.GatewaySocket, ConfigError.ConfigError> => {
  const token = options.token === undefined ? "any-token" : Redacted.value(options.token)
  const layerConfig = Layer.unwrapEffect(Effect.configProviderWith((environment) =>
    Effect.succeed(
      Layer.provide(
        ShardConfig.layerConfig({ drainTimeout: 0, ...config }),
        Layer.setConfigProvider(withToken(token, environment))
      )
    )
  ))
  return Shard.layer(options.shard ?? ShardId.single).pipe(
    Layer.provide(layerConfig),
    Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: options.maxConcurrency ?? 1 })),
    Layer.provideMerge(layerInMemory(options))
  )
}
