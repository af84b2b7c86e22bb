/**
 * Builds the features of a bot, and runs the handlers that they have registered. The shard or the fleet connects when all are
 * registered, each with a reader of its own, so that no feature misses an event while another is still being built.
 */
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Diagnostic from "../../Diagnostic.js"
import type * as Events from "../../Events.js"
import type * as Shard from "../../Shard.js"
import type * as ShardConfig from "../../ShardConfig.js"
import type * as ShardError from "../../ShardError.js"
import { Handlers } from "../events/index.js"
import type { Runner } from "../events/index.js"
import * as Needs from "./intentNeeds.js"
import * as Assembly from "./assembly.js"
import { Collection, type Registered } from "./registry.js"

/** A shard or a fleet, as far as a bot that is assembled on it needs to know it. */
export interface Target {
  /** The public object. */
  readonly self: object
  readonly config: ShardConfig.ShardConfig
  readonly report: (shard: ShardId.ShardId, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void>
  readonly runForEach: <R>(
    handler: Runner.Handler<never, R>,
    options: Shard.RunForEachOptions
  ) => Effect.Effect<void, ShardError.FatallyClosedError, Exclude<R, Scope.Scope>>
}

const invalid = (option: string) => (message: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.InvalidData([option], message))

/** The part of a config that follows from handlers. */
type Requested = Pick<ShardConfig.ShardConfig, "events" | "intents">

/** Checks that a config meets the needs of handlers. */
export const check = (
  { events, intents }: Requested,
  needs: ReadonlyArray<Needs.Need>
): Either.Either<void, ConfigError.ConfigError> =>
  Needs.describeMissing(needs, intents).pipe(
    Option.map(invalid("intents")),
    Option.orElse(() => Option.map(Needs.describeUnwanted(needs, events), invalid("events"))),
    Option.getOrElse(() => Either.void)
  )

const granted = ({ privileged = [] }: Events.AssembleOptions): Intents.Intents => Intents.of(...privileged)

/** Adds the needs of handlers to a config. A privileged intent has to be granted. */
export const resolve = (
  config: Requested,
  needs: ReadonlyArray<Needs.Need>,
  options: Events.AssembleOptions
): Either.Either<Requested, ConfigError.ConfigError> => {
  const intents = Intents.union(config.intents, granted(options))
  return Option.match(Needs.describeUngranted(needs, intents), {
    onSome: invalid("intents"),
    onNone: () =>
      Either.right({
        intents: Intents.union(intents, Needs.intentsOf(needs)),
        events: Option.map(config.events, (events) => new Set([...events, ...needs.map(({ event }) => event)]))
      })
  })
}

/** Resolves intents and events, unless the shard is connected already: then it has to have them. */
const prepare = (
  { config, self }: Target,
  needs: ReadonlyArray<Needs.Need>,
  options: Events.AssembleOptions
): Either.Either<void, ConfigError.ConfigError> => {
  const assembly = Assembly.get(self)
  const current = assembly?.config() ?? config
  return Either.flatMap(
    resolve(current, needs, options),
    (resolved) =>
      assembly === undefined || assembly.hasStarted()
        ? check(current, needs)
        : Either.right(assembly.configure(resolved))
  )
}

const patience = Duration.seconds(30)

const warnWhenSlow = Effect.delay(
  Effect.logWarning(
    `the bot's features are still being built after ${Duration.format(patience)}; it connects when all are built. ` +
      "A feature that waits for an event has to do so in a fiber of its own"
  ),
  patience
)

/** Builds features in the scope of the caller, with a registry of their own, which then holds their registrations. */
export const build = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  tag: typeof Events.Registry
): Effect.Effect<Collection, E, Exclude<R, Events.Registry> | Scope.Scope> =>
  Effect.suspend(() => {
    const collection = new Collection()
    return Effect.as(Effect.provideService(Layer.build(features), tag, collection), collection)
  })

const optionsOf = (registered: Registered, defaults: Shard.RunOptions): Shard.RunForEachOptions => ({
  concurrency: registered.options.concurrency ?? defaults.concurrency,
  order: registered.options.order ?? defaults.order,
  spans: registered.options.spans ?? defaults.spans,
  events: registered.handlers.events,
  key: registered.handlers
})

/** Runs all registrations to their ends. Each reads what was received before the gateway has closed the shard for good. */
const together = (
  runs: ReadonlyArray<Effect.Effect<void, ShardError.FatallyClosedError>>
): Effect.Effect<void, ShardError.FatallyClosedError> =>
  Effect.flatMap(
    Effect.forEach(runs, Effect.either, { concurrency: "unbounded" }),
    (results) => results.find(Either.isLeft) ?? Effect.void
  )

/** Opens a reader for each registration, then starts the shard, then runs them. */
const runAll = (
  { report, runForEach, self }: Target,
  all: ReadonlyArray<Registered>,
  defaults: Shard.RunOptions,
  release: Effect.Effect<void>
): Effect.Effect<void, ShardError.FatallyClosedError> => {
  const assembly = Assembly.get(self)
  if (assembly === undefined) {
    return together(all.map((registered) => {
      const options = optionsOf(registered, defaults)
      return registered.run({ report, run: (handler) => runForEach(handler, options) })
    }))
  }
  const { nextEvent, source, start } = assembly
  return Effect.acquireUseRelease(
    Handlers.open(source, nextEvent, all.map((registered) => [registered, optionsOf(registered, defaults)])),
    (opened) =>
      Effect.zipRight(
        Effect.zipRight(release, start),
        together(opened.map(({ options, owner, reader }) =>
          owner.run({ report, run: (handler) => Handlers.read(source, reader, handler, options) })
        ))
      ),
    (opened) => Effect.sync(() => opened.forEach((each) => Handlers.leave(source, each)))
  )
}

/** Builds the features, connects, and runs their handlers until reading ends. */
export const assemble = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  tag: typeof Events.Registry,
  nothing: Events.Handlers,
  target: Target,
  options: Events.AssembleOptions
): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<Exclude<R, Events.Registry>, Scope.Scope>
> =>
  Effect.scoped(Effect.gen(function*() {
    const release = yield* Assembly.get(target.self)?.hold ?? Effect.succeed(Effect.void)
    const watching = yield* Effect.forkScoped(warnWhenSlow)
    const collection = yield* build(features, tag)
    yield* Fiber.interrupt(watching)
    if (collection.isEmpty) {
      // Without a handler there is still a bot, which ends with its shard.
      yield* collection.register(nothing)
    }
    const all = collection.seal()
    yield* prepare(target, all.flatMap(({ handlers }) => handlers.registrations), options)
    yield* runAll(target, all, options, release)
  }))
