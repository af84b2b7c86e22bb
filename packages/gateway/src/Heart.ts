/**
 * What wakes shards when they are to send a heartbeat. Shards that share one beat together where their times are close,
 * at most a second or a 40th of the interval early and never late: the process wakes up once for all of them.
 *
 * A `Fleet` has one for its shards, and any other shard has one of its own unless it is given one. This module is for
 * programs that make many shards without a fleet.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/heart.js"

/**
 * When a member is to be woken, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Due {
  /** From now, or from the time that the member is woken for. */
  readonly after: number
  /** How much earlier will do as well, where another member is woken then. */
  readonly slack: number
}

/**
 * Whoever is woken. Both functions are synchronous.
 *
 * @since 0.1.0
 * @category models
 */
export interface Member {
  /**
   * The time has come, and the process is `late` milliseconds behind it. Gives when it is to be woken next; none means
   * that it leaves.
   */
  readonly onDue: (late: number) => Due | undefined
  /** `onDue` has thrown, and the member has left. Must not throw. */
  readonly onDefect: (cause: unknown) => void
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Heart {
  /** Wakes the member until what this gives is called. */
  readonly unsafeJoin: (member: Member, first: Due) => () => void
}

/**
 * A heart that beats until the scope closes. It must outlive the shards that it is given to, for without it they send no
 * heartbeats.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Heart, never, Scope.Scope> = internal.make

/**
 * The heart of the shards that are made with it. A reference: none means one for each.
 *
 * @since 0.1.0
 * @category tags
 */
export class Current extends Context.Reference<Current>()("@vesper/gateway/Heart", {
  defaultValue: (): Option.Option<Heart> => Option.none()
}) {}

/**
 * The heart that is given, or one for this scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const current: Effect.Effect<Heart, never, Scope.Scope> = Effect.flatMap(
  Current,
  Option.match({ onNone: () => make, onSome: Effect.succeed })
)

/**
 * One heart for all shards that are made with the layer.
 *
 * @example
 * ```ts
 * import { Heart, Shard } from "@vesper/gateway"
 * import { ShardId } from "@vesper/model"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const shards = yield* Effect.forEach(ShardId.all(16), Shard.make)
 *   yield* Effect.forEach(shards, (shard) => shard.runForEach((event) => Effect.log(event.t)), {
 *     concurrency: "unbounded"
 *   })
 * }).pipe(Effect.scoped, Effect.provide(Heart.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.scoped(Current, Effect.map(make, Option.some))
