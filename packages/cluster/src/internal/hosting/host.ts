/** Hosts one shard: runs it and its handlers. If the lease is lost, the socket is closed before anything else happens. */
import type * as Fleet from "@vesper/gateway/Fleet"
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Shard from "@vesper/gateway/Shard"
import type * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Lease from "../ownership/lease.js"
import * as Report from "../status/report.js"

export type Requirements = ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket

/** Shards that are up on this runner, and the one of them that receives a guild's events. */
export interface Local {
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  readonly shardOf: (guildId: string) => Effect.Effect<Option.Option<Shard.Shard>>
}

export interface Options<R> {
  readonly concurrency: number
  /** How often the status of a shard is looked at, and how soon a statement that failed is tried again. */
  readonly poll: Duration.Duration
  readonly handler: (shard: ShardId.ShardId, event: Dispatch.Dispatch) => Effect.Effect<unknown, unknown, R>
  /** Adds shards to those of the runner; what it returns removes them. */
  readonly enter: (local: Local) => () => void
  /** The gateway has closed the shard for good. */
  readonly failed: (error: ShardError.FatallyClosedError) => Effect.Effect<void>
}

/** A handler did not succeed. */
class HandlerFailed extends Data.TaggedError("HandlerFailed")<{ readonly cause: Cause.Cause<unknown> }> {}

/** After a handler that failed: its event may be the next one again. */
const handlerPause = Duration.seconds(1)

/** Lets the next write of a session have the shard's status. */
export const report = (lease: Lease.Lease, shard: Shard.Shard): Effect.Effect<void> =>
  Effect.map(Report.of(shard), (status) => lease.unsafeReport(status))

/** Reports the status when it changes, and the rest of it from time to time. */
const reportChanges = <R>(options: Options<R>, lease: Lease.Lease, shard: Shard.Shard) =>
  Stream.merge(shard.statusChanges, Stream.tick(Duration.times(options.poll, 4))).pipe(
    Stream.runForEach(() => report(lease, shard))
  )

/** What may end a run of handlers. */
type Broken = HandlerFailed | Lease.LeaseLost | ShardError.FatallyClosedError

type Handler<R> = (event: Fleet.FleetEvent) => Effect.Effect<unknown, HandlerFailed | Lease.LeaseLost, R>

/** Shards that are hosted together. */
export interface Workload<R> {
  readonly local: Local
  readonly leases: ReadonlyArray<Lease.Lease>
  readonly leaseOf: (shard: ShardId.ShardId) => Lease.Lease | undefined
  /** Reports the shards' status until it is interrupted. */
  readonly report: Effect.Effect<void>
  readonly run: (handler: Handler<R>) => Effect.Effect<void, Broken, R>
  /** Closes the sockets in a way that lets the next owner resume. */
  readonly close: Effect.Effect<unknown>
}

/** Handles events for as long as their leases are held; after a handler that failed it goes on with the next. */
const handle = <R>(
  options: Options<R>,
  workload: Workload<R>
): Effect.Effect<void, never, R> =>
  workload.run((event) =>
    Effect.zipRight(
      workload.leaseOf(event.shard)?.admit(event.event.s) ?? Effect.void,
      Effect.mapErrorCause(
        options.handler(event.shard, event.event),
        (cause): Cause.Cause<HandlerFailed> =>
          Cause.isInterruptedOnly(cause) ? Cause.stripFailures(cause) : Cause.fail(new HandlerFailed({ cause }))
      )
    )
  ).pipe(
    // It was closed by this runner, which interrupts this.
    Effect.zipRight(Effect.never),
    Effect.catchTags({
      HandlerFailed: ({ cause }) =>
        Effect.logError("a handler failed", cause).pipe(
          Effect.zipRight(Effect.sleep(handlerPause)),
          Effect.zipRight(handle(options, workload))
        ),
      LeaseLost: () => Effect.never,
      // The lease is kept, so that no other runner tries the same in vain.
      FatallyClosedError: (error) => Effect.zipRight(options.failed(error), Effect.never)
    })
  )

/** Handles events until the first of the leases is lost; then the sockets are closed before anything else happens. */
export const carry = <R>(options: Options<R>, workload: Workload<R>): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    yield* Effect.acquireRelease(Effect.sync(() => options.enter(workload.local)), (leave) => Effect.sync(leave))
    yield* Effect.forkScoped(workload.report)
    const lost = Effect.raceAll(workload.leases.map((lease) => lease.lost)).pipe(Effect.zipRight(workload.close))
    yield* Effect.raceFirst(handle(options, workload), lost)
  })

/** How long a shard that is stopped waits for the session that it has just asked for. */
const readyPatience = Duration.seconds(5)

/**
 * The queue for one shard, and what waits for READY once the shard has written its identify: without the session in it the
 * next owner would have to identify again, and would miss what happens until then.
 */
const watchIdentify = (queue: IdentifyQueue.IdentifyQueue) => {
  let isWritten = false
  const watched = IdentifyQueue.make(
    (shard) => (identify) => {
      isWritten = false
      return queue.withPermit(shard)(Effect.tap(identify, () => {
        isWritten = true
      }))
    },
    queue.budget,
    queue.reserve
  )
  const awaitReady = (shard: Shard.Shard) =>
    Effect.suspend(() =>
      isWritten
        ? shard.statusChanges.pipe(
          Stream.filter(({ _tag }) => _tag !== "Identifying"),
          Stream.runHead,
          Effect.timeoutOption(readyPatience),
          // Not in a child: a second interruption of the shard would end it, as when its runner ends while it moves.
          Effect.interruptible,
          Effect.disconnect
        )
        : Effect.void
    )
  return { watched, awaitReady }
}

/** Hosts the shard until it is interrupted, or its lease is lost. */
export const host = <R>(options: Options<R>, lease: Lease.Lease): Effect.Effect<void, never, R | Requirements> =>
  Effect.gen(function*() {
    yield* Effect.addFinalizer(() => lease.settle)
    const { awaitReady, watched } = watchIdentify(yield* IdentifyQueue.IdentifyQueue)
    const shard = yield* Shard.make(lease.shard).pipe(
      Effect.provideService(SessionStore.SessionStore, lease.sessions),
      Effect.provideService(IdentifyQueue.IdentifyQueue, watched)
    )
    yield* lease.observe(shard.session)
    yield* Effect.addFinalizer(() => awaitReady(shard))
    const { id } = lease.shard
    yield* carry(options, {
      local: {
        shards: Effect.succeed([shard]),
        shardOf: (guildId) =>
          Effect.succeed(ShardId.shardOf(guildId, shard.id.total) === id ? Option.some(shard) : Option.none())
      },
      leases: [lease],
      leaseOf: () => lease,
      report: reportChanges(options, lease, shard),
      run: (handler) =>
        shard.runForEach((event) => handler({ shard: shard.id, event }), { concurrency: options.concurrency }),
      close: shard.close(CloseFrame.RESUME)
    })
  }).pipe(
    Effect.scoped,
    Effect.annotateLogs("shard.id", lease.shard.id)
  )
