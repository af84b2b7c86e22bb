import * as Sharding from "@effect/cluster/Sharding"
import * as SqlClient from "@effect/sql/SqlClient"
import * as EntityId from "@effect/cluster/EntityId"
import type * as Shard from "@vesper/gateway/Shard"
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
import * as Slots from "./slots.js"

/** How often a command is tried again while its shard is nowhere. */
const sendRetry = Schedule.spaced("250 millis")

/** How long a command waits for its shard. */
const sendPatience = Duration.seconds(30)

const keyOf = ({ id, total }: { readonly id: number; readonly total: number }) => `${id}/${total}`

/** Looks after what the database wants of this runner: how many shards there are, and whether it is to go. */
const watchWishes = (
  store: FleetStore.FleetStore,
  every: Duration.Duration,
  total: SubscriptionRef.SubscriptionRef<number>,
  drained: Deferred.Deferred<void>
) =>
  store.appear.pipe(
    Effect.tap((wish) =>
      wish.total > 0 ? SubscriptionRef.update(total, (known) => wish.total === known ? known : wish.total) : Effect.void
    ),
    Effect.tap(({ isDraining }) => isDraining ? Deferred.succeed(drained, undefined) : Effect.void),
    Effect.catchAll((error) => Effect.logDebug(`the cluster's wishes could not be read: ${error.message}`)),
    Effect.zipRight(Effect.sleep(every)),
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
    const total = yield* Effect.flatMap(
      Effect.mapError(
        store.begin(options.shards),
        (cause) => new ClusterError.ClusterDatabaseError({ operation: "say how many shards there are", cause })
      ),
      (total) => SubscriptionRef.make(total)
    )
    const drained = yield* Deferred.make<void>()
    const failure = yield* Deferred.make<never, ShardError.FatallyClosedError>()
    const hosted = new Map<string, Shard.Shard>()
    const every = Duration.times(lease, 1 / 6)

    yield* Effect.addFinalizer(() => Effect.ignore(store.leave))
    const leases = yield* Leases.make(store, lease)
    yield* Effect.forkScoped(watchWishes(store, every, total, drained))

    // Shards live here and not in the singletons, which are stopped one after the other: these stop all at once, while
    // their leases are still renewed. A singleton only says that its shard belongs here.
    const hosts = yield* FiberSet.make<void>()
    const host: Host.Options<R> = {
      store,
      leases,
      concurrency: options.concurrency ?? 1,
      poll: Duration.min(Duration.millis(250), every),
      handler: (shard, event) => options.handlers({ shard, event }),
      enter: (shard) => {
        const key = keyOf(shard.id)
        hosted.set(key, shard)
        return () => {
          if (hosted.get(key) === shard) {
            hosted.delete(key)
          }
        }
      },
      failed: (error) =>
        Effect.zipRight(
          Effect.logError(`the gateway closed a shard for good: ${error.message}`),
          Deferred.fail(failure, error)
        )
    }
    const seat = (shard: ShardId.ShardId) =>
      Effect.acquireRelease(
        FiberSet.run(
          hosts,
          Host.host(host, shard).pipe(
            // A session of the config's would be each shard's.
            Effect.provideService(ShardConfig.ShardConfig, { ...config, session: Option.none() }),
            // A fiber that is forked while a resource is acquired could not be interrupted.
            Effect.interruptible
          )
        ),
        Fiber.interruptFork
      )

    let names: ReadonlyArray<string> = []
    const namesOf = (total: number) => {
      if (names.length !== total) {
        names = Slots.names(fleet, total, (name) => sharding.getShardId(EntityId.make(name), "default").toString())
      }
      return names
    }
    const takeSeats = (total: number) => {
      const names = namesOf(total)
      return Effect.forEach(
        ShardId.all(total),
        (shard) => sharding.registerSingleton(names[shard.id] ?? "", seat(shard)),
        { discard: true }
      )
    }
    const seats = (of: number): Effect.Effect<never, never, R | Host.Requirements> =>
      takeSeats(of).pipe(
        Effect.zipRight(Stream.runHead(Stream.filter(total.changes, (wanted) => wanted !== of))),
        Effect.scoped,
        Effect.flatMap((wanted) => seats(Option.getOrElse(wanted, () => of)))
      )
    yield* Effect.flatMap(SubscriptionRef.get(total), (total) => Effect.forkScoped(seats(total)))

    const door = Door.make(fleet)
    yield* Layer.build(door.toLayer({
      Send: ({ payload: { json, ...shard } }) =>
        Effect.suspend((): Effect.Effect<void, ShardError.SendError | Door.NotHere> => {
          const up = hosted.get(keyOf({ id: shard.shard, total: shard.total }))
          return up === undefined ? Effect.fail(new Door.NotHere()) : up.send(json)
        })
    }, { concurrency: "unbounded" }))
    const client = yield* door.client

    const send = (guildId: string, json: string) =>
      Effect.gen(function*() {
        const of = yield* SubscriptionRef.get(total)
        const id = ShardId.shardOf(guildId, of)
        const name = namesOf(of)[id] ?? ""
        const moving = new ClusterError.ShardUnavailableError({ shard: id, total: of })
        return yield* client(name).Send({ shard: id, total: of, json }).pipe(
          Effect.mapError((error) => error._tag === "SendError" ? error : moving),
          Effect.timeoutFail({ duration: sendPatience, onTimeout: () => moving })
        )
      })

    return {
      runner,
      total: SubscriptionRef.get(total),
      shards: Effect.sync(() => Array.from(hosted.values()).sort((a, b) => a.id.id - b.id.id)),
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
