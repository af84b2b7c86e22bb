/** Collects the handlers that the features of one bot register while they are built. */
import type * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type * as Diagnostic from "../../Diagnostic.js"
import type * as Events from "../../Events.js"
import type * as Shard from "../../Shard.js"
import type * as ShardError from "../../ShardError.js"
import { FailingHandler, getRegistrations, isDone } from "../events/handlers/index.js"
import type { Registration } from "../events/handlers/index.js"
import type { Runner } from "../events/index.js"

/** Runs the handlers of one registration on the events of the assembled bot, and reports their failures. */
export interface RunContext {
  readonly report: (shard: ShardId.ShardId, diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void>
  readonly run: <R>(
    handler: Runner.EventHandler<never, R>
  ) => Effect.Effect<void, ShardError.FatallyClosedError, Exclude<R, Scope.Scope>>
}

/** Handlers with the context and the fiber-local values of their layer. */
export interface Registered {
  readonly handlers: Events.Handlers<unknown, unknown>
  readonly options: Shard.RunOptions
  /** Runs them until reading ends or their layer closes. */
  readonly run: (context: RunContext) => Effect.Effect<void, ShardError.FatallyClosedError>
  /** The same handlers, with their requirements provided. */
  readonly provided: ReadonlyArray<Registration<unknown, never>>
}

const provide = <E, R>(
  handlers: Events.Handlers<E, R>,
  runtime: Runtime.Runtime<Exclude<R, Scope.Scope>>
): ReadonlyArray<Registration<E, never>> =>
  getRegistrations(handlers).map((registration) => ({
    ...registration,
    run: (event) => {
      const handled = registration.run(event)
      // A handler that is done has no requirements. `Effect.scoped` provides the only service that the runtime does not have.
      return (isDone(handled) ? handled : Effect.provide(Effect.scoped(handled), runtime)) as Effect.Effect<
        unknown,
        E
      >
    }
  }))

/** Accepts registrations until it is sealed. */
export class FeatureRegistry implements Events.Registry {
  private readonly all = new Set<Registered>()
  private isSealed = false

  readonly register = <E, R>(
    handlers: Events.Handlers<E, R>,
    options: Shard.RunOptions = {}
  ): Effect.Effect<void, never, Exclude<R, Scope.Scope> | Scope.Scope> =>
    Effect.gen(this, function*() {
      if (this.isSealed) {
        return yield* Effect.dieMessage(
          `handlers of ${handlers.events.join(", ")} were registered after their bot was assembled: ` +
            "build their layer with the other features of the bot"
        )
      }
      const captured = yield* Effect.runtime<Exclude<R, Scope.Scope>>()
      // Each event has its own scope, so the scope of the layer is omitted. The captured requirements do not include one.
      const runtime = Runtime.updateContext(captured, Context.omit(Scope.Scope)) as typeof captured
      let running: Fiber.RuntimeFiber<void, ShardError.FatallyClosedError> | undefined
      let isClosed = false
      const run = (context: RunContext) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            if (isClosed) {
              return
            }
            const handle = FailingHandler.isolate(handlers, context.report)
            const fiber = running = yield* Effect.fork(restore(Effect.provide(context.run(handle), runtime)))
            const exit = yield* Effect.onInterrupt(restore(Fiber.await(fiber)), () => Fiber.interrupt(fiber))
            // An interruption of only this fiber means that its layer was closed.
            return yield* Exit.isInterrupted(exit) ? Effect.void : exit
          })
        )
      const registered: Registered = { handlers, options, run, provided: provide(handlers, runtime) }
      yield* Effect.acquireRelease(
        Effect.sync(() => this.all.add(registered)),
        () =>
          Effect.suspend(() => {
            this.all.delete(registered)
            isClosed = true
            return running === undefined ? Effect.void : Fiber.interrupt(running)
          })
      )
    })

  get isEmpty(): boolean {
    return this.all.size === 0
  }

  /** Rejects registrations from now on. Returns the earlier ones in their order. */
  seal(): ReadonlyArray<Registered> {
    this.isSealed = true
    return Array.from(this.all)
  }
}
