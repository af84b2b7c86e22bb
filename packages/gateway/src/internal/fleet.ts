import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Fleet from "../Fleet.js"
import * as GatewayApi from "../GatewayApi.js"
import * as Heart from "../Heart.js"
import * as IdentifyBudget from "../IdentifyBudget.js"
import * as IdentifyQueue from "../IdentifyQueue.js"
import type * as Shard from "../Shard.js"
import * as ShardConfig from "../ShardConfig.js"
import * as ShardError from "../ShardError.js"
import * as ShardStatus from "../ShardStatus.js"
import * as Check from "./config/check.js"
import * as ConnectPace from "./connectPace.js"
import * as FleetHub from "./fleetHub.js"
import * as FleetReshard from "./fleetReshard.js"
import * as FleetRun from "./fleetRun.js"
import * as FleetSet from "./fleetSet.js"
import type * as ShardInternal from "./shard.js"
import * as ShardPlan from "./shardPlan.js"

/** What a fleet's shards are told: no session of somebody else's, and the events that the fleet itself needs. */
const configOfShards = (config: ShardConfig.ShardConfig): ShardConfig.ShardConfig => ({
  ...config,
  session: Option.none(),
  events: Option.map(config.events, (names) => new Set([...names, ...FleetHub.ownEvents]))
})

/** What the queue knows, or else Discord: unknown where neither answers, and then the queue alone has a say. */
const identifiesLeft = (
  queue: IdentifyQueue.IdentifyQueue,
  api: Option.Option<GatewayApi.GatewayApi>
): Effect.Effect<Option.Option<number>> => {
  const ask = Option.match(api, {
    onNone: () => Effect.succeedNone,
    onSome: ({ gatewayBot }) =>
      gatewayBot.pipe(
        Effect.map(({ sessionStartLimit }) => sessionStartLimit.remaining),
        Effect.tapError((error) => Effect.logWarning(error.message)),
        Effect.option
      )
  })
  return Effect.flatMap(
    queue.budget,
    Option.match({ onNone: () => ask, onSome: (budget) => Effect.succeedSome(IdentifyBudget.spendable(budget)) })
  )
}

/** Asks Discord where it is told to, and knows how many identifies are left if it may ask. */
const makeWith = (
  options: Omit<Fleet.Options, "shards">,
  ids: ReadonlyArray<ShardId.ShardId>,
  api: Option.Option<GatewayApi.GatewayApi>
) =>
  Effect.gen(function*() {
    yield* Check.fields({ reconnects: { burst: Check.integer(1), perSecond: Check.positive } }, options)
    const config = yield* ShardConfig.ShardConfig
    const failed = yield* Deferred.make<never, ShardError.FatallyClosedError>()

    const fail = (error: ShardError.FatallyClosedError) => {
      hub.unsafeFail(error)
      Deferred.unsafeDone(failed, Effect.fail(error))
    }
    const onFatal = (member: FleetHub.Member, error: ShardError.FatallyClosedError) => {
      const members = Array.from(parts.current.members.values())
      const isLast = members.every(({ state }) => ShardStatus.isFatallyClosed(state.status.get()))
      // A set that is being prepared stands for itself: the one that serves is none the worse.
      if (members.includes(member) && (ShardPlan.isShared(error.code) || isLast)) {
        fail(error)
      }
    }
    const hub = FleetHub.make(config, onFatal)
    const context = yield* Effect.context<ShardInternal.Requirements>()
    const pace = ConnectPace.make(options.reconnects ?? { burst: 50, perSecond: 50 })
    const heart = yield* Heart.current
    const queue = yield* IdentifyQueue.IdentifyQueue
    const open: FleetReshard.Fleet["open"] = (ids, queue) =>
      FleetSet.open(hub, ids).pipe(
        Effect.provideService(ShardConfig.ShardConfig, configOfShards(config)),
        Effect.provideService(ConnectPace.Current, pace),
        Effect.provideService(Heart.Current, Option.some(heart)),
        Effect.provideService(IdentifyQueue.IdentifyQueue, queue),
        Effect.provide(context)
      )
    const parts: FleetReshard.Fleet = {
      hub,
      scope: yield* Effect.scope,
      queue,
      open,
      identifiesLeft: identifiesLeft(queue, api),
      current: yield* open(ids, queue),
      upcoming: Option.none(),
      stage: Option.none(),
      isResharding: false
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => hub.unsafeEnd(new ShardError.ShardClosedError())))
    // Registered last: handlers still run on live connections while they come to their end.
    const runs = new Set<Effect.Effect<void>>()
    yield* Effect.addFinalizer(() => Effect.all(runs, { concurrency: "unbounded", discard: true }))
    yield* FleetSet.connectAll(parts.current)

    const shards = Effect.sync(() => Array.from(parts.current.members.values(), ({ shard }) => shard))

    const close: Fleet.Fleet["close"] = (frame) =>
      Effect.gen(function*() {
        // One that is under way ends with the shards that it waits for.
        yield* Effect.forEach(Option.toArray(parts.upcoming), (set) => FleetSet.closeAll(set, CloseFrame.NORMAL))
        const sessions = yield* FleetSet.closeAll(parts.current, frame)
        hub.unsafeEnd(new ShardError.ShardClosedError())
        return sessions
      })

    const nextEvent = Effect.map(hub.take, (delivery) => {
      // Who reads for himself has the event, and that is all that can be known.
      hub.unsafeDone(delivery)
      return delivery.event
    })
    const events = Stream.repeatEffectOption(Effect.mapError(
      nextEvent,
      (error) => error._tag === "FatallyClosedError" ? Option.some(error) : Option.none()
    ))

    const broadcast: Fleet.Fleet["broadcast"] = (command) =>
      Effect.gen(function*() {
        const [failures] = yield* Effect.partition(
          yield* shards,
          (shard) => shard.command(command),
          { concurrency: "unbounded" }
        )
        return yield* failures[0] === undefined ? Effect.void : Effect.fail(failures[0])
      })

    const shardNumbered = (id: number) =>
      Effect.sync((): Option.Option<Shard.Shard> =>
        Option.map(Option.fromNullable(parts.current.members.get(id)), ({ shard }) => shard)
      )

    const fleet: Fleet.Fleet = {
      shards,
      shard: shardNumbered,
      shardOfGuild: (guildId) => Effect.suspend(() => shardNumbered(ShardId.shardOf(guildId, parts.current.total))),
      events,
      nextEvent,
      runForEach: FleetRun.runForEach(
        hub,
        { drainTimeout: config.drainTimeout, isTracked: config.acknowledge === "onHandled" },
        runs
      ),
      broadcast,
      status: Effect.sync(() => ({ ...FleetSet.status(parts.current), resharding: parts.stage })),
      // A fleet that has failed is not ready, though all of its shards are settled.
      awaitReady: Effect.raceFirst(Deferred.await(failed), Effect.suspend(() => FleetSet.awaitSettled(parts.current))),
      reshard: (total, options = {}) => FleetReshard.run(parts, total, options),
      close
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
    const ids = yield* ShardPlan.resolve(options.shards)
    return yield* makeWith(options, ids, yield* Effect.serviceOption(GatewayApi.GatewayApi))
  })

const isRecommended = (
  options: Fleet.Options | Fleet.Options<"recommended">
): options is Fleet.Options<"recommended"> => options.shards === "recommended"

// Which of the two it is, is decided by just what the overloads tell apart.
export const make =
  ((options: Fleet.Options | Fleet.Options<"recommended">) =>
    isRecommended(options) ? makeRecommended(options) : makePlanned(options)) as typeof Fleet.make
