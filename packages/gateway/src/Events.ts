/**
 * Handlers of events, and the events and intents of a shard that are derived from them. A missing privileged intent is reported before
 * the shard connects.
 *
 * @see https://docs.discord.com/developers/events/gateway#gateway-intents
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as EffectContext from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Covariant } from "effect/Types"
import type * as Diagnostic from "./Diagnostic.js"
import type * as Fleet from "./Fleet.js"
import * as Assemble from "./internal/assembly/assemble.js"
import * as Assembly from "./internal/assembly/assembly.js"
import * as Needs from "./internal/assembly/intentNeeds.js"
import * as Check from "./internal/config/check.js"
import * as Report from "./internal/diagnostics/report.js"
import * as EventStream from "./internal/events/eventStream.js"
import * as AwaitEvent from "./internal/events/awaitEvent.js"
import * as FailingHandler from "./internal/events/handlers/failingHandler.js"
import * as FleetHandler from "./internal/events/handlers/fleetHandler.js"
import * as HandlerTable from "./internal/events/handlers/handlerTable.js"
import {
  getRegistrations,
  type HandlersWithRegistrations,
  type Registration
} from "./internal/events/handlers/registration.js"
import * as FleetTag from "./internal/fleet/tag.js"
import * as Shard from "./Shard.js"
import type * as ShardError from "./ShardError.js"

/**
 * The type identifier of `Handlers`.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/Events")

/**
 * The type of `TypeId`.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Handlers, in the order in which they run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handlers<out E = never, out R = never> extends Pipeable {
  readonly [TypeId]: {
    readonly _E: Covariant<E>
    readonly _R: Covariant<R>
  }
  /** The events that have a handler, each once. */
  readonly events: ReadonlyArray<EventType.EventName>
  /** The intents that all handlers together need. */
  readonly intents: Intents.Intents
}

/**
 * The origin of events that have different intents for guilds and for direct messages.
 *
 * @since 0.1.0
 * @category models
 */
export type EventOrigin = "guilds" | "directMessages" | "everywhere"

/**
 * The name of an intent that has to be enabled for the bot in the developer portal.
 *
 * @since 0.1.0
 * @category models
 */
export type PrivilegedIntent = "GuildMembers" | "GuildPresences" | "MessageContent"

/**
 * Options of a handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerOptions {
  /**
   * The origin of the wanted events. Messages, reactions, typing and polls have different intents for guilds and for direct messages.
   * Default: `guilds`.
   */
  readonly from?: EventOrigin | undefined
  /** Further intents of the handler, such as `MessageContent` to receive the text of messages. Default: none. */
  readonly intents?: ReadonlyArray<Intents.Name> | undefined
}

/**
 * Options of a handler or a stream of some events of a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface FilterOptions<T extends EventType.EventType> extends HandlerOptions {
  /** Selects events. One that throws is a defect. Default: all events of the name. */
  readonly where?: ((event: Dispatch.Of<T>) => boolean) | undefined
}

/**
 * Options of `next`.
 *
 * @since 0.1.0
 * @category models
 */
export interface NextOptions<T extends EventType.EventType> extends FilterOptions<T> {
  /** The longest wait, over reconnects too. Default: no limit. */
  readonly within?: Duration.DurationInput | undefined
}

/**
 * No matching event arrived within the time of `next`.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoEventError extends Data.TaggedError("NoEventError")<{
  /** The name of the event. */
  readonly event: EventType.EventType
  readonly within: Duration.Duration
}> {
  override get message(): string {
    return `no ${this.event} that matches arrived within ${Duration.format(this.within)}; ` +
      "wait longer with `within`, or continue without the event"
  }
}

/**
 * Options of `config`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions {
  /**
   * The privileged intents to request, which have to be enabled for the bot in the developer portal. Includes at least each privileged
   * intent that a handler needs. Default: none.
   */
  readonly privileged?: ReadonlyArray<PrivilegedIntent> | undefined
}

/**
 * A handler of one event. It may throw, which is a defect.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<T extends EventType.EventType, E, R> = (event: Dispatch.Of<T>) => Effect.Effect<unknown, E, R>

/**
 * Handlers by the names of their events.
 *
 * @since 0.1.0
 * @category models
 */
export type Table = { readonly [T in EventType.EventType]?: Handler<T, unknown, unknown> }

/**
 * The error type of `Handlers` or of a `Handler`.
 *
 * @since 0.1.0
 * @category models
 */
export type Error<H> = H extends Handlers<infer E, infer _R> ? E
  : H extends (event: never) => Effect.Effect<unknown, infer E, infer _R> ? E
  : never

/**
 * The requirements of `Handlers` or of a `Handler`.
 *
 * @since 0.1.0
 * @category models
 */
export type Context<H> = H extends Handlers<infer _E, infer R> ? R
  : H extends (event: never) => Effect.Effect<unknown, infer _E, infer R> ? R
  : never

const variance = {
  /* v8 ignore next 2 */
  _E: (_: never) => _,
  _R: (_: never) => _
}

const make = <E, R>(registrations: ReadonlyArray<Registration<E, R>>): HandlersWithRegistrations<E, R> => ({
  [TypeId]: variance,
  registrations,
  events: Array.from(new Set(registrations.map(({ event }) => event))),
  intents: Needs.mergeIntents(registrations),
  pipe() {
    return pipeArguments(this, arguments)
  }
})

const register = <T extends EventType.EventType, E, R>(
  event: EventType.EventName,
  handler: Handler<T, E, R>,
  options: HandlerOptions
): Registration<E, R> => ({
  event,
  from: Option.fromNullable(options.from),
  intents: options.intents ?? [],
  // Handlers are found by the name of the event, so a handler receives only its own event.
  run: handler as Handler<never, E, R> as Registration<E, R>["run"]
})

/**
 * Makes a handler of one event. Without `options` it needs the intents for events of guilds.
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
  handler: Handler<T, E, R>,
  options: HandlerOptions = {}
): Handlers<E, R> => make([register(event, handler, options)])

/**
 * Makes a handler of an event that this version does not know. It needs no intents but those of `options`. A later version that
 * knows the event calls it with the same `name` and `d`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Events } from "@vesper/gateway"
 * import { Effect } from "effect"
 *
 * const handlers = Events.onUnknown("BRAND_NEW", ({ d, name }) => Effect.log(name, d), { intents: ["Guilds"] })
 *
 * assert.deepStrictEqual(handlers.events, ["BRAND_NEW"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const onUnknown = <E, R>(
  name: string,
  handler: (event: Dispatch.UnknownDispatch) => Effect.Effect<unknown, E, R>,
  { intents = [] }: Pick<HandlerOptions, "intents"> = {}
): Handlers<E, R> =>
  make([{
    event: EventType.unknownName(name),
    from: Option.none(),
    intents,
    run: (event) =>
      handler(
        event.t === "UnknownDispatch" ? event : { op: event.op, t: "UnknownDispatch", name, s: event.s, d: event.d }
      )
  }])

/**
 * Makes handlers from a table by the names of their events. The options apply to all of them.
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
  options: HandlerOptions = {}
): Handlers<Error<H[keyof H]>, Context<H[keyof H]>> =>
  make(
    Object.entries(table).map(([event, handler]) =>
      // The type of the table has these entries, and a key that is not an event does not compile.
      register(
        event as EventType.EventType,
        handler as Handler<never, Error<H[keyof H]>, Context<H[keyof H]>>,
        options
      )
    )
  )

/** Runs a handler once, and again only if it was interrupted, because its event is delivered to the next run. */
const handleFirst = <T extends EventType.EventType, E, R>(
  handler: Handler<T, E, R>,
  { where }: FilterOptions<T>
): Handler<T, E, R> => {
  let state: "waiting" | "running" | "done" = "waiting"
  return (event) =>
    state === "done" || (where !== undefined && !where(event))
      ? Effect.void
      : Effect.uninterruptibleMask((restore) => {
        if (state !== "waiting") {
          return Effect.void
        }
        state = "running"
        return Effect.onExit(restore(Effect.suspend(() => handler(event))), (exit) =>
          Effect.sync(() => {
            state = Exit.isInterrupted(exit) ? "waiting" : "done"
          }))
      })
}

/**
 * Makes a handler of the first matching event. Each value of `once` handles one event, in all runs and on all shards together, whether
 * the handler succeeds or fails. An event whose handler was interrupted is handled again.
 *
 * @example
 * ```ts
 * import { Events } from "@vesper/gateway"
 * import { Effect } from "effect"
 *
 * export const Announce = Events.layer(
 *   Events.once("READY", (event) => Effect.log(`${event.d.user.username} is online`))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const once = <T extends EventType.EventType, E, R>(
  event: T,
  handler: Handler<T, E, R>,
  options: FilterOptions<T> = {}
): Handlers<E, R> => make([register(event, handleFirst(handler, options), options)])

/**
 * Declares an event that a feature waits for with `next` or reads with `stream`, so that its intents are requested.
 *
 * @since 0.1.0
 * @category constructors
 */
export const awaits = (event: EventType.EventType, options: HandlerOptions = {}): Handlers =>
  make([register(event, () => Effect.void, options)])

/**
 * Combines several sets of handlers. Handlers of one event run one after the other, in the order of the sets.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = <const H extends ReadonlyArray<Handlers<unknown, unknown>>>(
  ...sets: H
): Handlers<Error<H[number]>, Context<H[number]>> =>
  // The unions include the errors and requirements of each set.
  make(sets.flatMap((set) => getRegistrations(set))) as Handlers<Error<H[number]>, Context<H[number]>>

/**
 * Derives options of a shard from its handlers, for `ShardConfig.layerConfig` and the ready-made layers: the events to parse and the
 * intents to request. Loading them fails with a `ConfigError` if a handler needs a privileged intent that is not granted here. Its
 * message names the handler, the intent and its switch in the developer portal.
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
  readonly events: ReadonlyArray<EventType.EventName>
  readonly intents: Config.Config<Intents.Intents>
} => {
  const granted = Intents.of(...options.privileged ?? [])
  const problem = Needs.describeUngranted(getRegistrations(self), granted)
  const intents = Intents.union(self.intents, granted)
  return {
    events: self.events,
    intents: Config.mapOrFail(
      Config.succeed(intents),
      () =>
        Option.match(problem, {
          onNone: () => Either.right(intents),
          onSome: (problem) => Check.invalid(["intents"], problem)
        })
    )
  }
}

const runWith = <E, R, E2, R2>(
  self: Handlers<E, R>,
  options: Shard.RunOptions | undefined,
  handle: (event: Dispatch.Dispatch, shard: Shard.Shard) => Effect.Effect<unknown, E2, R2>
): Effect.Effect<
  void,
  E2 | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<R2, Scope.Scope> | Shard.Shard
> =>
  Effect.flatMap(Shard.Shard, (shard) =>
    Effect.zipRight(
      Assemble.check(shard.config, getRegistrations(self)),
      shard.runForEach((event) => handle(event, shard), { ...options, events: self.events, key: self })
    ))

/**
 * Runs the handlers on the events of the shard, until it is interrupted or the shard is closed. A failing handler is reported to the
 * log and the shard's diagnostics and does not affect other handlers. Its event counts as handled. Otherwise a poison event would be
 * redelivered after every restart.
 *
 * Fails with `FatallyClosedError` after a fatal close, and with a `ConfigError` before it connects if the shard's config excludes an
 * event or an intent of a handler. When it is interrupted, running handlers have the shard's `drainTimeout` to complete.
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
> => runWith(self, options, FailingHandler.isolate(self, Report.reportTo))

/** Reports to the shard of the event, or to the fleet's first shard if it was replaced. */
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
 * Runs the handlers as `run`, on the events of all shards of a fleet, until it is interrupted or the fleet is closed. Events of one
 * guild are handled one after the other at any concurrency. A failing handler is reported to the diagnostics of the event's shard.
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
    const fleet = yield* FleetTag.tag
    // All shards share one config.
    const [some] = yield* fleet.shards
    yield* some === undefined ? Either.void : Assemble.check(some.config, getRegistrations(self))
    const report = fleetReport(fleet, some)
    const handle = FailingHandler.isolate(self, report)
    yield* fleet.runForEach(FleetHandler.make(handle), { ...options, events: self.events, key: self })
  })

/**
 * Runs the handlers as `run`, but ends with the first handler that fails or dies. With `acknowledge: "onHandled"` its event counts as
 * unhandled and is delivered again, to the next run with the same handlers or to the process that resumes the session.
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
> => runWith(self, options, HandlerTable.make(self, (handled) => handled))

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
 * The tag of `Registry`.
 *
 * @since 0.1.0
 * @category assembling
 */
export const Registry = EffectContext.GenericTag<Registry>("@vesper/gateway/Events/Registry")

/**
 * Options of an assembled bot. The `RunOptions` are defaults for layers without options.
 *
 * @since 0.1.0
 * @category assembling
 */
export interface AssembleOptions extends Shard.RunOptions, ConfigOptions {}

/**
 * Registers handlers until the layer is released. `assemble` runs them. Each set of handlers receives all of its events, in any order of
 * the layers.
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
 * interrupted or the shard is closed. Features that take long to build miss no event, because the shard connects once all are built.
 * Other readers that would start the shard wait as well.
 *
 * The intents and events of the handlers are added to those of the shard's config. A privileged intent that a handler needs has to be
 * in `options.privileged` or in the config; otherwise it fails with a `ConfigError` that names the handler, before the shard connects.
 * The config of a shard that is connected already has to include the needed intents.
 *
 * A failing handler is reported to the log and the shard's diagnostics, and its event counts as handled. Fails with
 * `FatallyClosedError` after a fatal close, and with the error of a feature that cannot be built. When it is interrupted, running
 * handlers have the shard's `drainTimeout` to complete, then the features are released.
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
 * Assembles a bot as `assemble`, on a fleet. Intents and events are added to a fleet with `connect: "onRead"`. The config of a fleet
 * that connects at once has to include them.
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
    const fleet = yield* FleetTag.tag
    // All shards share one config.
    const [some] = yield* fleet.shards
    yield* some === undefined ? Effect.void : Assemble.assemble(features, Registry, make([]), {
      self: fleet,
      config: some.config,
      report: fleetReport(fleet, some),
      runForEach: (handler, options) => fleet.runForEach(FleetHandler.make(handler), options)
    }, options)
  })

/**
 * Builds features in the scope of the caller and returns the handlers that they have registered, with their requirements provided. For
 * other runners of events, such as a cluster.
 *
 * @since 0.1.0
 * @category assembling
 */
export const collect = <A, E, R>(
  features: Layer.Layer<A, E, R>
): Effect.Effect<Handlers<unknown>, E, Exclude<R, Registry> | Scope.Scope> =>
  Effect.map(
    Assemble.build(features, Registry),
    (registry) => make(registry.seal().flatMap(({ provided }) => provided))
  )

/**
 * Combines all handlers into the option `handlers` of a `ClusterFleet`. A failing handler is logged, and its event counts as handled.
 *
 * @since 0.1.0
 * @category running
 */
export const toHandler = <E, R>(
  self: Handlers<E, R>
): (event: Fleet.FleetEvent) => Effect.Effect<unknown, never, R> => {
  const handle = FailingHandler.isolate(self, Report.log)
  return ({ event, shard }) => handle(event, shard)
}

const matches =
  <T extends EventType.EventType>(event: T, { where }: FilterOptions<T>) =>
  (received: Dispatch.Dispatch): received is Dispatch.Of<T> & Dispatch.Known =>
    // An event has the body of its name.
    received.t === event && (where === undefined || where(received as Dispatch.Dispatch as Dispatch.Of<T>))

/** Fails if the config of a shard or a fleet excludes an event. The config of a test double of a fleet is unknown. */
const checkReceives = (
  self: Shard.Shard | Fleet.Fleet,
  event: EventType.EventType,
  options: HandlerOptions
): Effect.Effect<void, ConfigError.ConfigError> =>
  Effect.suspend(() => {
    const current = Assembly.get(self)?.config() ?? ("config" in self ? self.config : undefined)
    const need = { event, from: Option.fromNullable(options.from), intents: options.intents ?? [] }
    return current === undefined ? Effect.void : Assemble.check(current, [need])
  })

const readAll = (self: Shard.Shard | Fleet.Fleet): Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError> =>
  "shards" in self ? Stream.map(self.events, ({ event }) => event) : self.events

/**
 * Waits for the next event of a name that matches, on a shard or a fleet. Each wait receives every event from its start, over
 * reconnects and reshardings, and other readers receive the event too. It acknowledges nothing, does not change the session to resume
 * from, and reads nothing after it has ended.
 *
 * Starts the shard. Fails with `NoEventError` after `within`, with `ShardClosedError` or `FatallyClosedError` when the shard is closed,
 * and with a `ConfigError` if its config excludes the event: a feature declares its events with `awaits`. Fork the wait before the
 * request that causes the event.
 *
 * @example
 * ```ts
 * import { Events, Shard } from "@vesper/gateway"
 * import { Effect } from "effect"
 *
 * const awaitMessage = (user: string) =>
 *   Effect.flatMap(
 *     Shard.Shard,
 *     Events.next("MESSAGE_CREATE", { where: (event) => event.d.author.id === user, within: "1 minute" })
 *   )
 *
 * export const Quiz = Events.layer(Events.merge(
 *   Events.awaits("MESSAGE_CREATE", { intents: ["MessageContent"] }),
 *   Events.on("GUILD_MEMBER_ADD", (event) =>
 *     awaitMessage(event.d.user.id).pipe(
 *       Effect.flatMap((answer) => Effect.log(answer.d.content)),
 *       Effect.catchTag("NoEventError", () => Effect.log("no answer"))
 *     ))
 * ), { concurrency: "unbounded", order: "none" })
 * ```
 *
 * @since 0.1.0
 * @category waiting
 */
export const next: {
  <T extends EventType.EventType>(
    event: T,
    options?: NextOptions<T>
  ): (
    self: Shard.Shard | Fleet.Fleet
  ) => Effect.Effect<Dispatch.Of<T>, NoEventError | ShardError.TerminalError | ConfigError.ConfigError>
  <T extends EventType.EventType>(
    self: Shard.Shard | Fleet.Fleet,
    event: T,
    options?: NextOptions<T>
  ): Effect.Effect<Dispatch.Of<T>, NoEventError | ShardError.TerminalError | ConfigError.ConfigError>
} = dual((args) => typeof args[0] !== "string", <T extends EventType.EventType>(
  self: Shard.Shard | Fleet.Fleet,
  event: T,
  options: NextOptions<T> = {}
): Effect.Effect<Dispatch.Of<T>, NoEventError | ShardError.TerminalError | ConfigError.ConfigError> => {
  const assembly = Assembly.get(self)
  const check = checkReceives(self, event, options)
  const wait = assembly === undefined
    ? Effect.zipRight(check, AwaitEvent.head(readAll(self), matches(event, options)))
    // An assembly that defers the start completes the config.
    : AwaitEvent.next(assembly.source, event, matches(event, options), Effect.zipRight(assembly.start, check))
  const { within } = options
  return within === undefined ? wait : Effect.timeoutFail(wait, {
    duration: within,
    onTimeout: () => new NoEventError({ event, within: Duration.decode(within) })
  })
})

/**
 * Streams the events of a name that match, from the time that the stream is run, on a shard or a fleet. Ends when the program closes
 * the shard. `Stream.take` and `Stream.interruptAfter` bound it, for example to collect the votes of a minute. It has the
 * back-pressure of `Shard.events`: a slow consumer pauses the shard once `eventBufferSize` events of the name wait.
 *
 * Fails with `FatallyClosedError` when the gateway closes the shard permanently, and with a `ConfigError` if its config excludes the
 * event: a feature declares its events with `awaits`.
 *
 * @example
 * ```ts
 * import { Events, Fleet } from "@vesper/gateway"
 * import { Effect, Stream } from "effect"
 *
 * export const countVotes = (message: string) =>
 *   Effect.flatMap(Fleet.Fleet, (fleet) =>
 *     Events.stream(fleet, "MESSAGE_REACTION_ADD", { where: (event) => event.d.message_id === message }).pipe(
 *       Stream.interruptAfter("1 minute"),
 *       Stream.runCount
 *     ))
 * ```
 *
 * @since 0.1.0
 * @category waiting
 */
export const stream: {
  <T extends EventType.EventType>(
    event: T,
    options?: FilterOptions<T>
  ): (
    self: Shard.Shard | Fleet.Fleet
  ) => Stream.Stream<Dispatch.Of<T>, ShardError.FatallyClosedError | ConfigError.ConfigError>
  <T extends EventType.EventType>(
    self: Shard.Shard | Fleet.Fleet,
    event: T,
    options?: FilterOptions<T>
  ): Stream.Stream<Dispatch.Of<T>, ShardError.FatallyClosedError | ConfigError.ConfigError>
} = dual((args) => typeof args[0] !== "string", <T extends EventType.EventType>(
  self: Shard.Shard | Fleet.Fleet,
  event: T,
  options: FilterOptions<T> = {}
): Stream.Stream<Dispatch.Of<T>, ShardError.FatallyClosedError | ConfigError.ConfigError> => {
  const assembly = Assembly.get(self)
  const check = checkReceives(self, event, options)
  const start = Effect.zipRight(assembly?.start ?? Effect.void, check)
  const events = assembly === undefined
    ? readAll(self)
    : EventStream.make(assembly.source, assembly.nextEvent, (received) => received, new Set([event]))
  return Stream.filter(Stream.unwrap(Effect.as(start, events)), matches(event, options))
})
