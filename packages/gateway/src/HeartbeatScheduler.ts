/**
 * Coalesces heartbeats: each may be sent up to min(1 s, interval / 40) early, and none late, so that shards share a wake-up.
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
import * as internal from "./internal/heartbeat/coalescingTimers.js"

/**
 * The type identifier of `HeartbeatScheduler`.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = internal.TypeId

/**
 * The type of `TypeId`.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A scheduler of heartbeats. `make` is its only constructor.
 *
 * @since 0.1.0
 * @category models
 */
export interface HeartbeatScheduler {
  readonly [TypeId]: TypeId
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
