import * as Sharding from "@effect/cluster/Sharding"
import * as SqlClient from "@effect/sql/SqlClient"
import * as EntityId from "@effect/cluster/EntityId"
import * as Socket from "@effect/platform/Socket"
import * as HeartbeatScheduler from "@vesper/gateway/HeartbeatScheduler"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as ShardId from "@vesper/model/ShardId"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as ClusterAdmin from "../ClusterAdmin.js"
import * as ClusterError from "../ClusterError.js"
import type * as ClusterFleet from "../ClusterFleet.js"
import * as Door from "./door.js"
import * as FleetStore from "./fleetStore.js"
import * as Host from "./host.js"
import * as Leases from "./leases.js"
import * as Layout from "./layout.js"
import * as PartHost from "./partHost.js"
import type * as FleetView from "./fleetView.js"

/** How often a command is tried again while its shard is nowhere. */
const sendRetry = Schedule.spaced("250 millis")

/** How long a command waits for its shard. */
const sendPatience = Duration.seconds(30)

/** What the database says of the number of shards is looked at so often, or more often with a short lease. */
const planInterval = Duration.seconds(1)

const isSamePlan = (a: FleetView.Plan, b: FleetView.Plan) => a.epoch === b.epoch && a.total === b.total

const forgiving = <A>(what: string, effect: Effect.Effect<A, Error>) =>
  Effect.catchAll(effect, (error) => Effect.logDebug(`${what}: ${error.message}`))

/** Shows that this runner is there, learns whether it is to go, and takes over from the dead, for ever. */
const watchRunners = (store: FleetStore.FleetStore, every: Duration.Duration, drained: Deferred.Deferred<void>) =>
  forgiving(
    "this runner could not show itself",
    Effect.flatMap(store.appear, (isDraining) => isDraining ? Deferred.succeed(drained, undefined) : Effect.void)
  ).pipe(
    Effect.zipRight(forgiving("the dead could not be looked for", store.bury)),
    Effect.zipRight(Effect.sleep(every)),
    Effect.forever
  )

/** Looks after how many shards there are to be, for ever. */
const watchPlan = (
  store: FleetStore.FleetStore,
  every: Duration.Duration,
  plan: SubscriptionRef.SubscriptionRef<FleetView.Plan>
) =>
  forgiving(
    "the number of shards could not be read",
    Effect.flatMap(store.plan, (wanted) =>
      Effect.flatMap(SubscriptionRef.get(plan), (known) =>
        wanted.total === 0 || isSamePlan(wanted, known) ? Effect.void : SubscriptionRef.set(plan, wanted)))
  ).pipe(
    Effect.zipRight(Effect.sleep(Duration.min(every, planInterval))),
    Effect.forever
  )

export const make = <E, R>(
  options: ClusterFleet.Options<E, R>
): Effect.Effect<
  ClusterFleet.ClusterFleet,
  ClusterError.ClusterDatabaseError,
  R | Host.Requirements | Sharding.Sharding | SqlClient.SqlClient | Scope.Scope
> =>
  Effect.gen(function*() {
    const fleet = options.name ?? "vesper"
    const lease = Duration.decode(options.lease ?? "15 seconds")
    const sharding = yield* Sharding.Sharding
    const sql = yield* SqlClient.SqlClient
    const config = yield* ShardConfig.ShardConfig
    const runner = { id: crypto.randomUUID(), name: options.runner ?? "runner" }
    const store = yield* FleetStore.make({ fleet, lease, runner })
    const plan = yield* Effect.flatMap(
      Effect.mapError(
        store.begin(options.shards),
        (cause) => new ClusterError.ClusterDatabaseError({ operation: "say how many shards there are", cause })
      ),
      (plan) => SubscriptionRef.make(plan)
    )
    const drained = yield* Deferred.make<void>()
    const failure = yield* Deferred.make<never, ShardError.FatallyClosedError>()
    const guests = new Set<Host.Guest>()
    const every = Duration.times(lease, 1 / 6)

    yield* Effect.addFinalizer(() => Effect.ignore(store.leave))
    const leases = yield* Leases.make(store, lease)
    yield* Effect.forkScoped(watchRunners(store, every, drained))
    yield* Effect.forkScoped(watchPlan(store, every, plan))

    // Made before the shards, which send heartbeats until their end.
    const scheduler = yield* HeartbeatScheduler.current

    // Shards live here and not in the singletons, which are stopped one after the other: these stop all at once, while
    // their leases are still renewed. A singleton only says that its shard belongs here.
    const hosts = yield* FiberSet.make<void>()
    const host: PartHost.Options<R> = {
      store,
      leases,
      concurrency: options.concurrency ?? 1,
      poll: Duration.min(Duration.millis(250), every),
      handler: (shard, event) => options.handlers({ shard, event }),
      reshard: options.handover ?? {},
      enter: (guest) => {
        guests.add(guest)
        return () => guests.delete(guest)
      },
      failed: (error) =>
        Effect.zipRight(
          Effect.logError(`the gateway closed a shard for good: ${error.message}`),
          Deferred.fail(failure, error)
        )
    }
    const seat = (occupant: Effect.Effect<never, never, R | Host.Requirements>) =>
      Effect.acquireRelease(
        FiberSet.run(
          hosts,
          occupant.pipe(
            // A session of the config's would be each shard's.
            Effect.provideService(ShardConfig.ShardConfig, { ...config, session: Option.none() }),
            Effect.provideService(HeartbeatScheduler.Current, Option.some(scheduler)),
            // A fiber that is forked while a resource is acquired could not be interrupted.
            Effect.interruptible
          )
        ),
        Fiber.interruptFork
      )

    const layout = Layout.make(fleet, (name) => sharding.getShardId(EntityId.make(name), "default").toString())
    const takeSeats = (plan: FleetView.Plan) =>
      Effect.forEach(
        layout.seats(plan),
        ({ name, occupant }) =>
          sharding.registerSingleton(
            name,
            seat("plan" in occupant ? PartHost.host(host, occupant) : Host.host(host, occupant))
          ),
        { discard: true }
      )
    const seats = (of: FleetView.Plan): Effect.Effect<never, never, R | Host.Requirements> =>
      takeSeats(of).pipe(
        Effect.zipRight(Stream.runHead(Stream.filter(plan.changes, (wanted) => !isSamePlan(wanted, of)))),
        Effect.scoped,
        Effect.flatMap((wanted) => seats(Option.getOrElse(wanted, () => of)))
      )
    yield* Effect.flatMap(SubscriptionRef.get(plan), (plan) => Effect.forkScoped(seats(plan)))

    const shardHere = (guildId: string) =>
      Effect.map(
        Effect.forEach(guests, ({ shardOf }) => shardOf(guildId)),
        (found) => Option.firstSomeOf(found)
      )

    const door = Door.make(fleet)
    yield* Layer.build(door.toLayer({
      Send: ({ payload: { guild, json } }) =>
        Effect.flatMap(
          shardHere(guild),
          Option.match({
            onNone: (): Effect.Effect<void, ShardError.SendError | Door.NotHere> => Effect.fail(new Door.NotHere()),
            onSome: (shard) => shard.send(json)
          })
        )
    }, { concurrency: "unbounded" }))
    const client = yield* door.client

    const send = (guild: string, json: string) =>
      Effect.gen(function*() {
        const now = yield* SubscriptionRef.get(plan)
        const id = ShardId.shardOf(guild, now.total)
        const moving = new ClusterError.ShardUnavailableError({ shard: id, total: now.total })
        return yield* client(layout.seatOf(now, id)).Send({ guild, json }).pipe(
          // A runner that dies while it is written to is no defect: its shards move, as those of one that has died before.
          Effect.catchSomeDefect((defect) =>
            Socket.isSocketError(defect) ? Option.some(Effect.fail(moving)) : Option.none()
          ),
          Effect.mapError((error) => error._tag === "SendError" ? error : moving),
          Effect.timeoutFail({ duration: sendPatience, onTimeout: () => moving })
        )
      })

    return {
      runner,
      total: Effect.map(SubscriptionRef.get(plan), ({ total }) => total),
      shards: Effect.map(
        Effect.suspend(() => Effect.forEach(guests, ({ shards }) => shards)),
        (all) => all.flat().sort((a, b) => a.id.id - b.id.id)
      ),
      sendToGuild: (guildId, command) =>
        // Asked for anew each time: where the guild belongs may have changed meanwhile.
        Effect.suspend(() => send(guildId, JSON.stringify(command))).pipe(
          Effect.retry({
            while: (error) => error._tag === "ShardUnavailableError",
            schedule: Schedule.intersect(sendRetry, Schedule.recurUpTo(sendPatience))
          })
        ),
      status: Effect.provideService(ClusterAdmin.status(fleet), SqlClient.SqlClient, sql),
      drain: (runner) => Effect.provideService(ClusterAdmin.drain(runner, fleet), SqlClient.SqlClient, sql),
      reshard: (total) => Effect.provideService(ClusterAdmin.reshard(total, fleet), SqlClient.SqlClient, sql),
      awaitDrain: Deferred.await(drained),
      awaitFailure: Deferred.await(failure)
    }
  })
