/** A bot on the simulator in memory: processes with their shards, clients of the HTTP API and features. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Rest from "@vesper/bot/Rest"
import * as Events from "@vesper/gateway/Events"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"

export const world = World.make({ guilds: 2, membersPerGuild: 3 })

const token = Redacted.make("MTE.secret.token")
const maxConcurrency = 4

/** The gateway and the HTTP API. */
export const layer = (options: GatewaySimulator.Options = {}) =>
  GatewaySimulator.layerHttpClient.pipe(
    Layer.provideMerge(GatewaySimulator.layerInMemory({ token, world, maxConcurrency, ...options }))
  )

export interface ProcessOptions {
  /** The number of shards of a fleet. Default: one shard without a fleet. */
  readonly shards?: number
  /** The store of the processes, with which events are acknowledged when they are handled. */
  readonly store?: SessionStore.SessionStore
}

/** A process of the bot. It begins again with its features. */
export interface Process {
  /** Ends it in order. */
  readonly stop: Effect.Effect<void>
  /** Ends it at once: requests that have not arrived are lost, and nothing is stored any more. */
  readonly kill: Effect.Effect<void>
}

/** The network and the store of a process, which are cut off once it was killed. */
const makeOutside = (process: { isAlive: boolean }, store: SessionStore.SessionStore | undefined) =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const whileAlive = <A>(effect: Effect.Effect<A, SessionStore.SessionStoreError>, dead: A) =>
      Effect.suspend(() => process.isAlive ? effect : Effect.succeed(dead))
    const layerHttp = Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => {
        const lost = new HttpClientError.RequestError({ request, reason: "Transport", description: "killed" })
        const check = Effect.suspend(() => process.isAlive ? Effect.void : lost)
        return Effect.zipLeft(Effect.zipRight(check, client.execute(request)), check)
      })
    )
    return store === undefined ? layerHttp : Layer.merge(
      layerHttp,
      Layer.succeed(SessionStore.SessionStore, {
        load: store.load,
        save: (key, session) => whileAlive(store.save(key, session), undefined),
        remove: (key) => whileAlive(store.remove(key), undefined)
      })
    )
  })

/** Starts a process on the simulator. */
export const start = (
  features: Layer.Layer<never, never, Rest.Rest | Events.Registry>,
  { shards, store }: ProcessOptions = {}
) =>
  Effect.gen(function*() {
    const process = { isAlive: true }
    const outside = yield* makeOutside(process, store)
    const layerConfig = Layer.mergeAll(
      ShardConfig.layer({
        token,
        intents: Intents.none,
        drainTimeout: 0,
        acknowledge: store === undefined ? "onReceive" : "onHandled"
      }),
      IdentifyQueue.layerInMemory({ maxConcurrency })
    )
    // The library counts its global limit on the wall clock, and the simulator on the test's.
    const layerRest = Rest.layer({ token, globalRequestsPerSecond: 1_000_000 })
    const layerBot = shards === undefined
      ? Layer.scopedDiscard(Effect.forkScoped(Events.assemble(features))).pipe(
        Layer.provide(Layer.fresh(Shard.layer(ShardId.single)))
      )
      : Layer.scopedDiscard(Effect.forkScoped(Events.assembleFleet(features))).pipe(
        Layer.provide(Layer.fresh(Fleet.layer({ shards: { total: shards }, connect: "onRead" })))
      )
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
    yield* Layer.buildWithScope(
      Layer.fresh(layerBot).pipe(
        Layer.provide(Layer.fresh(layerRest)),
        Layer.provide(layerConfig),
        Layer.provide(outside)
      ),
      scope
    )
    const running: Process = {
      stop: Scope.close(scope, Exit.void),
      kill: Effect.suspend(() => {
        process.isAlive = false
        return Scope.close(scope, Exit.void)
      })
    }
    return running
  })

/** Starts a process on TestClock, and waits until its fibers have settled. */
export const startSettled = (...parameters: Parameters<typeof start>) =>
  Effect.tap(start(...parameters), () => TestClock.adjust(0))

export const simulator = GatewaySimulator.GatewaySimulator

/** Advances the clock in small steps, so that each timer runs at its time. */
export const advance = (steps: number, step = 100) =>
  Effect.replicateEffect(TestClock.adjust(step), steps, { discard: true })

const entries = <T extends LogEntry.LogEntry["_tag"]>(tag: T) =>
  Effect.flatMap(simulator, ({ log }) => Effect.map(log, (all) => all.filter(LogEntry.is(tag))))

/** The requests of the bot. */
export const requests = entries("Requested")

export const violations = Effect.flatMap(
  simulator,
  (one) => Effect.map(one.violations, (all) => all.map(({ detail, rule }) => `${rule}: ${detail}`))
)

/** Collects the lines of the log. */
export const withLog = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    lines.push(String(message))
  })
  return Effect.provide(use(lines), Logger.replace(Logger.defaultLogger, logger))
}
