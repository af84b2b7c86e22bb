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
import type * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import * as Diagnostic from "./Diagnostic.js"
import * as Fleet from "./Fleet.js"
import * as Handling from "./internal/events/handling.js"
import * as Needs from "./internal/intentNeeds.js"
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

const check = (
  shard: Shard.Shard,
  registrations: ReadonlyArray<Needs.Need>
): Either.Either<void, ConfigError.ConfigError> => {
  const { events, intents } = shard.config
  return Needs.describeMissing(registrations, intents).pipe(
    Option.map(invalid("intents")),
    Option.orElse(() => Option.map(Needs.describeUnwanted(registrations, events), invalid("events"))),
    Option.getOrElse(() => Either.void)
  )
}

const byEvent = <E, R>(self: Handlers<E, R>): ReadonlyMap<string, ReadonlyArray<Registration<E, R>["run"]>> => {
  const table = new Map<string, Array<Registration<E, R>["run"]>>()
  for (const { event, run } of self.registrations) {
    const others = table.get(event)
    if (others === undefined) {
      table.set(event, [run])
    } else {
      others.push(run)
    }
  }
  return table
}

/** What surrounds each run of a handler, for an event that came from `from`. */
type Around<E, E2, R, R2, From> = (
  handled: Effect.Effect<unknown, E, R>,
  event: Dispatch.Known,
  from: From
) => Effect.Effect<unknown, E2, R2>

/** Looks up the handlers of an event, and runs them one after the other. */
const dispatch = <E, R, E2, R2, From>(
  self: Handlers<E, R>,
  around: Around<E, E2, R, R2, From>
): (event: Dispatch.Dispatch, from: From) => Effect.Effect<unknown, E2, R2> => {
  const table = byEvent(self)
  return (event, from) => {
    const runs = event.t === "UnknownDispatch" ? undefined : table.get(event.t)
    if (runs === undefined || event.t === "UnknownDispatch") {
      return Effect.void
    }
    const one = (run: Registration<E, R>["run"]): Effect.Effect<unknown, E2, R2> => {
      const handled = Handling.attempt(() => run(event))
      return Handling.isDone(handled) ? Effect.void : around(handled, event, from)
    }
    const [first] = runs
    return first !== undefined && runs.length === 1 ? one(first) : Effect.forEach(runs, one, { discard: true })
  }
}

const start = <E, R, E2, R2>(
  self: Handlers<E, R>,
  options: Shard.RunOptions | undefined,
  around: Around<E, E2, R, R2, Shard.Shard>
): Effect.Effect<
  void,
  E2 | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<R2, Scope.Scope> | Shard.Shard
> =>
  Effect.flatMap(Shard.Shard, (shard) => {
    const handle = dispatch(self, around)
    return Effect.zipRight(
      check(shard, self.registrations),
      shard.runForEach((event) => handle(event, shard), { ...options, events: self.events, key: self })
    )
  })

/** A handler that fails or dies is told of, and hurts nobody else. */
const isolated = <E, R, From, R2>(
  report: (from: From, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void, never, R2>
): Around<E, never, R, R | R2, From> =>
(handled, event, from) =>
  Effect.catchAllCause(
    handled,
    (cause: Cause.Cause<E>) => report(from, Diagnostic.HandlerFailed({ event: event.t, sequence: event.s, cause }))
  )

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
> => start(self, options, isolated((shard: Shard.Shard, diagnostic) => shard.report(diagnostic)))

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
    yield* some === undefined ? Either.void : check(some, self.registrations)
    const handle = dispatch<E, R, never, R, ShardId.ShardId>(
      self,
      isolated((id, diagnostic) =>
        Effect.flatMap(
          fleet.shard(id.id),
          // A shard may have been replaced by the time that its last event is handled: the first one tells it then.
          Option.match({
            onNone: () => some === undefined ? Effect.void : some.report(diagnostic),
            onSome: (shard) => shard.report(diagnostic)
          })
        )
      )
    )
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
