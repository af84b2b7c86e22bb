/**
 * Schedules the heartbeats of shards. Shards that share a scheduler send heartbeats together if their times are close, at
 * most a second or a 40th of the interval early and never late, so that the process wakes up once for all of them.
 *
 * A `Fleet` has one scheduler for its shards. Any other shard makes its own unless `Current` provides one. This module is
 * for programs that make many shards without a fleet.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/heartbeat/scheduler.js"

/**
 * The time until a timer is due, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delay {
  /** Counted from now, or from the time that the timer was due. */
  readonly after: number
  /** How much earlier the timer may be called, together with another one. */
  readonly slack: number
}

/**
 * A registered timer. Both functions are synchronous.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timer {
  /**
   * Called when the timer is due, `late` milliseconds after its time. Returns the time until it is due again; the timer is
   * removed if there is none.
   */
  readonly onDue: (late: number) => Delay | undefined
  /** Called when `onDue` has thrown, which removes the timer. Must not throw. */
  readonly onDefect: (cause: unknown) => void
}

/**
 * @since 0.1.0
 * @category models
 */
export interface HeartbeatScheduler {
  /** Registers a timer. The function that is returned removes it. */
  readonly unsafeSchedule: (timer: Timer, first: Delay) => () => void
}

/**
 * Makes a scheduler that runs until the scope closes. It must outlive the shards that use it, because they send no
 * heartbeats without it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HeartbeatScheduler, never, Scope.Scope> = internal.make

/**
 * The scheduler of the shards that are made with this reference. Default: none, and each shard makes its own.
 *
 * @since 0.1.0
 * @category tags
 */
export class Current extends Context.Reference<Current>()("@vesper/gateway/HeartbeatScheduler", {
  defaultValue: (): Option.Option<HeartbeatScheduler> => Option.none()
}) {}

/**
 * Returns the scheduler of `Current`, or makes one for this scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const current: Effect.Effect<HeartbeatScheduler, never, Scope.Scope> = Effect.flatMap(
  Current,
  Option.match({ onNone: () => make, onSome: Effect.succeed })
)

/**
 * Provides one scheduler to all shards that are made with the layer.
 *
 * @example
 * ```ts
 * import { HeartbeatScheduler, Shard } from "@vesper/gateway"
 * import { ShardId } from "@vesper/model"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const shards = yield* Effect.forEach(ShardId.all(16), Shard.make)
 *   yield* Effect.forEach(shards, (shard) => shard.runForEach((event) => Effect.log(event.t)), {
 *     concurrency: "unbounded"
 *   })
 * }).pipe(Effect.scoped, Effect.provide(HeartbeatScheduler.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.scoped(Current, Effect.map(make, Option.some))
