/** Assembles a runner: the fleet's plan, the ownership and the running of shards, and @effect/cluster. */
import * as SqlClient from "@effect/sql/SqlClient"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as HeartbeatScheduler from "@vesper/gateway/HeartbeatScheduler"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { createHash } from "node:crypto"
import * as ClusterAdmin from "../../ClusterAdmin.js"
import * as ClusterEngine from "../../ClusterEngine.js"
import type * as ClusterError from "../../ClusterError.js"
import type * as ClusterFleet from "../../ClusterFleet.js"
import * as CommandRouter from "./commandRouter.js"
import { migrate, refuseNewer } from "../database/index.js"
import { FleetRows, LeaseTable, Ownership, Placement, RunnerStorage } from "../ownership/index.js"
import { type RunOptions, runShards } from "./runShards.js"

/**
 * Prepares a fiber that continues after it has closed a scope. Without this, Effect 3.22 loses an interruption that arrives
 * while a finalizer waits, unless it is the first of its scope: the reference that keeps the interruption is reset.
 *
 * @see https://github.com/Effect-TS/effect/pull/8271
 */
const keepInterruption = FiberRef.update(FiberRef.interruptedCause, Function.identity)

/** The id of a token's bot. A token without one, as in tests, is known by a digest of it. */
const getBotId = (token: Redacted.Redacted<string>) =>
  Option.getOrElse(ShardConfig.botId(token), () => {
    const digest = createHash("sha256").update(Redacted.value(token)).digest("hex")
    return `token ${digest.slice(0, 12)}`
  })

export const make = <E, R>(options: ClusterFleet.Options<E, R>): Effect.Effect<
  ClusterFleet.ClusterFleet,
  ClusterError.ClusterError,
  R | Fleet.Requirements | ClusterEngine.ClusterEngine | SqlClient.SqlClient | Scope.Scope
> =>
  Effect.gen(function*() {
    const { name: fleet = "vesper", shards, slots = shards } = options
    const lease = Duration.decode(options.lease ?? "15 seconds")
    const engine = yield* ClusterEngine.ClusterEngine
    const sql = yield* SqlClient.SqlClient
    const config = yield* ShardConfig.ShardConfig
    const runner = { id: crypto.randomUUID(), name: options.runner ?? "runner" }
    const isStrict = config.acknowledge === "onReceive"
    yield* Effect.zipRight(migrate, refuseNewer)
    const fleetRows = yield* FleetRows.make(fleet, runner.id)
    const joined = yield* Effect.retry(
      fleetRows.begin({ total: shards, slots, bot: options.bot ?? getBotId(config.token) }),
      { times: 5, schedule: Schedule.spaced("1 second"), while: ({ _tag }) => _tag === "ClusterDatabaseError" }
    )
    yield* joined.total === shards ? Effect.void : Effect.logWarning(
      `the fleet ${fleet} has ${joined.total} shards: ${shards} is not used, because only a resharding changes it`
    )
    const plan = yield* SubscriptionRef.make<Placement.Plan>(joined)
    const drained = yield* Deferred.make<void>()
    const failure = yield* Deferred.make<never, ShardError.FatallyClosedError>()
    const locals = new Set<Fleet.Fleet>()
    const rows = yield* LeaseTable.make({ fleet, lease, runner })
    // Created before the shards, whose heartbeats are sent until their end.
    const scheduler = yield* HeartbeatScheduler.current
    const runOptions: RunOptions<R> = {
      rows: fleetRows,
      concurrency: options.concurrency ?? 1,
      order: options.order,
      poll: Duration.millis(250),
      handler: options.handlers,
      reshard: options.handover ?? {},
      enter: (local) => {
        locals.add(local)
        return () => locals.delete(local)
      },
      failed: (error) =>
        Effect.zipRight(
          Effect.logError(`the gateway closed a shard permanently: ${error.message}`),
          Deferred.fail(failure, error)
        )
    }
    const shardConfig: ShardConfig.ShardConfig = {
      ...config,
      // Shards offer their sessions more often than they are written, so that each write has all that have moved.
      saveInterval: isStrict ? config.saveInterval : Duration.times(config.saveInterval, 1 / 4)
    }
    const router = CommandRouter.make(
      fleet,
      SubscriptionRef.get(plan),
      (guild) => Effect.map(Effect.forEach(locals, (local) => local.shardOfGuild(guild)), Option.firstSomeOf)
    )
    const onLook = ({ isDraining, plan: next }: LeaseTable.Look) =>
      Effect.zipRight(
        isDraining ? Deferred.succeed(drained, undefined) : Effect.void,
        SubscriptionRef.update(plan, (now) => next.total === 0 || next.epoch === now.epoch ? now : next)
      )
    /** Runs @effect/cluster and the ownership of shards for a plan, until there is another one. */
    const runPlan = (of: Placement.Plan): Effect.Effect<Placement.Plan, never, R | Fleet.Requirements> =>
      Effect.gen(function*() {
        const slots = Placement.countSlots(of)
        const ownership = yield* Ownership.make({
          rows,
          lease,
          plan: of,
          isStrict,
          // Events that wait for the database wait so long for others to be written with them.
          tick: isStrict ? Duration.millis(50) : config.saveInterval,
          run: (unit, leases) =>
            runShards(runOptions, unit, leases).pipe(
              Effect.provideService(ShardConfig.ShardConfig, shardConfig),
              Effect.provideService(HeartbeatScheduler.Current, Option.some(scheduler))
            )
        })
        const storage = RunnerStorage.make(fleet, runner.id, rows, ownership, onLook)
        const sharding = yield* engine.build({ group: fleet, slots, lease, storage })
        ownership.unsafeSetAssignment((slot) => sharding.hasShardId(RunnerStorage.toShardId(fleet, slot)))
        yield* router.attach(sharding, slots)
        // Before the engine ends, which would release one slot after the other.
        yield* Effect.addFinalizer(() => ownership.close)
        const next = yield* Stream.runHead(Stream.filter(plan.changes, ({ epoch }) => epoch !== of.epoch))
        return Option.getOrElse(next, () => of)
      }).pipe(Effect.scoped)
    yield* Effect.forkScoped(
      Effect.zipRight(keepInterruption, Effect.iterate(joined, { while: () => true, body: runPlan }))
    )
    // The others see at once that this runner is about to end, and take each shard as soon as it is released.
    yield* Effect.addFinalizer(() => Effect.ignore(rows.unregister))
    const withDatabase = Effect.provideService(SqlClient.SqlClient, sql)
    return {
      runner,
      total: Effect.map(SubscriptionRef.get(plan), ({ total }) => total),
      shards: Effect.map(
        Effect.suspend(() => Effect.forEach(locals, ({ shards }) => shards)),
        (all) => all.flat().sort((a, b) => a.id.id - b.id.id)
      ),
      sendToGuild: (guild, command) => Effect.suspend(() => router.send(guild, JSON.stringify(command))),
      status: withDatabase(ClusterAdmin.status(fleet)),
      drain: (runner) => withDatabase(ClusterAdmin.drain(runner, fleet)),
      reshard: (total) => withDatabase(ClusterAdmin.reshard(total, fleet)),
      awaitDrain: Deferred.await(drained),
      awaitFailure: Deferred.await(failure)
    }
  })
