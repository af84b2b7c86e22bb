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
import type * as Fleet from "../Fleet.js"
import { ReshardError } from "../FleetError.js"
import * as GatewayApi from "../GatewayApi.js"
import * as HeartbeatScheduler from "../HeartbeatScheduler.js"
import * as IdentifyBudget from "../IdentifyBudget.js"
import * as IdentifyQueue from "../IdentifyQueue.js"
import * as SessionStore from "../SessionStore.js"
import type * as Shard from "../Shard.js"
import * as ShardConfig from "../ShardConfig.js"
import * as ShardError from "../ShardError.js"
import * as ShardStatus from "../ShardStatus.js"
import * as Assembly from "./assembly/assembly.js"
import { Starter } from "./assembly/starter.js"
import * as Outgoing from "./commands/outgoing.js"
import * as Check from "./config/check.js"
import * as ConnectPace from "./connectPace.js"
import type { Cursor } from "./events/log/cursor.js"
import * as EventStream from "./events/eventStream.js"
import * as Handlers from "./events/handlers.js"
import * as Parse from "./events/log/parse.js"
import type { Ending } from "./events/log/eventLog.js"
import { Readers } from "./events/readers.js"
import * as FleetReshard from "./fleetReshard.js"
import * as Guard from "./foreign/guard.js"
import * as FleetSet from "./fleetSet.js"
import type * as ShardInternal from "./shard.js"
import * as ShardPlan from "./shardPlan.js"
import * as After from "./time/after.js"
import * as PeerText from "./wire/peerText.js"

/** The config of a fleet's shards: a session in it would be that of each of them. */
const configOfShards = (config: ShardConfig.ShardConfig): ShardConfig.ShardConfig => ({
  ...config,
  session: Option.none()
})

/** Identifies that queue and Discord both permit. None if neither says how many: then only the queue limits them. */
const identifiesLeft = (
  queue: IdentifyQueue.IdentifyQueue,
  api: Option.Option<GatewayApi.GatewayApi>
): Effect.Effect<Option.Option<number>> => {
  const known = <A>(subject: string, evaluate: () => Effect.Effect<A, unknown>) =>
    Guard.runWithin(evaluate, { limit: FleetReshard.limit, onDefect: Function.identity<unknown> }).pipe(
      Effect.tapError((cause) =>
        Effect.logWarning(`the identifies that are left are not known to ${subject}: ${PeerText.describe(cause)}`)
      ),
      Effect.option
    )
  const ask = Option.match(api, {
    onNone: () => Effect.succeedNone,
    onSome: (api) => known("the API", () => Effect.map(api.gatewayBot, (bot) => bot.sessionStartLimit.remaining))
  })
  const budget = Effect.map(known("the identify queue", () => queue.budget), Option.flatten)
  return Effect.zipWith(budget, ask, (budget, remaining) => {
    const known = [...Option.toArray(Option.map(budget, IdentifyBudget.spendable)), ...Option.toArray(remaining)]
    return known.length === 0 ? Option.none() : Option.some(Math.min(...known))
  })
}

/** Asks Discord where it is told to, and knows how many identifies are left if it may ask. */
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

    /** Readers read what was received, then reading fails. */
    const end = (error: ShardError.TerminalError) => {
      ending.closed ??= error
      readers.wakeAll()
      Deferred.unsafeDone(over, Effect.fail(error))
    }
    const onFatal = (member: FleetSet.Member, error: ShardError.FatallyClosedError) => {
      const members = Array.from(parts.current.members.values())
      const isLast = members.every(({ state }) => ShardStatus.isFatallyClosed(state.status.get()))
      // The set that is being prepared does not affect the one that serves.
      if (members.includes(member) && (ShardPlan.isShared(error.code) || isLast)) {
        end(error)
      }
    }
    const context = yield* Effect.context<ShardInternal.Requirements>()
    const pace = ConnectPace.make(options.reconnects ?? { burst: 50, perSecond: 50 })
    const scheduler = yield* HeartbeatScheduler.current
    const notices = yield* FiberSet.makeRuntime<never>()
    const after = After.make(scheduler, (cause) => {
      notices(Effect.logError("a timer of the fleet has failed", cause))
    })
    const readers = new Readers({
      ending,
      drainTimeoutMillis: Duration.toMillis(config.drainTimeout),
      keepsStreams: config.acknowledge === "onReceive",
      after,
      notice: (diagnostic) => {
        // A reader of the whole fleet is one of its first shard's.
        const [some] = parts.current.members.values()
        some?.state.log.notice(diagnostic)
      }
    })
    const queue = yield* IdentifyQueue.IdentifyQueue
    const sessions = Context.getOption(context, SessionStore.SessionStore)
    const openWith = (
      ids: ReadonlyArray<ShardId.ShardId>,
      queue: IdentifyQueue.IdentifyQueue,
      store: Option.Option<SessionStore.SessionStore>
    ) =>
      FleetSet.open(ids, onFatal).pipe(
        Effect.tap(({ members }) => Effect.sync(() => members.forEach(({ state }) => readers.addLog(state.log)))),
        // An assembly may have changed it since the last set.
        (opening) =>
          Effect.suspend(() => Effect.provideService(opening, ShardConfig.ShardConfig, configOfShards(config))),
        (opening) =>
          Option.match(store, {
            onNone: () => opening,
            onSome: (store) => Effect.provideService(opening, SessionStore.SessionStore, store)
          }),
        Effect.provideService(ConnectPace.Current, pace),
        Effect.provideService(HeartbeatScheduler.Current, Option.some(scheduler)),
        Effect.provideService(IdentifyQueue.IdentifyQueue, queue),
        Effect.provide(context)
      )
    const parts: FleetReshard.Fleet = {
      readers,
      scope: yield* Effect.scope,
      queue,
      // A session that an interrupted resharding has stored would not name its guilds again: the next set begins new ones.
      open: (ids, queue) =>
        openWith(ids, queue, Option.map(sessions, (store) => ({ ...store, load: () => Effect.succeedNone }))),
      identifiesLeft: identifiesLeft(queue, api),
      current: yield* openWith(ids, queue, sessions),
      upcoming: Option.none(),
      stage: Option.none(),
      isResharding: false
    }
    // Registered last: connections are open while handlers that are under way end.
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
      return FleetSet.connectAll(parts.current)
    })
    const starter = new Starter(
      Effect.suspend(() => isStarted || ending.closed !== undefined ? Effect.void : connectAll)
    )

    const shards = Effect.sync(() => Array.from(parts.current.members.values(), ({ shard }) => shard))

    const close: Fleet.Fleet["close"] = (frame) =>
      Effect.gen(function*() {
        // One that is under way ends with the shards that it waits for.
        yield* Effect.forEach(Option.toArray(parts.upcoming), (set) => FleetSet.closeAll(set, CloseFrame.NORMAL))
        const sessions = yield* FleetSet.closeAll(parts.current, frame)
        end(new ShardError.ShardClosedError())
        return sessions
      })

    const source: Handlers.Source = {
      readers,
      config,
      parse: yield* Parse.make(config.validate),
      after,
      start: starter.start
    }
    const shared = Handlers.makeNextEvent(source)

    const broadcast: Fleet.Fleet["broadcast"] = (command) =>
      Effect.gen(function*() {
        const outgoing = yield* Outgoing.fromCommand(command)
        const [failures] = yield* Effect.partition(
          Array.from(parts.current.members.values()),
          ({ state }) => state.commands.send(outgoing),
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
      events: EventStream.make(source, shared, eventOf),
      nextEvent: shared.read(starter.start, (item, cursor) => {
        if (item._tag !== "Dispatch") {
          return undefined
        }
        const event = source.parse(item)
        if (Parse.isFailure(event)) {
          cursor.log.reportUnreadable(item, event)
          return undefined
        }
        return Exit.succeed(eventOf(event, cursor))
      }),
      runForEach: (handler, options) =>
        Handlers.run(source, shared, (event, shard) => handler({ shard, event }), options),
      broadcast,
      status: Effect.sync(() => ({ ...FleetSet.status(parts.current), resharding: parts.stage })),
      // A fleet that has ended is not ready, though all of its shards are settled.
      awaitReady: Effect.raceFirst(Deferred.await(over), Effect.suspend(() => FleetSet.awaitSettled(parts.current))),
      reshard: (total, options = {}) =>
        Effect.suspend(() =>
          ending.closed === undefined
            ? Check.fields(FleetReshard.options, options).pipe(
              Effect.zipRight(starter.start),
              Effect.zipRight(FleetReshard.run(parts, total, options))
            )
            : Effect.fail(new ReshardError({ reason: "ShardClosed", detail: ending.closed.message }))
        ),
      close
    }
    const members = () =>
      Array.from(parts.current.members.values(), ({ shard }) => Assembly.get(shard)).filter(
        Predicate.isNotUndefined
      )
    Assembly.set(fleet, {
      // A shard may be started by itself too.
      hold: Effect.map(
        Effect.all([Effect.suspend(() => Effect.all(members().map(({ hold }) => hold))), starter.hold]),
        ([releases, release]) => Effect.zipRight(Effect.all(releases, { discard: true }), release)
      ),
      start: starter.start,
      hasStarted: () => starter.hasStarted || members().some(({ hasStarted }) => hasStarted()),
      source,
      nextEvent: shared,
      config: () => config,
      configure: (resolved) => {
        config = { ...config, ...resolved }
        members().forEach(({ configure }) => configure(resolved))
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
    const ids = yield* ShardPlan.resolve(options.shards)
    return yield* makeWith(options, ids, yield* Effect.serviceOption(GatewayApi.GatewayApi))
  })

const eventOf = (event: Dispatch.Dispatch, { log }: Cursor): Fleet.FleetEvent => ({ shard: log.shard, event })

const isRecommended = (
  options: Fleet.Options | Fleet.Options<"recommended">
): options is Fleet.Options<"recommended"> => options.shards === "recommended"

// Which of the two it is, is decided by just what the overloads tell apart.
export const make =
  ((options: Fleet.Options | Fleet.Options<"recommended">) =>
    isRecommended(options) ? makeRecommended(options) : makePlanned(options)) as typeof Fleet.make
