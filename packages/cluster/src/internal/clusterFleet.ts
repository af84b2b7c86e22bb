import * as EntityId from "@effect/cluster/EntityId"
import * as Sharding from "@effect/cluster/Sharding"
import * as Socket from "@effect/platform/Socket"
import * as SqlClient from "@effect/sql/SqlClient"
import * as HeartbeatScheduler from "@vesper/gateway/HeartbeatScheduler"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as ShardId from "@vesper/model/ShardId"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as ClusterAdmin from "../ClusterAdmin.js"
import * as ClusterEngine from "../ClusterEngine.js"
import * as ClusterError from "../ClusterError.js"
import type * as ClusterFleet from "../ClusterFleet.js"
import { botOf } from "./bot.js"
import { migrate, refuseNewer } from "./database/schema.js"
import * as Host from "./hosting/host.js"
import * as PartHost from "./hosting/partHost.js"
import * as FleetRows from "./ownership/fleetRows.js"
import * as Ownership from "./ownership/ownership.js"
import * as OwnershipRows from "./ownership/ownershipRows.js"
import * as Placement from "./ownership/placement.js"
import * as RunnerStorage from "./ownership/runnerStorage.js"
import * as ShardEntity from "./shardEntity.js"

/** How often a command is tried again while its shard is on no runner. */
const sendRetry = Schedule.spaced("250 millis")

/** How long a command waits for its shard. */
const sendPatience = Duration.seconds(30)

/** Events that wait for the store wait so long at most for others to be written with them. */
const receiveTick = Duration.millis(50)

const known = (operation: string) => (cause: Error | ClusterError.ClusterError) =>
  cause instanceof ClusterError.ForeignFleetError || cause instanceof ClusterError.NewerSchemaError
    ? cause
    : new ClusterError.ClusterDatabaseError({ operation, cause })

export const make = <E, R>(
  options: ClusterFleet.Options<E, R>
): Effect.Effect<
  ClusterFleet.ClusterFleet,
  ClusterError.ClusterError,
  R | Host.Requirements | ClusterEngine.ClusterEngine | SqlClient.SqlClient | Scope.Scope
> =>
  Effect.gen(function*() {
    const fleet = options.name ?? "vesper"
    const lease = Duration.decode(options.lease ?? "15 seconds")
    const engine = yield* ClusterEngine.ClusterEngine
    const sql = yield* SqlClient.SqlClient
    const config = yield* ShardConfig.ShardConfig
    const runner = { id: crypto.randomUUID(), name: options.runner ?? "runner" }
    const isStrict = config.acknowledge === "onReceive"

    yield* migrate
    yield* Effect.mapError(refuseNewer, known("say which schema it has"))
    const fleetRows = yield* FleetRows.make(fleet, runner.id)
    const begun = yield* Effect.mapError(
      Effect.retry(
        fleetRows.begin({
          total: options.shards,
          slots: options.slots ?? options.shards,
          bot: options.bot ?? botOf(config.token)
        }),
        {
          times: 5,
          schedule: Schedule.spaced("1 second"),
          while: (error) => !(error instanceof ClusterError.ForeignFleetError)
        }
      ),
      known("say how many shards there are")
    )
    yield* begun.total === options.shards ? Effect.void : Effect.logWarning(
      `the fleet ${fleet} has ${begun.total} shards: ${options.shards} is not used, because only a resharding changes it`
    )
    const plan = yield* SubscriptionRef.make<Placement.Plan>(begun)
    const drained = yield* Deferred.make<void>()
    const failure = yield* Deferred.make<never, ShardError.FatallyClosedError>()
    const locals = new Set<Host.Local>()
    const rows = yield* OwnershipRows.make({ fleet, lease, runner })

    // Created before the shards, whose heartbeats are sent until their end.
    const scheduler = yield* HeartbeatScheduler.current

    const host: PartHost.Options<R> = {
      rows: fleetRows,
      concurrency: options.concurrency ?? 1,
      poll: Duration.millis(250),
      handler: (shard, event) => options.handlers({ shard, event }),
      reshard: options.handover ?? {},
      enter: (local) => {
        locals.add(local)
        return () => locals.delete(local)
      },
      failed: (error) =>
        Effect.zipRight(
          Effect.logError(`the gateway closed a shard for good: ${error.message}`),
          Deferred.fail(failure, error)
        )
    }
    const shardConfig: ShardConfig.ShardConfig = {
      ...config,
      // A session of the config's would be each shard's.
      session: Option.none(),
      // Shards offer their sessions more often than they are written, so that each write has all that have moved.
      saveInterval: isStrict ? config.saveInterval : Duration.times(config.saveInterval, 1 / 4)
    }
    const ownership = yield* Ownership.make({
      rows,
      lease,
      plan: begun,
      isStrict,
      tick: isStrict ? receiveTick : config.saveInterval,
      host: (unit, leases) => {
        const [first] = leases
        return (Placement.isPart(unit)
          ? PartHost.host(host, unit, leases)
          : first === undefined
          ? Effect.never
          : Host.host(host, first)).pipe(
            Effect.provideService(ShardConfig.ShardConfig, shardConfig),
            Effect.provideService(HeartbeatScheduler.Current, Option.some(scheduler))
          )
      }
    })

    const shardHere = (guildId: string) =>
      Effect.map(
        Effect.forEach(locals, ({ shardOf }) => shardOf(guildId)),
        (found) => Option.firstSomeOf(found)
      )
    const entity = ShardEntity.make(fleet)
    const entityLayer = entity.toLayer({
      Send: ({ payload: { guild, json } }) =>
        Effect.flatMap(
          shardHere(guild),
          Option.match({
            onNone: (): Effect.Effect<void, ShardError.SendError | ShardEntity.NotHere> =>
              Effect.fail(new ShardEntity.NotHere()),
            onSome: (shard) => shard.send(json)
          })
        )
    }, { concurrency: "unbounded" })

    const makeClient = (sharding: Sharding.Sharding["Type"], slots: number) =>
      Effect.map(sharding.makeClient(entity), (client) => {
        const names = Placement.namesOf(slots, (name) => sharding.getShardId(EntityId.make(name), fleet).id - 1)
        return (slot: number) => client(names[slot] ?? "").Send
      })
    type Send = Effect.Effect.Success<ReturnType<typeof makeClient>>
    const client = yield* SubscriptionRef.make(Option.none<Send>())

    // --- @effect/cluster, built for as many slots as the plan has ---

    const onLook = (look: OwnershipRows.Look) =>
      Effect.zipRight(
        look.isDraining ? Deferred.succeed(drained, undefined) : Effect.void,
        Effect.flatMap(
          SubscriptionRef.get(plan),
          (now) =>
            look.plan.total === 0 || look.plan.epoch === now.epoch ? Effect.void : SubscriptionRef.set(plan, look.plan)
        )
      )
    const changed = (of: Placement.Plan) =>
      plan.changes.pipe(
        Stream.filter(({ epoch }) => epoch !== of.epoch),
        Stream.runHead,
        Effect.map(Option.getOrElse(() => of))
      )
    /** Follows changes of the plan for as long as they need no other number of slots; the plan that does. */
    const follow = (of: Placement.Plan): Effect.Effect<Placement.Plan> =>
      Effect.flatMap(changed(of), (next) =>
        Placement.slotsOf(next) === Placement.slotsOf(of)
          ? Effect.zipRight(ownership.changePlan(next), follow(next))
          : Effect.succeed(next))
    const runEngine = (of: Placement.Plan): Effect.Effect<Placement.Plan> =>
      Effect.gen(function*() {
        const slots = Placement.slotsOf(of)
        let isCurrent = true
        const sharding = yield* engine.build({
          group: fleet,
          slots,
          lease,
          storage: RunnerStorage.make({
            group: fleet,
            self: runner.id,
            rows,
            ownership,
            onLook,
            isCurrent: () => isCurrent
          })
        })
        ownership.unsafeFollow((slot) => sharding.hasShardId(RunnerStorage.shardIdOf(fleet, slot)))
        yield* Layer.build(Layer.provide(entityLayer, Layer.succeed(Sharding.Sharding, sharding)))
        yield* SubscriptionRef.set(client, Option.some(yield* makeClient(sharding, slots)))
        const next = yield* follow(of)
        isCurrent = false
        ownership.unsafeFollow(() => false)
        yield* ownership.changePlan(next)
        return next
      }).pipe(Effect.scoped)
    yield* Effect.forkScoped(Effect.iterate(begun, { while: () => true, body: runEngine }))
    yield* Effect.addFinalizer(() =>
      // The others see at once that this runner is about to end, and take each shard as soon as it is given back.
      Effect.zipRight(Effect.ignore(rows.unregister), ownership.close)
    )

    const send = (guild: string, json: string) =>
      Effect.gen(function*() {
        const now = yield* SubscriptionRef.get(plan)
        const id = ShardId.shardOf(guild, now.total)
        const moving = new ClusterError.ShardUnavailableError({ shard: id, total: now.total })
        const send = yield* Effect.mapError(Effect.flatten(SubscriptionRef.get(client)), () => moving)
        return yield* send(Placement.slotOf(now, id))({ guild, json }).pipe(
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
        Effect.suspend(() => Effect.forEach(locals, ({ shards }) => shards)),
        (all) => all.flat().sort((a, b) => a.id.id - b.id.id)
      ),
      sendToGuild: (guildId, command) =>
        // Suspended, because the runner that the guild belongs to may have changed before the next attempt.
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
