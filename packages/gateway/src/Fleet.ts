/**
 * A group of shards with one scope, one merged event stream and one identify queue.
 *
 * The shards connect when the fleet is made, and their events are buffered until they are read. When the scope closes, every
 * shard closes with a code that keeps its session.
 *
 * @see https://docs.discord.com/developers/events/gateway#sharding
 * @since 0.1.0
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import type * as Context from "effect/Context"
import type * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as GatewayApi from "./GatewayApi.js"
import type * as GatewaySocket from "./GatewaySocket.js"
import type * as IdentifyQueue from "./IdentifyQueue.js"
import * as AutoReshard from "./internal/fleet/autoReshard.js"
import * as internal from "./internal/fleet/fleet.js"
import type { ReshardError } from "./internal/fleet/reshard/reshardError.js"
import { tag } from "./internal/fleet/tag.js"
import type * as Session from "./Session.js"
import type * as Shard from "./Shard.js"
import type * as ShardConfig from "./ShardConfig.js"
import type * as ShardError from "./ShardError.js"
import type * as ShardStatus from "./ShardStatus.js"

/**
 * The shards of the fleet.
 *
 * - `"recommended"`: all shards of the total that Discord recommends; requires a `GatewayApi`.
 * - `{ total }`: all shards.
 * - `{ range: [from, to], total }`: those ids, both ends included.
 * - `{ bucket, of, total }`: every id with `id % of === bucket`, to distribute a bot over `of` processes.
 *
 * @since 0.1.0
 * @category models
 */
export type Shards =
  | "recommended"
  | { readonly total: number }
  | { readonly range: readonly [from: number, to: number]; readonly total: number }
  | { readonly bucket: number; readonly of: number; readonly total: number }

/**
 * Options of a fleet.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<S extends Shards = Exclude<Shards, "recommended">> {
  readonly shards: S
  /**
   * The limit of reconnects of all shards: `burst` at once, then `perSecond`, with a random delay of up to a second. The
   * first connections are only limited by the identify queue. Default: 50 and 50.
   */
  readonly reconnects?: { readonly burst: number; readonly perSecond: number } | undefined
  /**
   * The time at which the shards connect: when the fleet is made, or with its first reader. `Events.assembleFleet` requires
   * `onRead`. Default: `immediately`.
   */
  readonly connect?: "immediately" | "onRead" | undefined
}

/**
 * An event and the shard that received it.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetEvent {
  readonly shard: ShardId.ShardId
  readonly event: Dispatch.Dispatch
}

/**
 * A shard in the status of a fleet.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardInfo {
  readonly id: ShardId.ShardId
  readonly status: ShardStatus.ShardStatus
  /** Guilds of the shard. None while it is unknown: before READY, and in a session that another process began. */
  readonly guilds: Option.Option<number>
  /** Events that no reader has read yet. */
  readonly buffered: number
}

/**
 * The stage of a resharding.
 *
 * - `Prepare`: the new shards identify, through the identify queue. The old ones serve.
 * - `Overlap`: all new shards have a session, and their guilds arrive. The old ones serve.
 * - `HandOver`: each guild is handed over once both of its shards have passed a common point.
 * - `Drain`: the new shards serve and send commands; the old ones are closed and their events are read.
 * - `Retire`: the resharding is complete.
 * - `RolledBack`: the new shards are closed; the old ones serve.
 *
 * @since 0.1.0
 * @category models
 */
export type ReshardStage = Data.TaggedEnum<{
  Prepare: {}
  Overlap: {}
  HandOver: { readonly remaining: number }
  Drain: {}
  Retire: {}
  RolledBack: { readonly failure: ReshardError }
}>

export {
  /**
   * A failed resharding. The fleet keeps its old shards, which serve without a gap.
   *
   * - `InProgress`: another resharding is under way.
   * - `InvalidTotal`: the total is not a whole number of at least 1.
   * - `Partial`: the fleet holds a part of the bot's shards, and the new shards would have guilds of other fleets.
   * - `Budget`: fewer IDENTIFYs are left today than the resharding needs.
   * - `ShardClosed`: the gateway closed one of the new shards permanently.
   * - `TimedOut`: the resharding took longer than `timeout`.
   * - `Interrupted`: the caller was interrupted.
   *
   * @since 0.1.0
   * @category errors
   */
  ReshardError
} from "./internal/fleet/reshard/reshardError.js"

/**
 * Options of a resharding.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReshardOptions {
  /** Time limit from the first IDENTIFY to the last handover; then it is rolled back. Default: 1 hour. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * The longest delay of one session behind the other. A guild that is silent on both for this time is handed over, and
   * the copy of an event is awaited for this time. Default: 10 seconds.
   */
  readonly lag?: Duration.DurationInput | undefined
  /**
   * The time after which the events of a guild without a common point are compared by their contents. Default: 1 minute.
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * Options of an automatic resharding.
 *
 * @since 0.1.0
 * @category models
 */
export interface AutoReshardOptions extends ReshardOptions {
  /** The interval of checks. Default: 1 hour. */
  readonly interval?: Duration.DurationInput | undefined
  /** Guilds at which a shard counts as full. Discord closes a shard at 2,500. Default: 2,000. */
  readonly guildsPerShard?: number | undefined
}

/**
 * The status of a fleet and of its shards.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetStatus {
  /** Shards of the bot, including those of other processes. */
  readonly total: number
  /** Shards of this fleet by status. */
  readonly counts: { readonly [K in ShardStatus.ShardStatus["_tag"]]: number }
  /** The shards, in the order of their ids. */
  readonly shards: ReadonlyArray<ShardInfo>
  /** The stage of the current resharding, if there is one. */
  readonly resharding: Option.Option<ReshardStage>
}

/**
 * A fleet: shards that share one scope, one identify queue and one rate of reconnects.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fleet {
  /** The shards, in the order of their ids. */
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  /** The shard with this id, if it is one of the fleet. */
  readonly shard: (id: number) => Effect.Effect<Option.Option<Shard.Shard>>
  /** The shard that receives the events of this guild, if it is one of the fleet. */
  readonly shardOfGuild: (guildId: string) => Effect.Effect<Option.Option<Shard.Shard>>

  /**
   * Emits the events of all shards, round-robin. When the gateway closes a shard permanently, `status` and the log report it;
   * the stream fails if all shards share the reason (4004, 4012 to 4014), or if it was the last shard. As with
   * `Shard.events`, each run of the stream receives every event and acknowledges none.
   */
  readonly events: Stream.Stream<FleetEvent, ShardError.FatallyClosedError>
  /**
   * Returns the next event of any shard. Each event is returned to one fiber; it is handled when that fiber asks again or
   * succeeds, as with `Shard.nextEvent`. Fails with `ShardClosedError` too. Interrupting the wait loses nothing.
   */
  readonly nextEvent: Effect.Effect<FleetEvent, ShardError.TerminalError>
  /**
   * Runs a handler for each event of any shard, until the fleet is closed, with the options and the guarantees of
   * `Shard.runForEach`. `concurrency` counts the handlers of all shards together. What a run has not handled is read first by the
   * next run, before, during and after a resharding.
   */
  readonly runForEach: <E, R>(
    handler: (event: FleetEvent) => Effect.Effect<unknown, E, R>,
    options?: Shard.RunForEachOptions
  ) => Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>>

  /** Sends a command on every shard and completes when all have written it. A failure is reported after all have tried. */
  readonly broadcast: (command: Command.Command) => Effect.Effect<void, ShardError.SendError>
  /** Returns the current status. */
  readonly status: Effect.Effect<FleetStatus>
  /**
   * Replaces the shards by `total` new ones. Each event is delivered once and in its guild's order, except READY and the first
   * GUILD_CREATE of each guild on the new shards, which are not delivered. Requires a reader of the events.
   *
   * 1. Reserve: one IDENTIFY is reserved for each new shard.
   * 2. Overlap: the new shards connect, and both sets receive events.
   * 3. Hand over: each guild is handed over once both of its shards have passed a common point.
   * 4. Drain: the new shards send the waiting commands. Completes when the old shards are closed.
   *
   * A fleet with a part of the bot's shards is resharded to those of `total` that have its guilds: a `bucket` can be resharded
   * if its `of` divides both totals.
   *
   * A failure or an interruption before the drain rolls back to the old shards. Fails with the reason `Partial` if the new
   * shards have guilds of other processes too, and with a `ConfigError` for an invalid duration.
   */
  readonly reshard: (
    total: number,
    options?: ReshardOptions
  ) => Effect.Effect<void, ReshardError | ConfigError.ConfigError>
  /**
   * Waits until every shard has a session. Fails with `FatallyClosedError` if the fleet does, and with `ShardClosedError` once it is
   * closed. A shard that the gateway has closed permanently is not waited for.
   */
  readonly awaitReady: Effect.Effect<void, ShardError.TerminalError>
  /**
   * Closes every shard with this frame and returns the sessions that can be resumed. Events received before can still be
   * read.
   */
  readonly close: (
    frame: CloseFrame.CloseFrame
  ) => Effect.Effect<ReadonlyArray<readonly [shard: ShardId.ShardId, session: Session.Session]>>
}

/**
 * The tag of a fleet.
 *
 * @since 0.1.0
 * @category tags
 */
export const Fleet: Context.Tag<Fleet, Fleet> = tag

/**
 * The services that every fleet requires.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket

/**
 * Makes the shards of a fleet and connects them. Fails with a `ConfigError` for invalid shards, and with a
 * `GatewayApiError` if the recommended number of shards could not be requested.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  (
    options: Options<"recommended">
  ): Effect.Effect<
    Fleet,
    ConfigError.ConfigError | GatewayApi.GatewayApiError,
    Requirements | GatewayApi.GatewayApi | Scope.Scope
  >
  (options: Options): Effect.Effect<Fleet, ConfigError.ConfigError, Requirements | Scope.Scope>
} = internal.make

/**
 * Checks the fleet at an interval, and reshards it when a shard is nearly full or Discord recommends at least half as many
 * shards again, before the gateway closes a shard with 4011. A failure is logged, and the next check tries again. Fails with
 * a `ConfigError` for an invalid option.
 *
 * @since 0.1.0
 * @category operations
 */
export const autoReshard = (
  options: AutoReshardOptions = {}
): Effect.Effect<never, ConfigError.ConfigError, Fleet | GatewayApi.GatewayApi> =>
  Effect.flatMap(
    Effect.all([Fleet, GatewayApi.GatewayApi]),
    ([fleet, api]) => AutoReshard.watch(fleet, api, options)
  )

/**
 * Provides a fleet.
 *
 * @example
 * ```ts
 * import { Fleet, IdentifyQueue, ShardConfig } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const fleet = yield* Fleet.Fleet
 *   yield* fleet.events.pipe(
 *     Stream.take(4),
 *     Stream.runForEach(({ event, shard }) => Effect.log(`${event.t} on shard ${shard}`))
 *   )
 * })
 *
 * const layer = Fleet.layer({ shards: { total: 4 } }).pipe(
 *   Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") })),
 *   Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 16 })),
 *   Layer.provide(GatewaySimulator.layerInMemory({ maxConcurrency: 16 }))
 * )
 *
 * Effect.runPromise(Effect.provide(program, layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: {
  (
    options: Options<"recommended">
  ): Layer.Layer<
    Fleet,
    ConfigError.ConfigError | GatewayApi.GatewayApiError,
    Requirements | GatewayApi.GatewayApi
  >
  (options: Options): Layer.Layer<Fleet, ConfigError.ConfigError, Requirements>
} =
  // Each overload of `make` has the types of the overload of `layer` at the same place.
  ((options: Options<"recommended">) => Layer.scoped(Fleet, make(options))) as typeof layer
