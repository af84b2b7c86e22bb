/**
 * A simulated Discord gateway, as strict as Discord's: what Discord would punish, it punishes and records. It runs in
 * memory on the Clock, so that tests under TestClock are exact, or behind a real websocket server (`GatewayServer`).
 *
 * @since 0.1.0
 */
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Fault from "./Fault.js"
import * as Gateway from "./internal/gateway.js"
import * as MemorySocket from "./internal/memorySocket.js"
import * as LogEntry from "./LogEntry.js"
import type * as Scenario from "./Scenario.js"
import * as World from "./World.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The one token that is accepted, with or without `Bot `. Default: any that is not empty. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** Default: 41.25 seconds, as Discord's. */
  readonly heartbeatInterval?: Duration.DurationInput | undefined
  /** How late a heartbeat may be. Default: half of the interval. */
  readonly heartbeatTolerance?: Duration.DurationInput | undefined
  /** Identifies at a time. Default: 1. */
  readonly maxConcurrency?: number | undefined
  /** Identifies a day. Default: 1,000, all of them left, for 24 hours. */
  readonly sessionStartLimit?: {
    readonly total: number
    readonly remaining: number
    readonly resetAfter: Duration.DurationInput
  } | undefined
  /** What the bot may ask for. Default: all. */
  readonly allowedIntents?: Intents.Intents | undefined
  /** How long a session without a connection can be resumed. Default: 3 minutes. */
  readonly sessionTimeout?: Duration.DurationInput | undefined
  /** Events that a session keeps for a resume. Default: 10,000. */
  readonly replayLimit?: number | undefined
  /**
   * Entries that the log keeps: when there are more, the older half goes. A long run under load, whose memory is to be
   * that of what it tests, sets it and `replayLimit` low. Default: 100,000.
   */
  readonly logLimit?: number | undefined
  /** From there on, a shard must be split. Default: 2,500. */
  readonly maxGuildsPerShard?: number | undefined
  /** How long a message takes to the client in memory. Default: nothing. */
  readonly latency?: Duration.DurationInput | undefined
  /** Who lives there. Default: no guilds. */
  readonly world?: World.World | undefined
}

/**
 * A simulated gateway, and which shard is on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardOptions extends Options {
  /** Default: the only shard, 0 of 1. */
  readonly shard?: ShardId.ShardId | undefined
}

/**
 * An event to be sent. Its guild decides on the shard; without one it goes to shard 0, or to the one named.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly t: string
  readonly d: unknown
  readonly guildId?: string | undefined
  readonly shard?: number | undefined
}

/**
 * Which connections a fault is for: all, those of a shard, or one by its number.
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
 * @since 0.1.0
 * @category models
 */
export interface GatewaySimulator {
  /** Where clients connect to first, and where they resume; without a query. */
  readonly urls: Effect.Effect<{ readonly gateway: string; readonly resume: string }>
  /** What the gateway saw and did, in order, the last half of `logLimit` at least. No token is in it. */
  readonly log: Effect.Effect<ReadonlyArray<LogEntry.LogEntry>>
  /** What it sees and does from now on. */
  readonly logChanges: Stream.Stream<LogEntry.LogEntry>
  /** The first entry that matches, as soon as there is one. */
  readonly awaitLog: <A extends LogEntry.LogEntry>(
    refinement: (entry: LogEntry.LogEntry) => entry is A
  ) => Effect.Effect<A>
  /** The payloads that clients sent with an opcode. */
  readonly received: (op: number) => Effect.Effect<ReadonlyArray<Extract<LogEntry.LogEntry, { _tag: "Received" }>>>
  /** What Discord would have punished, the first 1,000 of it. A well-behaved client leaves it empty. */
  readonly violations: Effect.Effect<ReadonlyArray<Extract<LogEntry.LogEntry, { _tag: "Violation" }>>>
  /** Open connections. */
  readonly connections: Effect.Effect<number>
  readonly sessions: Effect.Effect<ReadonlyArray<SessionInfo>>
  /** What GET /gateway/bot answers. */
  readonly gatewayBot: Effect.Effect<Gateway.GatewayBot>
  /**
   * Sends an event to every session that it is for, and keeps it for those that are without a connection. How many
   * sessions that were.
   */
  readonly dispatch: (event: Event) => Effect.Effect<number>
  /** Lets something go wrong, now or, for a rule, with the next connections. Default target: all. */
  readonly inject: (fault: Fault.Fault, target?: Target) => Effect.Effect<void>
  /** Lets things go wrong at their times. */
  readonly run: (scenario: Scenario.Scenario) => Effect.Effect<void>
  /** Sends generated events of the world for ever, so many a second in all. */
  readonly traffic: (options: { readonly eventsPerSecond: number }) => Effect.Effect<never>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const GatewaySimulator = Context.GenericTag<GatewaySimulator>("@vesper/testing/GatewaySimulator")

/** What the server and the in-memory socket need of a simulator, and no user. */
const cores = new WeakMap<
  GatewaySimulator,
  { readonly gateway: Gateway.Gateway; readonly latency: Duration.Duration }
>()

/** @internal */
export const coreOf = (simulator: GatewaySimulator): {
  readonly gateway: Gateway.Gateway
  readonly latency: Duration.Duration
} => {
  const core = cores.get(simulator)
  if (core === undefined) {
    throw new Error("a simulator is made by GatewaySimulator.make")
  }
  return core
}

const millis = (input: Duration.DurationInput | undefined, fallback: Duration.DurationInput): number =>
  Duration.toMillis(input ?? fallback)

const settingsOf = (options: Options): Gateway.Settings => {
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
    guilds: options.world?.guilds ?? []
  }
}

const isTarget =
  (target: Target) => (link: { readonly number: number; readonly shard: () => { id: number } | undefined }) =>
    target === "all" || ("shard" in target ? link.shard()?.id === target.shard : link.number === target.connection)

/** How often generated events are sent. */
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
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<GatewaySimulator, never, Scope.Scope> =>
  Effect.gen(function*() {
    const hub = yield* Effect.acquireRelease(PubSub.unbounded<LogEntry.LogEntry>(), PubSub.shutdown)
    const settings = settingsOf(options)
    const world = options.world ?? World.empty
    const gateway = Gateway.make(settings, yield* Effect.clock, (entry) => {
      hub.unsafeOffer(entry)
    })

    const inject: GatewaySimulator["inject"] = (fault, target = "all") =>
      Effect.sync(() => {
        if (Fault.isRule(fault)) {
          gateway.addRule(fault)
        } else {
          Array.from(gateway.links).filter(isTarget(target)).forEach((link) => link.inject(fault))
        }
      })

    const logChanges = Stream.fromPubSub(hub)
    const simulator: GatewaySimulator = {
      urls: Effect.sync(() => ({ ...gateway.urls })),
      log: Effect.sync(() => gateway.log.slice()),
      logChanges,
      awaitLog: (refinement) =>
        Effect.scoped(Effect.gen(function*() {
          // Subscribed before the past is searched, so that nothing falls in between.
          const later = yield* Stream.fromPubSub(hub, { scoped: true })
          const all = Stream.concat(Stream.fromIterable(gateway.log.slice()), later)
          const found = yield* Stream.runHead(Stream.filter(all, refinement))
          return yield* Option.match(found, { onNone: () => Effect.never, onSome: Effect.succeed })
        })),
      received: (op) =>
        Effect.sync(() => gateway.log.filter(LogEntry.is("Received")).filter((entry) => entry.op === op)),
      violations: Effect.sync(() => gateway.violations.slice()),
      connections: Effect.sync(() => gateway.links.size),
      sessions: Effect.sync(() =>
        Array.from(gateway.sessions.values(), ({ id, link, sequence, shard }) => ({
          id,
          shard: shard.id,
          total: shard.total,
          sequence,
          isConnected: link !== undefined
        }))
      ),
      gatewayBot: Effect.sync(gateway.bot),
      dispatch: (event) => Effect.sync(() => gateway.dispatch(event)),
      inject,
      run: (scenario) =>
        Effect.forEach(
          scenario,
          ({ at, fault, target }) => Effect.delay(inject(fault, target), at),
          { concurrency: "unbounded", discard: true }
        ),
      traffic: ({ eventsPerSecond }) => sendTraffic(gateway, world, eventsPerSecond)
    }
    cores.set(simulator, { gateway, latency: Duration.decode(options.latency ?? 0) })
    return simulator
  })

/**
 * The simulator alone; a way in comes from `layerSocket` or `GatewayServer.layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<GatewaySimulator> =>
  Layer.scoped(GatewaySimulator, make(options))

/**
 * The way in that needs no network.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSocket: Layer.Layer<GatewaySocket.GatewaySocket, never, GatewaySimulator> = Layer.effect(
  GatewaySocket.GatewaySocket,
  Effect.map(GatewaySimulator, (simulator) => {
    const { gateway, latency } = coreOf(simulator)
    return GatewaySocket.make(MemorySocket.open(gateway, latency))
  })
)

/**
 * What the simulator would answer to GET /gateway/bot, without a network. It fails once the token was reset.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApi: Layer.Layer<GatewayApi.GatewayApi, never, GatewaySimulator> = Layer.effect(
  GatewayApi.GatewayApi,
  Effect.map(GatewaySimulator, (simulator) => {
    const { gateway } = coreOf(simulator)
    return {
      gatewayBot: Effect.suspend(() =>
        gateway.isToken(gateway.settings.token ?? "any")
          ? Effect.orDie(Schema.decode(GatewayApi.GatewayBot)(gateway.bot()))
          : Effect.fail(new GatewayApi.UnauthorizedError())
      )
    }
  })
)

/**
 * The simulator and the way in that needs no network.
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

/** The token that the simulator takes comes first, everything else from where the program has it. */
const withToken = (token: string, environment: ConfigProvider.ConfigProvider): ConfigProvider.ConfigProvider =>
  ConfigProvider.orElse(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", token]])), () => environment)

/**
 * A shard on a simulator of its own, for a test or for a bot without a token: what `NodeGateway.layerShardConfig` is on
 * Discord. It takes the same options, such as those that `Events.config` makes of handlers; the token is the simulator's.
 * Identifies keep Discord's pace. Handlers that run when the test ends are interrupted at once, unless a `drainTimeout` is
 * given: on TestClock it would never pass.
 *
 * Fails with a `ConfigError` for an option, as on Discord.
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
