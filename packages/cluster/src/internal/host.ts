/**
 * Carries one shard: waits until it may have it, runs it, and gives it back. If the lease is lost, the socket is closed
 * before anything else happens.
 */
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import type * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Shard from "@vesper/gateway/Shard"
import type * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as FleetStore from "./fleetStore.js"
import type * as Leases from "./leases.js"
import * as Report from "./report.js"

export type Requirements = ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket

export interface Options<R> {
  readonly store: FleetStore.FleetStore
  readonly leases: Leases.Leases
  readonly concurrency: number
  /** How often the shard's place is looked at while somebody else has it, and its status while it is here. */
  readonly poll: Duration.Duration
  readonly handler: (shard: ShardId.ShardId, event: Dispatch.Dispatch) => Effect.Effect<unknown, unknown, R>
  /** Called with each shard that is up here; what it gives is called when it is not any more. */
  readonly enter: (shard: Shard.Shard) => () => void
  /** The gateway closed the shard for good. */
  readonly failed: (error: ShardError.FatallyClosedError) => Effect.Effect<void>
}

/** A handler did not succeed. */
class HandlerFailed extends Data.TaggedError("HandlerFailed")<{ readonly cause: Cause.Cause<unknown> }> {}

/** After a handler that failed: its event may be the next one again. */
const handlerPause = Duration.seconds(1)

const awaitLease = (
  options: Pick<Options<never>, "leases" | "poll">,
  shard: ShardId.ShardId,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Leases.Lease> =>
  options.leases.take(shard).pipe(
    Effect.catchAll((error) =>
      Effect.as(
        Effect.logWarning(`shard ${shard} could not be asked for: ${error.message}`),
        Option.none<Leases.Lease>()
      )
    ),
    Effect.flatMap(Option.match({
      onNone: () => Effect.zipRight(restore(Effect.sleep(options.poll)), awaitLease(options, shard, restore)),
      onSome: Effect.succeed
    }))
  )

/** Tells the others of the shard when its status changes, and from time to time of the rest. */
const tell = <R>({ poll, store }: Options<R>, lease: Leases.Lease, shard: Shard.Shard) => {
  let told = ""
  const now = Effect.flatMap(
    Report.of(shard),
    (report) =>
      report === told ? Effect.void : Effect.map(store.tell(lease.claim, report), () => {
        told = report
      })
  )
  return Stream.merge(shard.statusChanges, Stream.tick(Duration.times(poll, 4))).pipe(
    Stream.runForEach(() => Effect.ignore(now))
  )
}

/** Handles events for as long as the lease is held; those of a handler that fails are up to the shard. */
const handle = <R>(options: Options<R>, lease: Leases.Lease, shard: Shard.Shard): Effect.Effect<void, never, R> =>
  shard.runForEach(
    (event) =>
      Effect.zipRight(
        lease.admit(event.s),
        Effect.mapErrorCause(
          options.handler(shard.id, event),
          (cause): Cause.Cause<HandlerFailed> =>
            Cause.isInterruptedOnly(cause) ? Cause.stripFailures(cause) : Cause.fail(new HandlerFailed({ cause }))
        )
      ),
    { concurrency: options.concurrency }
  ).pipe(
    // It was closed from here: whoever did that goes on.
    Effect.zipRight(Effect.never),
    Effect.catchTags({
      HandlerFailed: ({ cause }) =>
        Effect.logError("a handler failed", cause).pipe(
          Effect.zipRight(Effect.sleep(handlerPause)),
          Effect.zipRight(handle(options, lease, shard))
        ),
      LeaseLost: () => Effect.never,
      // The lease is kept, so that no other runner tries the same in vain.
      FatallyClosedError: (error) => Effect.zipRight(options.failed(error), Effect.never)
    })
  )

const serve = <R>(
  options: Options<R>,
  lease: Leases.Lease
): Effect.Effect<void, never, R | Requirements> =>
  Effect.gen(function*() {
    const shard = yield* Effect.provideService(
      Shard.make(lease.claim.shard),
      SessionStore.SessionStore,
      lease.sessions
    )
    yield* Effect.acquireRelease(Effect.sync(() => options.enter(shard)), (leave) => Effect.sync(leave))
    yield* Effect.forkScoped(tell(options, lease, shard))
    yield* shard.connect
    const lost = lease.lost.pipe(
      Effect.zipRight(shard.close(CloseFrame.RESUME)),
      Effect.zipRight(Effect.logWarning("the lease on the shard was lost: its socket is closed"))
    )
    yield* Effect.raceFirst(handle(options, lease, shard), lost)
  }).pipe(Effect.scoped)

/** Carries the shard until it is interrupted. */
export const host = <R>(
  options: Options<R>,
  shard: ShardId.ShardId
): Effect.Effect<never, never, R | Requirements> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      awaitLease(options, shard, restore),
      (lease) => Effect.ensuring(restore(serve(options, lease)), options.leases.giveBack(lease))
    )
  ).pipe(
    Effect.forever,
    Effect.annotateLogs("shard.id", shard.id)
  )
