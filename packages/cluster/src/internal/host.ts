/**
 * Carries one shard: waits until it may have it, runs it, and gives it back. If the lease is lost, the socket is closed
 * before anything else happens.
 */
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
import type * as FleetStore from "./fleetStore.js"
import type * as Leases from "./leases.js"
import * as Report from "./report.js"

export type Requirements = ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket

/** Shards that are up here, and the one of them that hears of a guild. */
export interface Guest {
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  readonly shardOf: (guildId: string) => Effect.Effect<Option.Option<Shard.Shard>>
}

export interface Options<R> {
  readonly store: FleetStore.FleetStore
  readonly leases: Leases.Leases
  readonly concurrency: number
  /** How often the shard's place is looked at while somebody else has it, and its status while it is here. */
  readonly poll: Duration.Duration
  readonly handler: (shard: ShardId.ShardId, event: Dispatch.Dispatch) => Effect.Effect<unknown, unknown, R>
  /** Called with what is up here; what it gives is called when it is not any more. */
  readonly enter: (guest: Guest) => () => void
  /** The gateway closed the shard for good. */
  readonly failed: (error: ShardError.FatallyClosedError) => Effect.Effect<void>
}

/** A handler did not succeed. */
class HandlerFailed extends Data.TaggedError("HandlerFailed")<{ readonly cause: Cause.Cause<unknown> }> {}

/** After a handler that failed: its event may be the next one again. */
const handlerPause = Duration.seconds(1)

/** The lease on a shard, if it can be had now. */
export const askLease = (
  { leases }: Pick<Options<never>, "leases">,
  shard: ShardId.ShardId
): Effect.Effect<Option.Option<Leases.Lease>> =>
  Effect.catchAll(leases.take(shard), (error) =>
    Effect.as(
      Effect.logWarning(`shard ${shard} could not be asked for: ${error.message}`),
      Option.none<Leases.Lease>()
    ))

const awaitLease = (
  options: Pick<Options<never>, "leases" | "poll">,
  shard: ShardId.ShardId,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<Leases.Lease> =>
  Effect.flatMap(
    askLease(options, shard),
    Option.match({
      onNone: () => Effect.zipRight(restore(Effect.sleep(options.poll)), awaitLease(options, shard, restore)),
      onSome: Effect.succeed
    })
  )

/** Tells the others of a shard, if it is not as they were told last. */
export const makeTell = <R>({ store }: Options<R>, lease: Leases.Lease, shard: Shard.Shard): Effect.Effect<void> => {
  let told = ""
  return Effect.flatMap(
    Report.of(shard),
    (report) =>
      report === told ? Effect.void : Effect.ignore(Effect.map(store.tell(lease.claim, report), () => {
        told = report
      }))
  )
}

/** Tells the others of the shard when its status changes, and from time to time of the rest. */
const tell = <R>(options: Options<R>, lease: Leases.Lease, shard: Shard.Shard) => {
  const now = makeTell(options, lease, shard)
  return Stream.merge(shard.statusChanges, Stream.tick(Duration.times(options.poll, 4))).pipe(
    Stream.runForEach(() => now)
  )
}

/** What may end a run of handlers. */
type Broken = HandlerFailed | Leases.LeaseLost | ShardError.FatallyClosedError

type Handler<R> = (event: Fleet.FleetEvent) => Effect.Effect<unknown, HandlerFailed | Leases.LeaseLost, R>

/** What is up here, and all that it takes. */
export interface Cargo<R> {
  readonly guest: Guest
  readonly leases: ReadonlyArray<Leases.Lease>
  readonly leaseOf: (shard: ShardId.ShardId) => Leases.Lease | undefined
  /** Tells the others of it, for ever. */
  readonly tell: Effect.Effect<void>
  readonly run: (handler: Handler<R>) => Effect.Effect<void, Broken, R>
  /** Closes its sockets in a way that lets whoever comes next resume. */
  readonly close: Effect.Effect<unknown>
}

/** Handles events for as long as their leases are held; those of a handler that fails are up to whoever runs them. */
const handle = <R>(
  options: Options<R>,
  cargo: Cargo<R>
): Effect.Effect<void, never, R> =>
  cargo.run((event) =>
    Effect.zipRight(
      cargo.leaseOf(event.shard)?.admit(event.event.s) ?? Effect.void,
      Effect.mapErrorCause(
        options.handler(event.shard, event.event),
        (cause): Cause.Cause<HandlerFailed> =>
          Cause.isInterruptedOnly(cause) ? Cause.stripFailures(cause) : Cause.fail(new HandlerFailed({ cause }))
      )
    )
  ).pipe(
    // It was closed from here: whoever did that goes on.
    Effect.zipRight(Effect.never),
    Effect.catchTags({
      HandlerFailed: ({ cause }) =>
        Effect.logError("a handler failed", cause).pipe(
          Effect.zipRight(Effect.sleep(handlerPause)),
          Effect.zipRight(handle(options, cargo))
        ),
      LeaseLost: () => Effect.never,
      // The lease is kept, so that no other runner tries the same in vain.
      FatallyClosedError: (error) => Effect.zipRight(options.failed(error), Effect.never)
    })
  )

/** Handles events until the first of the leases is lost; then the sockets are closed before anything else happens. */
export const carry = <R>(options: Options<R>, cargo: Cargo<R>): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    yield* Effect.acquireRelease(Effect.sync(() => options.enter(cargo.guest)), (leave) => Effect.sync(leave))
    yield* Effect.forkScoped(cargo.tell)
    const lost = Effect.raceAll(cargo.leases.map((lease) => lease.lost)).pipe(
      Effect.zipRight(cargo.close),
      Effect.zipRight(Effect.logWarning("a lease was lost: what it was for has closed its sockets"))
    )
    yield* Effect.raceFirst(handle(options, cargo), lost)
  })

/** How long a shard that goes waits for the session that it has just asked for. */
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
          // Not in a child: it would go with the second interruption of the shard, as when its runner ends while it moves.
          Effect.interruptible,
          Effect.disconnect
        )
        : Effect.void
    )
  return { watched, awaitReady }
}

const serve = <R>(
  options: Options<R>,
  lease: Leases.Lease
): Effect.Effect<void, never, R | Requirements> =>
  Effect.gen(function*() {
    const { awaitReady, watched } = watchIdentify(yield* IdentifyQueue.IdentifyQueue)
    const shard = yield* Shard.make(lease.claim.shard).pipe(
      Effect.provideService(SessionStore.SessionStore, lease.sessions),
      Effect.provideService(IdentifyQueue.IdentifyQueue, watched)
    )
    yield* Effect.addFinalizer(() => awaitReady(shard))
    const { id } = lease.claim.shard
    yield* carry(options, {
      guest: {
        shards: Effect.succeed([shard]),
        shardOf: (guildId) =>
          Effect.succeed(ShardId.shardOf(guildId, shard.id.total) === id ? Option.some(shard) : Option.none())
      },
      leases: [lease],
      leaseOf: () => lease,
      tell: tell(options, lease, shard),
      run: (handler) =>
        shard.runForEach((event) => handler({ shard: shard.id, event }), { concurrency: options.concurrency }),
      close: shard.close(CloseFrame.RESUME)
    })
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
