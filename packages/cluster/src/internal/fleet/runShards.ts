/**
 * Runs a shard, or a part of a resharding: the old and new shards that have the same guilds. If one of the leases is
 * lost, the sockets are closed before anything else happens.
 */
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import type * as Shard from "@vesper/gateway/Shard"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Database from "../database/index.js"
import { type FleetRows, type Lease, LeaseTable, Placement } from "../ownership/index.js"
import * as Status from "./status.js"

export interface RunOptions<R> {
  readonly rows: Omit<FleetRows.FleetRows, "begin">
  readonly concurrency: number
  readonly order?: Shard.RunOptions["order"]
  /** The time between two looks at the status of a shard, and until a failed statement is repeated. */
  readonly poll: Duration.Duration
  readonly handler: (event: Fleet.FleetEvent) => Effect.Effect<unknown, unknown, R>
  readonly reshard: Fleet.ReshardOptions
  /** Adds shards to those of the runner, and returns a function that removes them. */
  readonly enter: (fleet: Fleet.Fleet) => () => void
  /** Run when the gateway has closed a shard permanently. */
  readonly failed: (error: ShardError.FatallyClosedError) => Effect.Effect<void>
}

class HandlerFailed extends Data.TaggedError("HandlerFailed")<{ readonly cause: Cause.Cause<unknown> }> {}

const persist = <A>(statement: Effect.Effect<A, Error>) =>
  Database.persist(statement, "the state of a resharding is not known", 250)

/**
 * A queue, and an effect that waits for READY if a shard has written its identify: without the session the next owner
 * would have to identify too, and would miss the events until then.
 */
const watchIdentifies = (queue: IdentifyQueue.IdentifyQueue) => {
  const written = new Set<string>()
  const watched = IdentifyQueue.make(
    (shard) => (identify) => {
      written.delete(LeaseTable.toKey(shard))
      return queue.withPermit(shard)(Effect.tap(identify, () => void written.add(LeaseTable.toKey(shard))))
    },
    queue.budget,
    queue.reserve
  )
  const awaitReady = (shard: Shard.Shard) =>
    !written.has(LeaseTable.toKey(shard.id)) ? Effect.void : shard.statusChanges.pipe(
      Stream.filter(({ _tag }) => _tag !== "Identifying"),
      Stream.runHead,
      Effect.timeoutOption("5 seconds"),
      // Not in a child, which a second interruption of the shard would end.
      Effect.interruptible,
      Effect.disconnect
    )
  return { watched, awaitReady }
}

/** Tries until the new shards of a part have taken over. A failed attempt leaves the old ones as they were. */
const handOver = <R>(
  { reshard, rows }: RunOptions<R>,
  { part, plan, to }: Placement.Part,
  fleet: Fleet.Fleet,
  finish: Effect.Effect<void, never, Scope.Scope>
): Effect.Effect<void, never, Scope.Scope> =>
  fleet.awaitReady.pipe(
    // The reader of the fleet's events reports its failure.
    Effect.orElse(() => Effect.never),
    Effect.zipRight(fleet.reshard(to, reshard)),
    // Until the next attempt, the plan may be changed.
    Effect.tapError(({ message }) =>
      Effect.zipRight(
        Effect.logError(`part ${part} of the bot was not resharded: ${message}; it is tried again in 30 seconds`),
        persist(rows.abandonPart(plan, part))
      )
    ),
    Effect.zipRight(finish),
    Effect.whenEffect(Effect.map(persist(rows.beginPart(plan, part)), Option.isSome)),
    Effect.retry(Schedule.spaced("30 seconds")),
    Effect.orDie
  )

/** Handles events for as long as their leases are held; after a failed handler it continues with the next. */
const handle = <R>(
  options: RunOptions<R>,
  fleet: Fleet.Fleet,
  concurrency: number,
  findLease: (shard: ShardId.ShardId) => Lease.Lease | undefined
): Effect.Effect<void, never, R> =>
  fleet.runForEach((event) =>
    Effect.zipRight(
      findLease(event.shard)?.admit(event.event.s) ?? Effect.void,
      Effect.mapErrorCause(
        options.handler(event),
        (cause): Cause.Cause<HandlerFailed> =>
          Cause.isInterruptedOnly(cause) ? Cause.stripFailures(cause) : Cause.fail(new HandlerFailed({ cause }))
      )
    ), { concurrency, order: options.order }).pipe(
      // This runner has closed it, and interrupts this.
      Effect.zipRight(Effect.never),
      Effect.catchTags({
        HandlerFailed: ({ cause }) =>
          Effect.logError("a handler failed", cause).pipe(
            Effect.zipRight(Effect.sleep("1 second")),
            Effect.zipRight(handle(options, fleet, concurrency, findLease))
          ),
        LeaseLost: () => Effect.never,
        // The lease is kept, so that no other runner tries the same in vain.
        FatallyClosedError: (error) => Effect.zipRight(options.failed(error), Effect.never)
      })
    )

const serve = <R>(
  options: RunOptions<R>,
  unit: Placement.Unit,
  isDone: boolean,
  leases: ReadonlyArray<Lease.Lease>
): Effect.Effect<void, never, R | Fleet.Requirements> =>
  Effect.gen(function*() {
    const byKey = new Map(leases.map((lease) => [LeaseTable.toKey(lease.shard), lease]))
    const findLease = (shard: ShardId.ShardId) => byKey.get(LeaseTable.toKey(shard))
    const part = Placement.isPart(unit) ? Option.some(unit) : Option.none()
    const shards = Placement.isPart(unit)
      ? { bucket: unit.part, of: unit.parts, total: isDone ? unit.to : unit.from }
      : { bucket: unit.id, of: unit.total, total: unit.total }
    const findSessions = ({ shard }: SessionStore.Key) => findLease(shard)?.sessions ?? noSessions
    const sessions: SessionStore.SessionStore = {
      load: (key) => findSessions(key).load(key),
      save: (key, session) => findSessions(key).save(key, session),
      remove: (key) => findSessions(key).remove(key)
    }
    const { awaitReady, watched } = watchIdentifies(yield* IdentifyQueue.IdentifyQueue)
    const settle = Effect.forEach(leases, ({ settle }) => settle, { concurrency: "unbounded", discard: true })
    yield* Effect.addFinalizer(() => Effect.ignore(settle))
    const fleet = yield* Fleet.make({ shards }).pipe(
      // There are such shards: the number of parts divides both totals.
      Effect.orDie,
      Effect.provideService(SessionStore.SessionStore, sessions),
      Effect.provideService(IdentifyQueue.IdentifyQueue, watched)
    )
    const observe = Effect.flatMap(
      fleet.shards,
      Effect.forEach((shard) => findLease(shard.id)?.observe(shard.session) ?? Effect.void)
    )
    yield* observe
    const initial = yield* fleet.shards
    yield* Effect.addFinalizer(() => Effect.forEach(initial, awaitReady, { concurrency: "unbounded" }))
    const claim = leases.find(({ shard }) => Option.exists(part, ({ to }) => shard.total === to))?.claim
    if (Option.isSome(part) && claim !== undefined) {
      const written = persist(Effect.zipRight(settle, options.rows.finishPart(part.value.plan, part.value.part, claim)))
      // The next owner resumes the new sessions, which have to include the events that the old ones have delivered.
      const finish = Effect.zipRight(observe, Effect.asVoid(written))
      // The runner that has finished a part may have died before it could complete the plan.
      yield* Effect.forkScoped(isDone ? finish : handOver(options, part.value, fleet, finish))
    }
    yield* Effect.acquireRelease(Effect.sync(() => options.enter(fleet)), (leave) => Effect.sync(leave))
    const report = Effect.flatMap(
      fleet.shards,
      Effect.forEach((shard) =>
        Effect.map(Status.makeReport(shard), (status) => findLease(shard.id)?.unsafeReport(status))
      )
    )
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(report, Effect.sleep(options.poll))))
    // A multiple of a part's new total: then a lane has the guilds of one new shard, and handles its events in order.
    const lanes = options.concurrency * Option.match(part, { onNone: () => 1, onSome: ({ to }) => to })
    const lost = Effect.raceAll(leases.map((lease) => lease.lost))
    yield* Effect.raceFirst(
      handle(options, fleet, lanes, findLease),
      Effect.zipRight(lost, fleet.close(CloseFrame.RESUME))
    )
  }).pipe(Effect.scoped)

const withoutLease = Effect.dieMessage("each shard of a unit has a lease")
const noSessions = { load: () => withoutLease, save: () => withoutLease, remove: () => withoutLease }

/** Runs a shard or a part until it is interrupted, as at the end of a resharding, or a lease is lost. */
export const runShards = <R>(
  options: RunOptions<R>,
  unit: Placement.Unit,
  leases: ReadonlyArray<Lease.Lease>
): Effect.Effect<void, never, R | Fleet.Requirements> =>
  Placement.isPart(unit)
    ? Effect.flatMap(persist(options.rows.beginPart(unit.plan, unit.part)), (started) =>
      // Without a beginning the plan has changed, and the part is about to end.
      Option.isNone(started) ? Effect.never : serve(options, unit, started.value, leases)).pipe(
        Effect.annotateLogs("part", unit.part)
      )
    : Effect.annotateLogs(serve(options, unit, false, leases), "shard.id", unit.id)
