/**
 * Runs a handler for each event of a fleet, several at a time. Each lane handles one event after the other, and all
 * events of a guild go the same way.
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Scope from "effect/Scope"
import type { FleetEvent, RunOptions } from "../Fleet.js"
import type * as ShardError from "../ShardError.js"
import type { Delivery, FleetHub } from "./fleetHub.js"
import { guildOf } from "./guildOf.js"

/** Events that wait for a lane besides the one that it handles: a busy guild should not hold up the others at once. */
const laneSize = 16

/** What has no guild goes the shard's way. */
const laneOf = (event: Dispatch.Dispatch, shard: number, lanes: number): number => {
  const guild = guildOf(event)
  return guild === undefined ? shard % lanes : Number((BigInt(guild) >> 22n) % BigInt(lanes))
}

const traced = <E, R>(handler: (event: FleetEvent) => Effect.Effect<unknown, E, R>) => (event: FleetEvent) =>
  Effect.withSpan(handler(event), "vesper.handle", {
    attributes: { "event.type": event.event.t, "shard.id": event.shard.id }
  })

interface Lane {
  readonly mailbox: Mailbox.Mailbox<Delivery>
  /** Bounds the mailbox from outside: a place that is waited for in vain is certain not to have been taken. */
  readonly places: Effect.Semaphore
  readonly fiber: Fiber.RuntimeFiber<void>
}

/** Everything that one run holds. */
interface Run<E> {
  readonly hub: FleetHub
  readonly scope: Scope.Scope
  /** Whether an event counts as done only when its handler has succeeded. */
  readonly isTracked: boolean
  /** What was taken and is not done, in that order; and whether its handler has begun. */
  readonly outstanding: Map<Delivery, boolean>
  /** Fails with the first error of a handler. */
  readonly broken: Deferred.Deferred<never, E>
  /** No handler begins any more. */
  isStopping: boolean
}

const openLane = <E, R>(
  run: Run<E>,
  handle: (event: FleetEvent) => Effect.Effect<unknown, E, R>
): Effect.Effect<Lane, never, R> =>
  Effect.gen(function*() {
    const mailbox = yield* Mailbox.make<Delivery>()
    const places = yield* Effect.makeSemaphore(laneSize)
    const one = (delivery: Delivery) =>
      Effect.gen(function*() {
        yield* places.release(1)
        if (run.isStopping) {
          return
        }
        run.outstanding.set(delivery, true)
        yield* handle(delivery.event)
        run.outstanding.delete(delivery)
        run.hub.unsafeDone(delivery)
      })
    const loop: Effect.Effect<void, E, R> = Effect.matchEffect(mailbox.take, {
      onFailure: () => Effect.void,
      onSuccess: (delivery) => Effect.zipRight(one(delivery), loop)
    })
    const fiber = yield* loop.pipe(
      Effect.catchAllCause((cause) => Effect.asVoid(Deferred.failCause(run.broken, cause))),
      Effect.interruptible,
      // Children would be interrupted together with their parent: these are to outlive its interruption for a while.
      Effect.forkIn(run.scope)
    )
    return { mailbox, places, fiber }
  })

/** Gives each event to its lane, until the fleet is closed. */
const distribute = <E>(
  run: Run<E>,
  lanes: ReadonlyArray<Lane>
): Effect.Effect<void, ShardError.FatallyClosedError> => {
  const give = (delivery: Delivery) => {
    const { event, shard } = delivery.event
    const lane = lanes[laneOf(event, shard.id, lanes.length)]
    run.outstanding.set(delivery, false)
    return lane === undefined
      ? Effect.dieMessage("a remainder is smaller than its divisor")
      : Effect.zipRight(
        Effect.interruptible(lane.places.take(1)),
        Effect.sync(() => lane.mailbox.unsafeOffer(delivery))
      )
  }
  const one = Effect.uninterruptible(Effect.flatMap(Effect.interruptible(run.hub.take), give))
  return Effect.catchTag(Effect.forever(one), "ShardClosedError", () => Effect.void)
}

/** Waits for the handlers that run, and interrupts those that are not through in time. */
const drain = <E>(run: Run<E>, lanes: ReadonlyArray<Lane>, deadline: Duration.DurationInput) =>
  Effect.gen(function*() {
    run.isStopping = true
    const fibers = lanes.map(({ fiber }) => fiber)
    // Not a child either: it would go with the second interruption of whoever runs this, and nothing else end the rest.
    const timer = yield* Effect.zipRight(Effect.sleep(deadline), Fiber.interruptAll(fibers)).pipe(
      Effect.interruptible,
      Effect.forkIn(run.scope)
    )
    yield* Fiber.awaitAll(fibers)
    yield* Fiber.interrupt(timer)
    // A handler that was broken off may have done half of its work: only who counts handled events gets it again.
    const left = Array.from(run.outstanding).filter(([, hasBegun]) => !hasBegun || run.isTracked)
    run.hub.unsafeGiveBack(left.map(([delivery]) => delivery))
  })

export const runForEach = (
  hub: FleetHub,
  settings: { readonly drainTimeout: Duration.Duration; readonly isTracked: boolean },
  runs: Set<Effect.Effect<void>>
) =>
<E, R>(
  handler: (event: FleetEvent) => Effect.Effect<unknown, E, R>,
  options: RunOptions = {}
): Effect.Effect<void, E | ShardError.FatallyClosedError, R> => {
  const use = (restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>, scope: Scope.Scope) =>
    Effect.gen(function*() {
      const run: Run<E> = {
        hub,
        scope,
        isTracked: settings.isTracked,
        outstanding: new Map(),
        broken: yield* Deferred.make<never, E>(),
        isStopping: false
      }
      const ending = yield* Deferred.make<void>()
      const over = yield* Deferred.make<void>()
      const end = Effect.zipRight(Deferred.succeed(ending, undefined), Deferred.await(over))
      runs.add(end)
      const lanes = yield* Effect.replicateEffect(
        openLane(run, options.spans === true ? traced(handler) : handler),
        Math.max(1, Math.floor(options.concurrency ?? 1))
      )
      const reading = Effect.raceFirst(distribute(run, lanes), Deferred.await(run.broken))
      const exit = yield* Effect.exit(restore(Effect.raceFirst(reading, Deferred.await(ending))))
      yield* Effect.forEach(lanes, ({ mailbox }) => mailbox.end, { discard: true })
      const finish = drain(run, lanes, settings.drainTimeout)
      const isEnding = yield* Deferred.isDone(ending)
      // A closed fleet's last events have all the time they need.
      yield* Exit.isSuccess(exit) && !isEnding
        ? Effect.onInterrupt(restore(Fiber.awaitAll(lanes.map(({ fiber }) => fiber))), () => finish)
        : finish
      runs.delete(end)
      yield* Deferred.succeed(over, undefined)
      yield* exit
      return yield* (yield* Deferred.isDone(run.broken)) ? Deferred.await(run.broken) : Effect.void
    })
  return Effect.uninterruptibleMask((restore) =>
    Effect.acquireUseRelease(Scope.make(), (scope) => use(restore, scope), Scope.close)
  )
}
