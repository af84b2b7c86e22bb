/** Makes a fleet: a set of shards with common readers, one identify queue and one heartbeat scheduler, and its resharding. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Fleet from "../../Fleet.js"
import { ReshardError } from "./reshard/index.js"
import * as GatewayApi from "../../GatewayApi.js"
import * as HeartbeatScheduler from "../../HeartbeatScheduler.js"
import * as IdentifyQueue from "../../IdentifyQueue.js"
import * as SessionStore from "../../SessionStore.js"
import type * as Shard from "../../Shard.js"
import * as ShardConfig from "../../ShardConfig.js"
import * as ShardError from "../../ShardError.js"
import * as ShardStatus from "../../ShardStatus.js"
import { Assembly, Starter } from "../assembly/index.js"
import { Outgoing } from "../commands/index.js"
import { Check } from "../config/index.js"
import { ReconnectThrottle } from "../reconnect/index.js"
import { isFailure, Parse } from "../events/log/index.js"
import type { Cursor, Ending } from "../events/log/index.js"
import { FleetHandler } from "../events/handlers/index.js"
import { EventStream, NextEvent, Readers, RunForEach } from "../events/index.js"
import type { ReaderSource } from "../events/index.js"
import { FleetReshard } from "./reshard/index.js"
import { Guard } from "../foreign/index.js"
import * as ShardSet from "./shardSet.js"
import type { ShardInternal } from "../shard/index.js"
import * as ShardIds from "./shardIds.js"
import { Scheduler } from "../heartbeat/index.js"
import { After } from "../time/index.js"
import { PeerText } from "../wire/index.js"

/** Returns true for a fatal close code whose cause all shards share, such as the token. */
const closesAllShards = (code: number): boolean => code === 4004 || (code >= 4012 && code <= 4014)

/** Removes the session from the config, because it would be resumed by every shard. */
const withoutSession = (config: ShardConfig.ShardConfig): ShardConfig.ShardConfig => ({
  ...config,
  session: Option.none()
})

/** Returns the IDENTIFYs that the queue and Discord permit; none if both are unknown. */
const identifiesLeft = (
  queue: IdentifyQueue.IdentifyQueue,
  api: Option.Option<GatewayApi.GatewayApi>
): Effect.Effect<Option.Option<number>> => {
  const known = <A>(subject: string, evaluate: () => Effect.Effect<A, unknown>) =>
    Guard.runWithin(evaluate, { limit: FleetReshard.limit, onDefect: Function.identity<unknown> }).pipe(
      Effect.tapError((cause) =>
        Effect.logWarning(`the remaining IDENTIFYs could not be read from ${subject}: ${PeerText.describe(cause)}`)
      ),
      Effect.option
    )
  const ask = Option.match(api, {
    onNone: () => Effect.succeedNone,
    onSome: (api) => known("the API", () => Effect.map(api.gatewayBot, (bot) => bot.sessionStartLimit.remaining))
  })
  const budget = Effect.map(known("the identify queue", () => queue.budget), Option.flatten)
  return Effect.zipWith(budget, ask, (budget, remaining) => {
    const known = [...Option.toArray(Option.map(budget, IdentifyQueue.spendable)), ...Option.toArray(remaining)]
    return known.length === 0 ? Option.none() : Option.some(Math.min(...known))
  })
}

/** Makes a fleet. With an API, a resharding also respects the IDENTIFYs that Discord reports. */
const makeWith = (
  options: Omit<Fleet.Options, "shards">,
  ids: ReadonlyArray<ShardId.ShardId>,
  api: Option.Option<GatewayApi.GatewayApi>
) =>
  Effect.gen(function*() {
    yield* Check.fields({ reconnects: { burst: Check.integer(1), perSecond: Check.positive } }, options)
    let config = yield* ShardConfig.ShardConfig
    const ending: Ending = { closed: undefined, failed: undefined }
    const over = yield* Deferred.make<never, ShardError.TerminalError>()

    /** Ends reading once all received events are read. */
    const end = (error: ShardError.TerminalError) => {
      ending.closed ??= error
      readers.wakeAll()
      Deferred.unsafeDone(over, Effect.fail(error))
    }
    const onFatal = (fleetShard: ShardSet.FleetShard, error: ShardError.FatallyClosedError) => {
      const shards = Array.from(sets.current.shards.values())
      const isLast = shards.every(({ state }) => ShardStatus.isFatallyClosed(state.status.get()))
      // The new set of a resharding does not end the fleet.
      if (shards.includes(fleetShard) && (closesAllShards(error.code) || isLast)) {
        end(error)
      }
    }
    const context = yield* Effect.context<ShardInternal.ShardRequirements>()
    const reconnectThrottle = ReconnectThrottle.make(options.reconnects ?? { burst: 50, perSecond: 50 })
    const scheduler = yield* HeartbeatScheduler.current
    const runLog = yield* FiberSet.makeRuntime<never>()
    const after = After.make(Scheduler.fromService(scheduler), (cause) => {
      runLog(Effect.logError("a timer of the fleet has failed", cause))
    })
    const readers = new Readers({
      ending,
      drainTimeoutMillis: Duration.toMillis(config.drainTimeout),
      keepsStreams: config.acknowledge === "onReceive",
      after,
      publish: (diagnostic) => {
        // A diagnostic of a reader of the whole fleet is published on the first shard.
        const [first] = sets.current.shards.values()
        first?.state.log.publish(diagnostic)
      }
    })
    const queue = yield* IdentifyQueue.IdentifyQueue
    const sessions = Context.getOption(context, SessionStore.SessionStore)
    const openWith = (
      ids: ReadonlyArray<ShardId.ShardId>,
      queue: IdentifyQueue.IdentifyQueue,
      store: Option.Option<SessionStore.SessionStore>
    ) =>
      ShardSet.open(ids, onFatal).pipe(
        Effect.tap(({ shards }) => Effect.sync(() => shards.forEach(({ state }) => readers.addLog(state.log)))),
        // An assembly may have changed the config since the last set.
        (openSet) =>
          Effect.suspend(() => Effect.provideService(openSet, ShardConfig.ShardConfig, withoutSession(config))),
        (openSet) =>
          Option.match(store, {
            onNone: () => openSet,
            onSome: (store) => Effect.provideService(openSet, SessionStore.SessionStore, store)
          }),
        Effect.provideService(ReconnectThrottle.Current, reconnectThrottle),
        Effect.provideService(HeartbeatScheduler.Current, Option.some(scheduler)),
        Effect.provideService(IdentifyQueue.IdentifyQueue, queue),
        Effect.provide(context)
      )
    const sets: FleetReshard.FleetParts = {
      readers,
      scope: yield* Effect.scope,
      queue,
      // A resumed session does not name its guilds, so a new set ignores sessions that an interrupted resharding has stored.
      open: (ids, queue) =>
        openWith(ids, queue, Option.map(sessions, (store) => ({ ...store, load: () => Effect.succeedNone }))),
      identifiesLeft: identifiesLeft(queue, api),
      current: yield* openWith(ids, queue, sessions),
      upcoming: Option.none(),
      stage: Option.none(),
      isResharding: false
    }
    // Registered last, so that connections are open while running handlers end.
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        ending.failed = new ShardError.ShardClosedError()
        readers.release()
        end(ending.failed)
        return Effect.all(readers.runs, { concurrency: "unbounded", discard: true })
      })
    )
    let isStarted = false
    const connectAll = Effect.suspend(() => {
      isStarted = true
      return ShardSet.connectAll(sets.current)
    })
    const starter = new Starter(
      Effect.suspend(() => isStarted || ending.closed !== undefined ? Effect.void : connectAll)
    )

    const shards = Effect.sync(() => Array.from(sets.current.shards.values(), ({ shard }) => shard))

    const close: Fleet.Fleet["close"] = (frame) =>
      Effect.gen(function*() {
        // A resharding ends with the shards that it waits for.
        yield* Effect.forEach(Option.toArray(sets.upcoming), (set) => ShardSet.closeAll(set, CloseFrame.NORMAL))
        const sessions = yield* ShardSet.closeAll(sets.current, frame)
        end(new ShardError.ShardClosedError())
        return sessions
      })

    const source: ReaderSource = {
      readers,
      config,
      parse: yield* Parse.make(config.validate),
      after,
      start: starter.start
    }
    const shared = new NextEvent(source)

    const broadcast: Fleet.Fleet["broadcast"] = (command) =>
      Effect.gen(function*() {
        const outgoing = yield* Outgoing.fromCommand(command)
        const [failures] = yield* Effect.partition(
          Array.from(sets.current.shards.values()),
          ({ state }) => state.commands.send(outgoing),
          { concurrency: "unbounded" }
        )
        return yield* failures[0] === undefined ? Effect.void : Effect.fail(failures[0])
      })

    const shardNumbered = (id: number) =>
      Effect.sync((): Option.Option<Shard.Shard> =>
        Option.map(Option.fromNullable(sets.current.shards.get(id)), ({ shard }) => shard)
      )

    const fleet: Fleet.Fleet = {
      shards,
      shard: shardNumbered,
      shardOfGuild: (guildId) => Effect.suspend(() => shardNumbered(ShardId.shardOf(guildId, sets.current.total))),
      events: EventStream.make(source, shared, toFleetEvent),
      nextEvent: shared.read(starter.start, (item, cursor) => {
        if (item._tag !== "Dispatch") {
          return undefined
        }
        const event = cursor.log.read(item, source.parse)
        return isFailure(event) ? undefined : Exit.succeed(toFleetEvent(event, cursor))
      }),
      runForEach: (handler, options) => RunForEach.run(source, shared, FleetHandler.toHandle(handler), options),
      broadcast,
      status: Effect.sync(() => ({ ...ShardSet.status(sets.current), resharding: sets.stage })),
      // A closed fleet is not ready, although all of its shards are settled.
      awaitReady: Effect.raceFirst(Deferred.await(over), Effect.suspend(() => ShardSet.awaitSettled(sets.current))),
      reshard: (total, options = {}) =>
        Effect.suspend(() =>
          ending.closed === undefined
            ? Check.fields(FleetReshard.options, options).pipe(
              Effect.zipRight(starter.start),
              Effect.zipRight(FleetReshard.run(sets, total, options))
            )
            : Effect.fail(new ReshardError({ reason: "ShardClosed", detail: ending.closed.message }))
        ),
      close
    }
    const assemblies = () =>
      Array.from(sets.current.shards.values(), ({ shard }) => Assembly.get(shard)).filter(
        Predicate.isNotUndefined
      )
    Assembly.set(fleet, {
      // A shard can be started on its own.
      deferStart: Effect.map(
        Effect.all([
          Effect.suspend(() => Effect.all(assemblies().map(({ deferStart }) => deferStart))),
          starter.deferStart
        ]),
        ([finalizers, release]) => Effect.zipRight(Effect.all(finalizers, { discard: true }), release)
      ),
      start: starter.start,
      hasStarted: () => starter.hasStarted || assemblies().some(({ hasStarted }) => hasStarted()),
      source,
      nextEvent: shared,
      config: () => config,
      configure: (resolved) => {
        config = { ...config, ...resolved }
        assemblies().forEach(({ configure }) => configure(resolved))
      }
    })
    if (options.connect !== "onRead") {
      yield* starter.start
    }
    return fleet
  })

const makeRecommended = (options: Fleet.Options<"recommended">) =>
  Effect.gen(function*() {
    const api = yield* GatewayApi.GatewayApi
    const { shards } = yield* api.gatewayBot
    return yield* makeWith(options, ShardId.all(shards), Option.some(api))
  })

const makePlanned = (options: Fleet.Options) =>
  Effect.gen(function*() {
    const ids = yield* ShardIds.resolve(options.shards)
    return yield* makeWith(options, ids, yield* Effect.serviceOption(GatewayApi.GatewayApi))
  })

const toFleetEvent = (event: Dispatch.Dispatch, { log }: Cursor): Fleet.FleetEvent => ({ shard: log.shard, event })

const isRecommended = (
  options: Fleet.Options | Fleet.Options<"recommended">
): options is Fleet.Options<"recommended"> => options.shards === "recommended"

// The overloads of `Fleet.make` differ in the type of `shards`, which `isRecommended` checks.
export const make =
  ((options: Fleet.Options | Fleet.Options<"recommended">) =>
    isRecommended(options) ? makeRecommended(options) : makePlanned(options)) as typeof Fleet.make
