/**
 * Reshards one part of the bot: the shards of the old and the new total whose guilds keep to themselves. They come
 * together on one runner, which needs the leases on all of them; there a fleet hands each guild over without a gap, and
 * serves until the fleet's other parts are done too.
 */
import * as Fleet from "@vesper/gateway/Fleet"
import type * as SessionStore from "@vesper/gateway/SessionStore"
import * as Store from "@vesper/gateway/SessionStore"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as FleetView from "./fleetView.js"
import * as Host from "./host.js"
import type * as Leases from "./leases.js"

export interface Options<R> extends Host.Options<R> {
  readonly reshard: Fleet.ReshardOptions
}

/** A part of a plan that has a next total. */
export interface Part {
  readonly plan: FleetView.Plan
  readonly from: number
  readonly to: number
  readonly parts: number
  readonly part: number
}

/** After an attempt that has left the old shards. */
const pause = Duration.seconds(30)

const idsOf = ({ part, parts }: Part, total: number): ReadonlyArray<ShardId.ShardId> =>
  ShardId.all(total).filter(({ id }) => id % parts === part)

const keyOf = ({ id, total }: ShardId.ShardId) => `${id}/${total}`

/** Asks until there is an answer. */
const persist = <A>(ask: Effect.Effect<A, Error>, poll: Duration.Duration): Effect.Effect<A> =>
  Effect.catchAll(ask, (error) =>
    Effect.logWarning(`the state of a resharding is not known: ${error.message}`).pipe(
      Effect.zipRight(Effect.sleep(poll)),
      Effect.zipRight(Effect.suspend(() => persist(ask, poll)))
    ))

/** Takes the leases one after the other. None if the part comes to be done meanwhile: then other shards are wanted. */
const takeAll = <R>(
  options: Options<R>,
  ids: ReadonlyArray<ShardId.ShardId>,
  isStillSo: Effect.Effect<boolean>,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<ReadonlyArray<Leases.Lease>>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const leases: Array<Leases.Lease> = []
    for (const id of ids) {
      let lease = yield* Host.askLease(options, id)
      while (Option.isNone(lease)) {
        yield* restore(Effect.sleep(options.poll))
        if (!(yield* restore(isStillSo))) {
          return Option.none()
        }
        lease = yield* Host.askLease(options, id)
      }
      const { value } = lease
      yield* Effect.addFinalizer(() => options.leases.giveBack(value))
      leases.push(value)
    }
    return Option.some(leases)
  })

/** The sessions of all shards of a part. Those of an attempt that was broken off are not taken up again: the old are. */
const sessionsOf = (
  leaseOf: (shard: ShardId.ShardId) => Leases.Lease | undefined,
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

/** Tells the others of the shards that serve, for ever. */
const tell = <R>(
  options: Options<R>,
  fleet: Fleet.Fleet,
  leaseOf: (shard: ShardId.ShardId) => Leases.Lease | undefined
) => {
  const tellers = new Map<string, Effect.Effect<void>>()
  return fleet.shards.pipe(
    Effect.flatMap(Effect.forEach((shard) => {
      const lease = leaseOf(shard.id)
      const teller = tellers.get(keyOf(shard.id)) ??
        (lease === undefined ? Effect.void : Host.makeTell(options, lease, shard))
      tellers.set(keyOf(shard.id), teller)
      return teller
    }, { discard: true })),
    Effect.zipRight(Effect.sleep(options.poll)),
    Effect.forever
  )
}

/** Tries until the new shards have taken over. An attempt that fails leaves the old ones as they were. */
const handOver = <R>(
  options: Options<R>,
  part: Part,
  fleet: Fleet.Fleet,
  claim: Leases.Lease["claim"]
): Effect.Effect<void> =>
  // A fleet that fails is told of by those who handle its events.
  Effect.zipRight(Effect.orElse(fleet.awaitReady, () => Effect.never), fleet.reshard(part.to, options.reshard)).pipe(
    Effect.matchEffect({
      onSuccess: () => Effect.asVoid(persist(options.store.finishPart(part.plan, part.part, claim), options.poll)),
      onFailure: (error) =>
        Effect.logError(`part ${part.part} of the bot was not resharded: ${error.message}`).pipe(
          // Until it is tried again, the plan may be changed.
          Effect.zipRight(persist(options.store.abandonPart(part.plan, part.part), options.poll)),
          Effect.zipRight(Effect.sleep(pause)),
          Effect.zipRight(persist(options.store.beginPart(part.plan, part.part), options.poll)),
          Effect.flatMap((begun) => Option.isSome(begun) ? handOver(options, part, fleet, claim) : Effect.void)
        )
    })
  )

const serve = <R>(
  options: Options<R>,
  part: Part,
  isDone: boolean,
  leases: ReadonlyArray<Leases.Lease>
): Effect.Effect<void, never, R | Host.Requirements> =>
  Effect.gen(function*() {
    const byKey = new Map(leases.map((lease) => [keyOf(lease.claim.shard), lease]))
    const leaseOf = (shard: ShardId.ShardId) => byKey.get(keyOf(shard))
    const total = isDone ? part.to : part.from
    const fleet = yield* Fleet.make({ shards: { bucket: part.part, of: part.parts, total } }).pipe(
      // Each part has shards of both totals, for it divides them.
      Effect.orDie,
      Effect.provideService(
        Store.SessionStore,
        sessionsOf(leaseOf, (shard) => !isDone && shard.total === part.to)
      )
    )
    const claim = leases.find(({ claim }) => claim.shard.total === part.to)?.claim
    if (claim !== undefined) {
      yield* Effect.forkScoped(
        isDone
          // Whoever has written it may have died before he could say that it was the last one.
          ? persist(options.store.finishPart(part.plan, part.part, claim), options.poll)
          : handOver(options, part, fleet, claim)
      )
    }
    yield* Host.carry(options, {
      guest: { shards: fleet.shards, shardOf: fleet.shardOfGuild },
      leases,
      leaseOf,
      tell: tell(options, fleet, leaseOf),
      // A multiple of the new total, so that a lane has the guilds of one new shard: its events are done in their order,
      // and the session says exactly which were.
      run: (handler) => fleet.runForEach(handler, { concurrency: options.concurrency * part.to }),
      close: fleet.close(CloseFrame.RESUME)
    })
  }).pipe(Effect.scoped)

/** Carries the part until it is interrupted, which the end of the whole resharding does. */
export const host = <R>(options: Options<R>, part: Part): Effect.Effect<never, never, R | Host.Requirements> => {
  const begin = persist(options.store.beginPart(part.plan, part.part), options.poll)
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const begun = yield* restore(begin)
      if (Option.isNone(begun)) {
        // The plan is another one, and this seat about to be left.
        return yield* restore(Effect.sleep(options.poll))
      }
      const isStillSo = Effect.map(begin, (now) => Option.contains(now, begun.value))
      const ids = [...(begun.value ? [] : idsOf(part, part.from)), ...idsOf(part, part.to)]
      const leases = yield* takeAll(options, ids, isStillSo, restore)
      if (Option.isSome(leases)) {
        yield* restore(serve(options, part, begun.value, leases.value))
      }
    }).pipe(Effect.scoped)
  ).pipe(
    Effect.forever,
    Effect.annotateLogs("part", part.part)
  )
}
