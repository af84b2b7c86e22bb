/**
 * Many shards under one scope: their events in one stream, their commands by guild, one identify queue for all.
 *
 * The shards connect as soon as the fleet is made; their events wait in their buffers until they are read. When the
 * scope closes, every shard closes with a code that keeps its session.
 *
 * @see https://docs.discord.com/developers/events/gateway#sharding
 * @since 0.1.0
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as FleetError from "./FleetError.js"
import * as GatewayApi from "./GatewayApi.js"
import type * as GatewaySocket from "./GatewaySocket.js"
import type * as IdentifyQueue from "./IdentifyQueue.js"
import * as AutoReshard from "./internal/autoReshard.js"
import * as internal from "./internal/fleet.js"
import type * as Session from "./Session.js"
import type * as Shard from "./Shard.js"
import type * as ShardConfig from "./ShardConfig.js"
import type * as ShardError from "./ShardError.js"
import type * as ShardStatus from "./ShardStatus.js"

/**
 * Which shards the fleet holds.
 *
 * - `"recommended"`: all of them, as many as Discord recommends now; it takes a `GatewayApi`.
 * - `{ total }`: all of them.
 * - `{ range: [from, to], total }`: those ids, both ends included.
 * - `{ bucket, of, total }`: every id with `id % of === bucket`, to share a bot out over `of` processes.
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
 * @since 0.1.0
 * @category models
 */
export interface Options<S extends Shards = Exclude<Shards, "recommended">> {
  readonly shards: S
  /**
   * How fast shards come back together: so many connections at once, and so many a second after those, with up to a
   * second of chance on each wait. First identifies are paced by the identify queue alone. Default: 50 and 50.
   */
  readonly reconnects?: { readonly burst: number; readonly perSecond: number } | undefined
  /**
   * When the shards connect: as soon as the fleet is made, or with its first reader. A fleet that `Events.assembleFleet` is to
   * resolve the intents of connects `onRead`. Default: `immediately`.
   */
  readonly connect?: "immediately" | "onRead" | undefined
}

/**
 * An event, and the shard that it came over.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetEvent {
  readonly shard: ShardId.ShardId
  readonly event: Dispatch.Dispatch
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ShardInfo {
  readonly id: ShardId.ShardId
  readonly status: ShardStatus.ShardStatus
  /** Guilds of the shard. None while it is unknown: before READY, and in a session that another process began. */
  readonly guilds: Option.Option<number>
  /** Events that wait for the program. */
  readonly buffered: number
}

/**
 * How far a resharding is.
 *
 * - `Prepare`: the new shards wait for their sessions, within the identify queue. The old ones serve.
 * - `Overlap`: all have one, and their guilds arrive. The old ones serve.
 * - `HandOver`: each guild is handed over as soon as both shards have passed a common point in it.
 * - `Drain`: the new shards serve, commands go over them; the old ones are closed and read to their end.
 * - `Retire`: it is done.
 * - `RolledBack`: the new shards are closed; the old ones have served all the time.
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
  RolledBack: { readonly failure: FleetError.ReshardError }
}>

/**
 * @since 0.1.0
 * @category models
 */
export interface ReshardOptions {
  /** From the first identify until the last guild is handed over; after that, it is rolled back. Default: 1 hour. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * How far one session may be behind the other. A guild that is silent for so long on both is handed over, and copies
   * of an event are awaited so long. Default: 10 seconds.
   */
  readonly lag?: Duration.DurationInput | undefined
  /**
   * How long a guild that is never silent may take to show an event that there is only once, such as a new message;
   * then its events are compared by their contents alone. Default: 1 minute.
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface AutoReshardOptions extends ReshardOptions {
  /** How often the fleet is looked at. Default: 1 hour. */
  readonly interval?: Duration.DurationInput | undefined
  /** Guilds on one shard from which on it counts as full; Discord closes it at 2,500. Default: 2,000. */
  readonly guildsPerShard?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface FleetStatus {
  /** How many shards the bot has, in other processes too. */
  readonly total: number
  /** How many shards of this fleet stand where. */
  readonly counts: { readonly [K in ShardStatus.ShardStatus["_tag"]]: number }
  /** Each shard, in the order of their ids. */
  readonly shards: ReadonlyArray<ShardInfo>
  /** How far a resharding is, while there is one. */
  readonly resharding: Option.Option<ReshardStage>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Fleet {
  /** The shards, in the order of their ids. */
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  /** The shard with this id, if the fleet holds it. */
  readonly shard: (id: number) => Effect.Effect<Option.Option<Shard.Shard>>
  /** The shard that hears of this guild, if the fleet holds it. */
  readonly shardOfGuild: (guildId: string) => Effect.Effect<Option.Option<Shard.Shard>>

  /**
   * The events of all shards, in turns. A shard that the gateway closes for good ends by itself, and is told of in
   * `status` and the log; this fails if the reason is one that all shards share (4004, 4012 to 4014), or if it was the
   * last one. As `Shard.events`, each run of the stream receives every event and acknowledges none.
   */
  readonly events: Stream.Stream<FleetEvent, ShardError.FatallyClosedError>
  /**
   * Returns the next event of any shard. Fibers that run this share the events out; an event is handled when its fiber asks again or
   * ends well, as with `Shard.nextEvent`. Fails with `ShardClosedError` too. Interrupting the wait loses nothing.
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

  /** Sends a command over every shard, and completes when all have written it. Fails only after all have tried. */
  readonly broadcast: (command: Command.Command) => Effect.Effect<void, ShardError.SendError>
  readonly status: Effect.Effect<FleetStatus>
  /**
   * Replaces the shards by `total` new ones, without a gap: both sets are up until every guild is handed over, each
   * event is delivered once and in its guild's order, and waiting commands move along. It takes an identify for each new
   * shard, which it reserves before the first, and somebody who reads the events. Completes when the old shards are
   * gone. Whatever goes wrong before the old ones begin to go, and an interruption, rolls back to them.
   *
   * A fleet with a part of the bot's shards is resharded to those of `total` that have its guilds, and fails with
   * `Partial` if they would have others too: a `bucket` can be resharded if its `of` divides both totals.
   *
   * What the new sessions say of themselves, READY and the first GUILD_CREATE of each guild, is not delivered.
   *
   * Fails with a `ConfigError` for an option that is no duration.
   */
  readonly reshard: (
    total: number,
    options?: ReshardOptions
  ) => Effect.Effect<void, FleetError.ReshardError | ConfigError.ConfigError>
  /**
   * Waits until every shard has a session. Fails with `FatallyClosedError` if the fleet does, and with `ShardClosedError` once it is
   * closed. A shard that the gateway has closed for good is not waited for.
   */
  readonly awaitReady: Effect.Effect<void, ShardError.TerminalError>
  /**
   * Closes every shard with this frame, and gives the sessions that can be resumed. What was received before can still
   * be read.
   */
  readonly close: (
    frame: CloseFrame.CloseFrame
  ) => Effect.Effect<ReadonlyArray<readonly [shard: ShardId.ShardId, session: Session.Session]>>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const Fleet = Context.GenericTag<Fleet>("@vesper/gateway/Fleet")

/**
 * What every fleet needs.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket

/**
 * Makes the shards of a fleet and connects them. Fails with a `ConfigError` if there are no such shards, and with a
 * `GatewayApiError` if it could not be asked for what is recommended.
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
 * Looks after the fleet for ever: when a shard is nearly full of guilds, or Discord recommends half as many shards again,
 * it is resharded to what Discord recommends, before the gateway closes a shard with 4011. A failure is logged, and the
 * next look tries again. Fails with a `ConfigError` for an option that is no duration or number.
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
  // Each overload of `make` gives just what the one of `layer` promises.
  ((options: Options<"recommended">) => Layer.scoped(Fleet, make(options))) as typeof layer
