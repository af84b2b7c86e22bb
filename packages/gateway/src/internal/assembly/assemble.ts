/**
 * Builds the features of a bot, and runs the handlers that they have registered. The shard or the fleet connects once all features are
 * built and each set of handlers has a reader, so that no feature misses an event.
 */
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
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
import { Check } from "../config/index.js"
import { getRegistrations } from "../events/handlers/index.js"
import { RunForEach } from "../events/index.js"
import type { Runner } from "../events/index.js"
import * as Needs from "./intentNeeds.js"
import * as Assembly from "./assembly.js"
import { FeatureRegistry, type Registered } from "./registry.js"

/** The shard or the fleet on which a bot is assembled. */
export interface Target {
  /** The public object. */
  readonly self: object
  readonly config: ShardConfig.ShardConfig
  readonly report: (shard: ShardId.ShardId, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void>
  readonly runForEach: <R>(
    handler: Runner.EventHandler<never, R>,
    options: Shard.RunForEachOptions
  ) => Effect.Effect<void, ShardError.FatallyClosedError, Exclude<R, Scope.Scope>>
}

/** The options of a config that are derived from handlers. */
type Requested = Pick<ShardConfig.ShardConfig, "events" | "intents">

/** Checks that a config includes the intents and events of handlers. */
export const check = (
  { events, intents }: Requested,
  needs: ReadonlyArray<Needs.IntentNeed>
): Either.Either<void, ConfigError.ConfigError> =>
  Needs.describeMissing(needs, intents).pipe(
    Option.map((problem) => Check.invalid(["intents"], problem)),
    Option.orElse(() =>
      Option.map(Needs.describeUnwanted(needs, events), (problem) => Check.invalid(["events"], problem))
    ),
    Option.getOrElse(() => Either.void)
  )

const grantedIntents = ({ privileged = [] }: Events.AssembleOptions): Intents.Intents => Intents.of(...privileged)

/** Adds the intents and events of handlers to a config. A privileged intent has to be granted. */
export const resolve = (
  config: Requested,
  needs: ReadonlyArray<Needs.IntentNeed>,
  options: Events.AssembleOptions
): Either.Either<Requested, ConfigError.ConfigError> => {
  const intents = Intents.union(config.intents, grantedIntents(options))
  return Option.match(Needs.describeUngranted(needs, intents), {
    onSome: (problem) => Check.invalid(["intents"], problem),
    onNone: () =>
      Either.right({
        intents: Intents.union(intents, Needs.mergeIntents(needs)),
        events: Option.map(config.events, (events) => new Set([...events, ...needs.map(({ event }) => event)]))
      })
  })
}

/** Sets intents and events. If the shard is connected already, its config has to include them. */
const configure = (
  { config, self }: Target,
  needs: ReadonlyArray<Needs.IntentNeed>,
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

const warnAfter = Duration.seconds(30)

const warnWhenSlow = Effect.delay(
  Effect.logWarning(
    `The features of the bot are still being built after ${
      Duration.format(warnAfter)
    }. It connects once all are built. ` +
      "A feature that waits for an event has to wait in a forked fiber"
  ),
  warnAfter
)

/** Builds features in the scope of the caller. Returns the registry with their registrations. */
export const build = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  tag: typeof Events.Registry
): Effect.Effect<FeatureRegistry, E, Exclude<R, Events.Registry> | Scope.Scope> =>
  Effect.suspend(() => {
    const registry = new FeatureRegistry()
    return Effect.as(Effect.provideService(Layer.build(features), tag, registry), registry)
  })

const toRunOptions = (registered: Registered, defaults: Shard.RunOptions): Shard.RunForEachOptions => ({
  concurrency: registered.options.concurrency ?? defaults.concurrency,
  order: registered.options.order ?? defaults.order,
  spans: registered.options.spans ?? defaults.spans,
  events: registered.handlers.events,
  key: registered.handlers
})

/** Waits until all runs have ended. After a fatal close, each still reads the events that were received before. */
const runToEnd = (
  runs: ReadonlyArray<Effect.Effect<void, ShardError.FatallyClosedError>>
): Effect.Effect<void, ShardError.FatallyClosedError> =>
  Effect.flatMap(
    Effect.forEach(runs, Effect.either, { concurrency: "unbounded" }),
    (results) => results.find(Either.isLeft) ?? Effect.void
  )

/** Opens a reader for each registration, starts the shard, and runs the handlers. */
const runAll = (
  { report, runForEach, self }: Target,
  all: ReadonlyArray<Registered>,
  defaults: Shard.RunOptions,
  release: Effect.Effect<void>
): Effect.Effect<void, ShardError.FatallyClosedError> => {
  const assembly = Assembly.get(self)
  if (assembly === undefined) {
    return runToEnd(all.map((registered) => {
      const options = toRunOptions(registered, defaults)
      return registered.run({ report, run: (handler) => runForEach(handler, options) })
    }))
  }
  const { nextEvent, source, start } = assembly
  return Effect.acquireUseRelease(
    RunForEach.open(source, nextEvent, all.map((registered) => [registered, toRunOptions(registered, defaults)])),
    (opened) =>
      Effect.zipRight(
        Effect.zipRight(release, start),
        runToEnd(opened.map(({ options, owner, reader }) =>
          owner.run({ report, run: (handler) => RunForEach.read(source, reader, handler, options) })
        ))
      ),
    (opened) => Effect.sync(() => opened.forEach((each) => RunForEach.end(source, each)))
  )
}

/** Builds the features, connects, and runs their handlers until reading ends. */
export const assemble = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  tag: typeof Events.Registry,
  noHandlers: Events.Handlers,
  target: Target,
  options: Events.AssembleOptions
): Effect.Effect<
  void,
  E | ShardError.FatallyClosedError | ConfigError.ConfigError,
  Exclude<Exclude<R, Events.Registry>, Scope.Scope>
> =>
  Effect.scoped(Effect.gen(function*() {
    const release = yield* Assembly.get(target.self)?.deferStart ?? Effect.succeed(Effect.void)
    const watching = yield* Effect.forkScoped(warnWhenSlow)
    const registry = yield* build(features, tag)
    yield* Fiber.interrupt(watching)
    if (registry.isEmpty) {
      // A bot without handlers connects too, and ends with its shard.
      yield* registry.register(noHandlers)
    }
    const all = registry.seal()
    yield* configure(target, all.flatMap(({ handlers }) => getRegistrations(handlers)), options)
    yield* runAll(target, all, options, release)
  }))
