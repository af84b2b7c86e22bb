/**
 * Handlers of events, and what follows from them: which events a shard needs to parse, and which intents to ask for. So
 * nobody forgets an intent, and a privileged one that is missing is named before anything connects.
 *
 * @see https://docs.discord.com/developers/events/gateway#gateway-intents
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import type * as Diagnostic from "./Diagnostic.js"
import * as Fleet from "./Fleet.js"
import * as Assemble from "./internal/assembly/assemble.js"
import * as Dispatching from "./internal/events/dispatch.js"
import * as Needs from "./internal/assembly/intentNeeds.js"
import * as Report from "./internal/diagnostics/report.js"
import * as Shard from "./Shard.js"
import type * as ShardError from "./ShardError.js"

/**
 * @since 0.1.0
 * @category symbols
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/Events")

/**
 * @since 0.1.0
 * @category symbols
 */
export type TypeId = typeof TypeId

/**
 * One handler, its event, and what it needs to be run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Registration<out E, out R> extends Needs.Need {
  /** Given only events of the name `event`. */
  readonly run: (event: Dispatch.Known) => Effect.Effect<unknown, E, R>
}

/**
 * Handlers, in the order in which they run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handlers<out E = never, out R = never> extends Pipeable {
  readonly [TypeId]: TypeId
  readonly registrations: ReadonlyArray<Registration<E, R>>
  /** The events that have a handler, each once. */
  readonly events: ReadonlyArray<EventType.EventType>
  /** The intents that all handlers together need. */
  readonly intents: Intents.Intents
}

/**
 * What can be said about a handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Where events are wanted from, if different intents stand for guilds and for direct messages, as they do for
   * messages, reactions, typing and polls. Default: `guilds`.
   */
  readonly from?: Needs.Source | undefined
  /**
   * Intents that the handler needs beside those that let its event through, such as `MessageContent` to see what
   * messages say.
   */
  readonly intents?: ReadonlyArray<Intents.Name> | undefined
}

/**
 * What is asked for beside what the handlers need.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions {
  /**
   * The privileged intents that are switched on for the bot in the developer portal and that it is to ask for. Each
   * privileged intent that a handler needs must stand here; others may. Default: none.
   */
  readonly privileged?: ReadonlyArray<Needs.PrivilegedName> | undefined
}

/** What a handler for an event looks like. */
type Run<T extends EventType.EventType, E, R> = (event: Dispatch.Of<T>) => Effect.Effect<unknown, E, R>

/** A handler for each of some events. */
type Table = { readonly [T in EventType.EventType]?: Run<T, unknown, unknown> }

type ErrorOf<H> = H extends Handlers<infer E, infer _R> ? E : never
type ContextOf<H> = H extends Handlers<infer _E, infer R> ? R : never
type FailureOf<F> = F extends (event: never) => Effect.Effect<unknown, infer E, infer _R> ? E : never
type RequirementOf<F> = F extends (event: never) => Effect.Effect<unknown, infer _E, infer R> ? R : never

const make = <E, R>(registrations: ReadonlyArray<Registration<E, R>>): Handlers<E, R> => ({
  [TypeId]: TypeId,
  registrations,
  events: Array.from(new Set(registrations.map(({ event }) => event))),
  intents: Needs.intentsOf(registrations),
  pipe() {
    return pipeArguments(this, arguments)
  }
})

const registration = <T extends EventType.EventType, E, R>(
  event: EventType.EventType,
  handler: Run<T, E, R>,
  options: Options
): Registration<E, R> => ({
  event,
  from: Option.fromNullable(options.from),
  intents: options.intents ?? [],
  // Handlers are looked up by the name of the event: one of another name never gets here.
  run: handler as Run<never, E, R> as Registration<E, R>["run"]
})

/**
 * A handler for one event. Without `options` it is run for what happens in guilds; see `Options`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Events } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { Effect } from "effect"
 *
 * const handlers = Events.on("MESSAGE_CREATE", (event) => Effect.log(event.d.content), {
 *   from: "everywhere",
 *   intents: ["MessageContent"]
 * })
 *
 * assert.deepStrictEqual(handlers.events, ["MESSAGE_CREATE"])
 * assert.deepStrictEqual(Intents.names(handlers.intents), ["GuildMessages", "DirectMessages", "MessageContent"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const on = <T extends EventType.EventType, E, R>(
  event: T,
  handler: Run<T, E, R>,
  options: Options = {}
): Handlers<E, R> => make([registration(event, handler, options)])

/**
 * Handlers by the names of their events. The options are for all of them.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Events } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { Effect } from "effect"
 *
 * const handlers = Events.handlers({
 *   GUILD_CREATE: (event) => Effect.log(event.d.id),
 *   MESSAGE_CREATE: (event) => Effect.log(event.d.author.username)
 * })
 *
 * assert.strictEqual(handlers.intents, Intents.of("Guilds", "GuildMessages"))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const handlers = <const H extends Table>(
  table: H & { readonly [K in Exclude<keyof H, EventType.EventType>]: never },
  options: Options = {}
): Handlers<FailureOf<H[keyof H]>, RequirementOf<H[keyof H]>> =>
  make(
    Object.entries(table).map(([event, handler]) =>
      // The entries of the table are what its type says; a name that is no event does not compile.
      registration(
        event as EventType.EventType,
        handler as Run<never, FailureOf<H[keyof H]>, RequirementOf<H[keyof H]>>,
        options
      )
    )
  )

/**
 * All handlers of several sets. Those of the same event run one after the other, in the order given here.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = <const H extends ReadonlyArray<Handlers<unknown, unknown>>>(
  ...sets: H
): Handlers<ErrorOf<H[number]>, ContextOf<H[number]>> =>
  // What any of them fails with or needs is in the union.
  make(sets.flatMap(({ registrations }) => registrations)) as Handlers<ErrorOf<H[number]>, ContextOf<H[number]>>

/**
 * The options of a shard that follow from its handlers, for `ShardConfig.layerConfig` and the ready-made layers: the
 * events to parse, and the intents to ask for. They fail with a `ConfigError`, before anything connects, if a handler
 * needs a privileged intent that is not granted here: it names the handler, the intent and its switch in the portal.
 *
 * @example
 * ```ts
 * import { Events, ShardConfig } from "@vesper/gateway"
 * import { Effect } from "effect"
 *
 * const handlers = Events.on("GUILD_MEMBER_ADD", (event) => Effect.log(`welcome, ${event.d.user.username}`))
 *
 * export const config = ShardConfig.layerConfig({
 *   ...Events.config(handlers, { privileged: ["GuildMembers"] }),
 *   largeThreshold: 100
 * })
 * ```
 *
 * @since 0.1.0
 * @category config
 */
export const config = <E, R>(
  self: Handlers<E, R>,
  options: ConfigOptions = {}
): {
  readonly events: ReadonlyArray<EventType.EventType>
  readonly intents: Config.Config<Intents.Intents>
} => {
  const granted = Intents.of(...options.privileged ?? [])
  const problem = Needs.describeUngranted(self.registrations, granted)
  const intents = Intents.union(self.intents, granted)
  return {
    events: self.events,
    intents: Config.mapOrFail(
      Config.succeed(intents),
      () => Option.match(problem, { onNone: () => Either.right(intents), onSome: invalid("intents") })
    )
  }
}

const invalid = (option: string) => (message: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.InvalidData([option], message))

const start = <E, R, E2, R2>(
  self: Handlers<E, R>,
  options: Shard.RunOptions | undefined,
  around: Dispatching.Around<E, E2, R, R2, Shard.Shard>
): Effect.Effect<
  void,
  E2 | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<R2, Scope.Scope> | Shard.Shard
> =>
  Effect.flatMap(Shard.Shard, (shard) => {
    const handle = Dispatching.make(self, around)
    return Effect.zipRight(
      Assemble.check(shard.config, self.registrations),
      shard.runForEach((event) => handle(event, shard), { ...options, events: self.events, key: self })
    )
  })

/**
 * Runs the handlers on the events of the shard, until it is interrupted or the shard is closed. A handler that fails or
 * dies hurts nobody else: that is told to the log and to the shard's diagnostics, and the event counts as handled, for
 * an event that no handler can stand would else come again with every new process.
 *
 * Fails if the gateway closes the shard for good; and with a `ConfigError`, before it connects, if the shard's intents
 * or events leave a handler without what it needs. When it is interrupted, handlers that run have the shard's
 * `drainTimeout` to complete.
 *
 * @example
 * ```ts
 * import { Events, IdentifyQueue, Shard, ShardConfig } from "@vesper/gateway"
 * import { ShardId } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { ConfigProvider, Deferred, Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* Deferred.make<string>()
 *   const handlers = Events.on("READY", (event) => Deferred.succeed(ready, event.d.user.username))
 *   const layer = Shard.layer(ShardId.single).pipe(
 *     Layer.provide(ShardConfig.layerConfig(Events.config(handlers))),
 *     Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 1 })),
 *     Layer.provide(GatewaySimulator.layerInMemory())
 *   )
 *   const bot = Effect.provide(Events.run(handlers), layer)
 *   return yield* Effect.raceFirst(Deferred.await(ready), bot)
 * })
 *
 * const environment = ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "any-token"]]))
 * Effect.runPromise(Effect.withConfigProvider(program, environment))
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const run = <E, R>(
  self: Handlers<E, R>,
  options?: Shard.RunOptions
): Effect.Effect<
  void,
  ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<R, Scope.Scope> | Shard.Shard
> => start(self, options, Dispatching.isolated((shard: Shard.Shard, diagnostic) => Report.reportTo(shard, diagnostic)))

/** Reports to the shard of the event. If it was replaced by now, the fleet's first shard takes the report. */
const fleetReport =
  (fleet: Fleet.Fleet, first: Shard.Shard | undefined) => (id: ShardId.ShardId, diagnostic: Diagnostic.Diagnostic) =>
    Effect.flatMap(
      fleet.shard(id.id),
      Option.match({
        onNone: () => first === undefined ? Effect.void : Report.reportTo(first, diagnostic),
        onSome: (shard) => Report.reportTo(shard, diagnostic)
      })
    )

/**
 * The same on the events of all shards of a fleet, until it is interrupted or the fleet is closed. A guild's events are
 * handled one after the other whatever the concurrency. A handler that fails is told to its shard's diagnostics.
 *
 * @example
 * ```ts
 * import { Events, Fleet, IdentifyQueue, ShardConfig } from "@vesper/gateway"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { ConfigProvider, Deferred, Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* Deferred.make<string>()
 *   const handlers = Events.on("READY", (event) => Deferred.succeed(ready, event.d.user.username))
 *   const layer = Fleet.layer({ shards: { total: 4 } }).pipe(
 *     Layer.provide(ShardConfig.layerConfig(Events.config(handlers))),
 *     Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 4 })),
 *     Layer.provide(GatewaySimulator.layerInMemory({ maxConcurrency: 4 }))
 *   )
 *   const bot = Effect.provide(Events.runFleet(handlers), layer)
 *   return yield* Effect.raceFirst(Deferred.await(ready), bot)
 * })
 *
 * const environment = ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "any-token"]]))
 * Effect.runPromise(Effect.withConfigProvider(program, environment))
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const runFleet = <E, R>(
  self: Handlers<E, R>,
  options?: Shard.RunOptions
): Effect.Effect<
  void,
  ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<R, Scope.Scope> | Fleet.Fleet
> =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    // All shards have one config.
    const [some] = yield* fleet.shards
    yield* some === undefined ? Either.void : Assemble.check(some.config, self.registrations)
    const report = fleetReport(fleet, some)
    const handle = Dispatching.make<E, R, never, R, ShardId.ShardId>(self, Dispatching.isolated(report))
    yield* fleet.runForEach(({ event, shard }) => handle(event, shard), { ...options, events: self.events, key: self })
  })

/**
 * The same, but ends with the first handler that fails or dies. With `acknowledge: "onHandled"` its event counts as not
 * handled: it comes again, to the next reader or to the process that resumes the session.
 *
 * @since 0.1.0
 * @category running
 */
export const runUntilFailure = <E, R>(
  self: Handlers<E, R>,
  options?: Shard.RunOptions
): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<R, Scope.Scope> | Shard.Shard
> => start(self, options, (handled: Effect.Effect<unknown, E, R>) => handled)

/**
 * Collects the handlers of a bot's features while they are built. `assemble` provides one for each bot; `layer` registers with it.
 *
 * @since 0.1.0
 * @category assembling
 */
export interface Registry {
  /** Registers handlers until the scope closes. They run in the context and with the fiber-local values of the caller. */
  readonly register: <E, R>(
    self: Handlers<E, R>,
    options?: Shard.RunOptions
  ) => Effect.Effect<void, never, Exclude<R, Scope.Scope> | Scope.Scope>
}

/**
 * @since 0.1.0
 * @category assembling
 */
export const Registry = Context.GenericTag<Registry>("@vesper/gateway/Events/Registry")

/**
 * Options of an assembled bot. The `RunOptions` are defaults for the layers that do not set their own.
 *
 * @since 0.1.0
 * @category assembling
 */
export interface AssembleOptions extends Shard.RunOptions, ConfigOptions {}

/**
 * The Layer form of `run`: registers handlers for as long as the layer lives. `assemble` runs them. Several sets of handlers each
 * receive all their events, in any order of their layers.
 *
 * @example
 * ```ts
 * import { Events } from "@vesper/gateway"
 * import { Effect, Layer } from "effect"
 *
 * class Greetings extends Effect.Service<Greetings>()("Greetings", {
 *   sync: () => ({ greet: (name: string) => Effect.log(`welcome, ${name}`) })
 * }) {}
 *
 * const handlers = Events.on("GUILD_MEMBER_ADD", (event) =>
 *   Effect.flatMap(Greetings, ({ greet }) => greet(event.d.user.username)))
 *
 * export const GreetingsFeature = Events.layer(handlers).pipe(Layer.provide(Greetings.Default))
 * ```
 *
 * @since 0.1.0
 * @category assembling
 */
export const layer = <E, R>(
  self: Handlers<E, R>,
  options?: Shard.RunOptions
): Layer.Layer<never, never, Exclude<R, Scope.Scope> | Registry> =>
  Layer.scopedDiscard(Effect.flatMap(Registry, (registry) => registry.register(self, options)))

/**
 * Builds the features of a bot, connects its shard, and runs the handlers that the features have registered, until it is
 * interrupted or the shard is closed. Features that take long to build miss no event, because the shard connects when all are
 * built; any other reader that would start the shard waits too.
 *
 * The intents and events of the handlers are added to those of the shard's config. A privileged intent that a handler needs has to
 * be granted in `options.privileged` or asked for by the config; otherwise it fails with a `ConfigError` that names the handler,
 * before anything connects. A shard that is connected already has to have the needed intents.
 *
 * A failing handler is reported to the log and the shard's diagnostics, and its event counts as handled. Fails with
 * `FatallyClosedError` if the gateway closes the shard for good, and with the error of a feature that cannot be built. When it is
 * interrupted, handlers that run have the shard's `drainTimeout` to complete, then the features are released.
 *
 * @example
 * ```ts
 * import { Events, IdentifyQueue, Shard, ShardConfig } from "@vesper/gateway"
 * import { Intents, ShardId } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Deferred, Effect, Layer, Redacted } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* Deferred.make<string>()
 *   const A = Events.layer(Events.on("READY", (event) => Deferred.succeed(ready, event.d.user.username)))
 *   const B = Events.layer(Events.on("MESSAGE_CREATE", (event) => Effect.log(event.d.content)))
 *   const shard = Shard.layer(ShardId.single).pipe(
 *     Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.none })),
 *     Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 1 })),
 *     Layer.provide(GatewaySimulator.layerInMemory())
 *   )
 *   const bot = Effect.provide(Events.assemble(Layer.mergeAll(A, B)), shard)
 *   return yield* Effect.raceFirst(Deferred.await(ready), bot)
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category assembling
 */
export const assemble = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  options: AssembleOptions = {}
): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<Exclude<R, Registry>, Scope.Scope> | Shard.Shard
> =>
  Effect.flatMap(Shard.Shard, (shard) =>
    Assemble.assemble(features, Registry, make([]), {
      self: shard,
      config: shard.config,
      report: (_, diagnostic) => Report.reportTo(shard, diagnostic),
      runForEach: (handler, options) => shard.runForEach((event) => handler(event, shard.id), options)
    }, options))

/**
 * The same on a fleet. The fleet has to be made with `connect: "onRead"` for its intents and events to be resolved; one that has
 * connected when it was made has to have the needed intents.
 *
 * @example
 * ```ts
 * import { Events, Fleet, IdentifyQueue, ShardConfig } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Deferred, Effect, Layer, Redacted } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* Deferred.make<string>()
 *   const A = Events.layer(Events.on("READY", (event) => Deferred.succeed(ready, event.d.user.username)))
 *   const B = Events.layer(Events.on("MESSAGE_CREATE", (event) => Effect.log(event.d.content)))
 *   const fleet = Fleet.layer({ shards: { total: 4 }, connect: "onRead" }).pipe(
 *     Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.none })),
 *     Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 4 })),
 *     Layer.provide(GatewaySimulator.layerInMemory({ maxConcurrency: 4 }))
 *   )
 *   const bot = Effect.provide(Events.assembleFleet(Layer.mergeAll(A, B)), fleet)
 *   return yield* Effect.raceFirst(Deferred.await(ready), bot)
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category assembling
 */
export const assembleFleet = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  options: AssembleOptions = {}
): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<Exclude<R, Registry>, Scope.Scope> | Fleet.Fleet
> =>
  Effect.gen(function*() {
    const fleet = yield* Fleet.Fleet
    // All shards have one config.
    const [some] = yield* fleet.shards
    yield* some === undefined ? Effect.void : Assemble.assemble(features, Registry, make([]), {
      self: fleet,
      config: some.config,
      report: fleetReport(fleet, some),
      runForEach: (handler, options) => fleet.runForEach(({ event, shard }) => handler(event, shard), options)
    }, options)
  })

/**
 * Builds features in the scope of the caller and returns the handlers that they have registered, with all that these need. For
 * runners of events that `assemble` does not know, such as a cluster.
 *
 * @since 0.1.0
 * @category assembling
 */
export const collect = <A, E, R>(
  features: Layer.Layer<A, E, R>
): Effect.Effect<Handlers<unknown>, E, Exclude<R, Registry> | Scope.Scope> =>
  Effect.map(
    Assemble.build(features, Registry),
    (collection) => make(collection.seal().flatMap(({ provided }) => provided))
  )

/**
 * Makes one handler of all, which the option `handlers` of a `ClusterFleet` takes. A failing handler is logged, and its event counts as handled.
 *
 * @since 0.1.0
 * @category running
 */
export const toHandler = <E, R>(
  self: Handlers<E, R>
): (event: Fleet.FleetEvent) => Effect.Effect<unknown, never, R> => {
  const handle = Dispatching.make<E, R, never, R, ShardId.ShardId>(
    self,
    Dispatching.isolated((shard: ShardId.ShardId, diagnostic) => Report.log(shard, diagnostic))
  )
  return ({ event, shard }) => handle(event, shard)
}
