/**
 * Reshards one part of the bot: the shards of the old and the new total whose guilds keep to themselves. They come
 * together on one runner, which needs the leases on all of them; there a fleet hands each guild over without a gap, and
 * serves until the fleet's other parts are done too.
 */
import * as Fleet from "@vesper/gateway/Fleet"
import type * as SessionStore from "@vesper/gateway/SessionStore"
import * as Store from "@vesper/gateway/SessionStore"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as FleetRows from "../ownership/fleetRows.js"
import type * as Lease from "../ownership/lease.js"
import * as OwnershipRows from "../ownership/ownershipRows.js"
import type * as Placement from "../ownership/placement.js"
import * as Host from "./host.js"

export interface Options<R> extends Host.Options<R> {
  readonly rows: FleetRows.FleetRows
  readonly reshard: Fleet.ReshardOptions
}

/** After an attempt that has left the old shards. */
const pause = Duration.seconds(30)

/** Asks until there is an answer. */
const persist = <A>(ask: Effect.Effect<A, Error>, poll: Duration.Duration): Effect.Effect<A> =>
  Effect.catchAll(ask, (error) =>
    Effect.logWarning(`the state of a resharding is not known: ${error.message}`).pipe(
      Effect.zipRight(Effect.sleep(poll)),
      Effect.zipRight(Effect.suspend(() => persist(ask, poll)))
    ))

/** The sessions of all shards of a part. Those of an attempt that was broken off are not taken up again: the old are. */
const sessionsOf = (
  leaseOf: (shard: ShardId.ShardId) => Lease.Lease | undefined,
  isForgotten: (shard: ShardId.ShardId) => boolean
): SessionStore.SessionStore => {
  const of = (key: SessionStore.Key, operation: Store.SessionStoreError["operation"]) =>
    Effect.mapError(
      Effect.fromNullable(leaseOf(key.shard)),
      () => new Store.SessionStoreError({ operation, cause: new Error("there is no lease on the shard") })
    )
  return {
    load: (key) =>
      isForgotten(key.shard)
        ? Effect.succeedNone
        : Effect.flatMap(of(key, "load"), ({ sessions }) => sessions.load(key)),
    save: (key, session) => Effect.flatMap(of(key, "save"), ({ sessions }) => sessions.save(key, session)),
    remove: (key) => Effect.flatMap(of(key, "remove"), ({ sessions }) => sessions.remove(key))
  }
}

/** Reports the status of the shards that serve, until it is interrupted. */
const report = (
  poll: Duration.Duration,
  fleet: Fleet.Fleet,
  leaseOf: (shard: ShardId.ShardId) => Lease.Lease | undefined
) =>
  fleet.shards.pipe(
    Effect.flatMap(Effect.forEach((shard) => {
      const lease = leaseOf(shard.id)
      return lease === undefined ? Effect.void : Host.report(lease, shard)
    }, { discard: true })),
    Effect.zipRight(Effect.sleep(poll)),
    Effect.forever
  )

/** Tries until the new shards have taken over. An attempt that fails leaves the old ones as they were. */
const handOver = <R>(
  options: Options<R>,
  part: Placement.Part,
  fleet: Fleet.Fleet,
  claim: OwnershipRows.Claim
): Effect.Effect<void> =>
  // Whatever handles the events of a fleet that fails reports it.
  Effect.zipRight(Effect.orElse(fleet.awaitReady, () => Effect.never), fleet.reshard(part.to, options.reshard)).pipe(
    Effect.matchEffect({
      onSuccess: () => Effect.asVoid(persist(options.rows.finishPart(part.plan, part.part, claim), options.poll)),
      onFailure: (error) =>
        Effect.logError(`part ${part.part} of the bot was not resharded: ${error.message}`).pipe(
          // Until it is tried again, the plan may be changed.
          Effect.zipRight(persist(options.rows.abandonPart(part.plan, part.part), options.poll)),
          Effect.zipRight(Effect.sleep(pause)),
          Effect.zipRight(persist(options.rows.beginPart(part.plan, part.part), options.poll)),
          Effect.flatMap((begun) => Option.isSome(begun) ? handOver(options, part, fleet, claim) : Effect.void)
        )
    })
  )

const serve = <R>(
  options: Options<R>,
  part: Placement.Part,
  isDone: boolean,
  leases: ReadonlyArray<Lease.Lease>
): Effect.Effect<void, never, R | Host.Requirements> =>
  Effect.gen(function*() {
    const byKey = new Map(leases.map((lease) => [OwnershipRows.keyOf(lease.shard), lease]))
    const leaseOf = (shard: ShardId.ShardId) => byKey.get(OwnershipRows.keyOf(shard))
    const total = isDone ? part.to : part.from
    const fleet = yield* Fleet.make({ shards: { bucket: part.part, of: part.parts, total } }).pipe(
      // Each part has shards of both totals, because the number of parts divides them.
      Effect.orDie,
      Effect.provideService(
        Store.SessionStore,
        sessionsOf(leaseOf, (shard) => !isDone && shard.total === part.to)
      )
    )
    const claim = leases.find(({ shard }) => shard.total === part.to)?.claim
    if (claim !== undefined) {
      yield* Effect.forkScoped(
        isDone
          // The runner that wrote it may have died before it could complete the plan with the last part.
          ? persist(options.rows.finishPart(part.plan, part.part, claim), options.poll)
          : handOver(options, part, fleet, claim)
      )
    }
    yield* Host.carry(options, {
      local: { shards: fleet.shards, shardOf: fleet.shardOfGuild },
      leases,
      leaseOf,
      report: report(options.poll, fleet, leaseOf),
      // A multiple of the new total, so that a lane has the guilds of one new shard: its events are done in their order,
      // and the session says exactly which were.
      run: (handler) => fleet.runForEach(handler, { concurrency: options.concurrency * part.to }),
      close: fleet.close(CloseFrame.RESUME)
    })
  }).pipe(Effect.scoped)

/** Hosts the part until it is interrupted, which the end of the whole resharding does, or a lease is lost. */
export const host = <R>(
  options: Options<R>,
  part: Placement.Part,
  leases: ReadonlyArray<Lease.Lease>
): Effect.Effect<void, never, R | Host.Requirements> =>
  Effect.flatMap(
    persist(options.rows.beginPart(part.plan, part.part), options.poll),
    Option.match({
      // The plan has changed, and the part is about to be left.
      onNone: () => Effect.never,
      onSome: (isDone) => serve(options, part, isDone, leases)
    })
  ).pipe(Effect.annotateLogs("part", part.part))
