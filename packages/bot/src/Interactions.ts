/**
 * Runs commands, components and modals of a bot, on a shard, a fleet, a cluster or an HTTP server.
 *
 * Each interaction runs beside the others. It is deferred when its handler has not answered in time, it is answered once, and one that is
 * too old to answer is not run.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Events from "@vesper/gateway/Events"
import type { APIInteraction } from "discord-api-types/v10"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type * as Interaction from "./Interaction.js"
import { viaRest } from "./internal/answers/transport.js"
import { register } from "./internal/commands/registration.js"
import { type Dispatcher, makeDispatcher } from "./internal/dispatch/dispatcher.js"
import * as Endpoint from "./internal/http/endpoint.js"
import * as Rest from "./Rest.js"
import type * as RestError from "./RestError.js"

/**
 * Settings of all interactions of a bot.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** Registers commands in this guild only, for development. Default: for all guilds. */
  readonly guild?: string | undefined
  /** Time from the making of an interaction to its automatic deferral, below 3 seconds. Default: 1.5 seconds. */
  readonly deferAfter?: Duration.DurationInput | undefined
  /** Handlers that run at a time. Interactions beyond it are deferred in time as well. Default: 256. */
  readonly concurrency?: number | undefined
  /** Registers commands with Discord, and deletes others. Default: true. */
  readonly register?: boolean | undefined
  /** Shown to the user when a handler has failed. Default: an English sentence. */
  readonly failureText?: Interaction.Text | undefined
  /** Shown to the user when a handler has ended without a reply. Default: `Done.` */
  readonly doneText?: Interaction.Text | undefined
}

/** The settings in context. */
class CurrentSettings extends Context.Reference<CurrentSettings>()("@vesper/bot/Interactions/Settings", {
  defaultValue: (): Settings => ({})
}) {}

/**
 * Sets the settings of a bot. Provide it to the merge of all features: a bot whose features have different settings dies at its start,
 * because the features share one dispatcher.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSettings = (settings: Settings): Layer.Layer<never> =>
  Layer.succeed(CurrentSettings, settings) as Layer.Layer<never>

const isSame = Record.getEquivalence<string, unknown>(Equal.equals)

const DispatcherTag = Context.GenericTag<Dispatcher>("@vesper/bot/Interactions/Dispatcher")

/** Interactions beyond this number wait in the shard's log. */
const maxInFlight = 4_096

/** Registers the commands of all features, once they are built. A failure is tried again with the next session. */
const makeRegistration = (rest: Rest.Rest, { definitions, settings }: Dispatcher) => {
  const semaphore = Effect.unsafeMakeSemaphore(1)
  let isDone = settings.register === false
  return (applicationId: Effect.Effect<string, RestError.RestError>) =>
    applicationId.pipe(
      Effect.flatMap((id) => register(rest, id, settings.guild, definitions())),
      Effect.tap(({ changed, created, deleted, failed, unchanged }) => {
        isDone = failed === 0
        return Effect.logInfo(
          `Commands registered: ${created} created, ${changed} changed, ${deleted} deleted, ${unchanged} unchanged` +
            (isDone ? "" : `, ${failed} failed. The next session tries them again`)
        )
      }),
      Effect.catchAll((error) =>
        Effect.logError(`Commands were not registered: ${error.message}. The next session tries again`)
      ),
      Effect.unless(() => isDone),
      semaphore.withPermits(1)
    )
}

/** The one dispatcher of a bot. Layers are built once, so all features of a bot share it. */
const layerDispatcher: Layer.Layer<Dispatcher, never, Rest.Rest | Events.Registry> = Layer.scoped(
  DispatcherTag,
  Effect.gen(function*() {
    const rest = yield* Rest.Rest
    const registry = yield* Events.Registry
    const dispatcher = makeDispatcher(rest, yield* CurrentSettings)
    const ownId = Effect.map(rest.applications.getCurrent(), ({ id }) => id)
    // Its `Date` header dates the first events of a resumed session.
    yield* Effect.timeoutOption(ownId, "5 seconds").pipe(
      Effect.catchAll((error) => Effect.logDebug(`Discord's clock is unknown until the next request: ${error.message}`))
    )
    const registerOnce = makeRegistration(rest, dispatcher)
    yield* registry.register(
      Events.on("INTERACTION_CREATE", ({ d }) => {
        // The event's payload is an interaction, by the types of the same package.
        const raw: APIInteraction = d
        return dispatcher.handle(raw, viaRest(rest, raw))
      }),
      { concurrency: maxInFlight, order: "none" }
    )
    yield* registry.register(Events.handlers({
      READY: ({ d }) => registerOnce(Effect.succeed(d.application.id)),
      RESUMED: () => registerOnce(ownId)
    }))
    return dispatcher
  })
)

type Handlers = Interaction.Handler<unknown> | ReadonlyArray<Interaction.Handler<unknown>>

type HandlersContext<H> = H extends ReadonlyArray<infer E> ? Interaction.Context<E> : Interaction.Context<H>

/**
 * Adds commands, components and modals to a bot. It is a feature like `Events.layer`, for `Events.assemble` and its companions, and needs
 * no intent.
 *
 * The commands of all features are registered with Discord once in each process, after all features are built. Only those that differ
 * from what Discord has are sent, and those that no feature has are deleted.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const H extends Handlers>(
  handlers: H
): Layer.Layer<never, never, Exclude<HandlersContext<H>, Scope.Scope> | Rest.Rest | Events.Registry> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const dispatcher = yield* DispatcherTag
    if (!isSame({ ...yield* CurrentSettings }, { ...dispatcher.settings })) {
      return yield* Effect.dieMessage(
        "Two features have different settings of interactions, and a bot has one dispatcher: provide Interactions.layerSettings " +
          "to the merge of all features"
      )
    }
    const captured = yield* Effect.runtime<Exclude<HandlersContext<H>, Scope.Scope>>()
    // Each interaction has its own scope, so the scope of the layer is omitted. The captured requirements do not include one.
    const runtime = Runtime.updateContext(captured, Context.omit(Scope.Scope)) as typeof captured
    const all: ReadonlyArray<Interaction.Handler<unknown>> = Array.isArray(handlers) ? handlers : [handlers]
    for (const handler of all) {
      // The union of the requirements includes those of each handler.
      yield* dispatcher.add(handler as Interaction.Handler<HandlersContext<H>>, runtime)
    }
  })).pipe(Layer.provide(layerDispatcher))

/**
 * Serves interactions over HTTP, for a bot without a gateway. It verifies Discord's signatures, and registers the commands when it is
 * made. Event handlers of the features do not run.
 *
 * The URL of the app is the "Interactions Endpoint URL" of the application in the developer portal, whose "Public Key" is needed here.
 *
 * @since 0.1.0
 * @category running
 */
export const httpApp = <A, E, R>(
  features: Layer.Layer<A, E, R>,
  options: {
    /** The application's public key, 64 hexadecimal digits. */
    readonly publicKey: string
  }
): Effect.Effect<
  HttpApp.Default,
  E | ConfigError.ConfigError,
  Exclude<R, Events.Registry> | Rest.Rest | Scope.Scope
> =>
  Effect.gen(function*() {
    const rest = yield* Rest.Rest
    let dispatcher: Dispatcher | undefined
    const tapped = Layer.tap(layerDispatcher, (context) =>
      Effect.sync(() => {
        dispatcher = Context.get(context, DispatcherTag)
      }))
    // The features are built first, because their settings are those of the dispatcher.
    yield* Events.collect(Layer.provideMerge(tapped, features))
    const built = dispatcher ?? (yield* Effect.dieMessage("the dispatcher was not built"))
    const app = yield* Endpoint.make(built, options)
    yield* makeRegistration(rest, built)(Effect.map(rest.applications.getCurrent(), ({ id }) => id))
    return app
  })
