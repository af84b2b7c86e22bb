/** Runs a resharding: connects the new set, moves through the stages, and closes one of the two sets. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ReshardOptions, ReshardStage } from "../../../Fleet.js"
import { ReshardError } from "./reshardError.js"
import type * as IdentifyQueue from "../../../IdentifyQueue.js"
import type { Readers } from "../../events/index.js"
import { Parse } from "../../events/log/index.js"
import { ShardIds, ShardSet } from "../index.js"
import { Guard } from "../../foreign/index.js"
import { Check } from "../../config/index.js"
import { PeerText } from "../../wire/index.js"
import * as ForwardCommands from "./forwardCommands.js"
import * as Router from "./router.js"
import { next, Stage } from "./stage.js"
import { Monotonic } from "../../time/index.js"

/** The parts of a fleet that a resharding uses and replaces. */
export interface FleetParts {
  readonly readers: Readers
  readonly scope: Scope.Scope
  readonly queue: IdentifyQueue.IdentifyQueue
  /** Makes the shards of a new set without connecting them. They identify through this queue and resume no stored session. */
  readonly open: (
    ids: ReadonlyArray<ShardId.ShardId>,
    queue: IdentifyQueue.IdentifyQueue
  ) => Effect.Effect<ShardSet.ShardSet>
  /** The remaining IDENTIFYs of today; none if unknown. */
  readonly identifiesLeft: Effect.Effect<Option.Option<number>>
  current: ShardSet.ShardSet
  /** The set that replaces `current`. */
  upcoming: Option.Option<ShardSet.ShardSet>
  stage: Option.Option<ReshardStage>
  isResharding: boolean
}

/** The checks of `ReshardOptions`. */
export const options: Check.Fields = {
  timeout: Check.duration,
  lag: Check.duration,
  patience: Check.duration
}

/** The time limit of one call to the program's identify queue or to the API. */
export const limit = Duration.seconds(30)

/** The interval at which the two sets are compared. */
const step = Duration.seconds(1)

const error = (reason: ReshardError["reason"], detail: string) => new ReshardError({ reason, detail })

/** Returns the ids of the new set. Fails if the resharding cannot start. */
const check = (fleet: FleetParts, total: number): Effect.Effect<ReadonlyArray<ShardId.ShardId>, ReshardError> =>
  Effect.gen(function*() {
    if (fleet.isResharding) {
      return yield* error("InProgress", "another resharding is under way")
    }
    if (!Number.isSafeInteger(total) || total < 1) {
      return yield* error("InvalidTotal", `${total} is not a whole number of at least 1`)
    }
    const current = Array.from(fleet.current.shards.values(), ({ shard }) => shard.id)
    return yield* Effect.mapError(ShardIds.successors(current, total), () =>
      error(
        "Partial",
        `with ${total} shards, guilds of this fleet would share shards with guilds of other fleets; ` +
          "choose a total that is divisible by the number of buckets"
      ))
  })

const budgetError = (count: number, left: number) =>
  error("Budget", `${count} shards need an IDENTIFY each, and ${left} are left today`)

/** Reserves an IDENTIFY for each new shard. A queue without a budget reserves nothing. */
const reserve = (
  fleet: FleetParts,
  count: number
): Effect.Effect<IdentifyQueue.IdentifyQueue, ReshardError, Scope.Scope> =>
  Effect.gen(function*() {
    // A queue that cannot reserve may still report a budget.
    const left = yield* fleet.identifiesLeft
    if (Option.isSome(left) && left.value < count) {
      return yield* budgetError(count, left.value)
    }
    return yield* Effect.mapError(
      Guard.runWithin(() => fleet.queue.reserve(count), {
        limit,
        onDefect: (cause) =>
          error("Budget", `the identify queue could not reserve ${count}: ${PeerText.describe(cause)}`)
      }),
      (failure) =>
        failure._tag === "ReshardError" ? failure : budgetError(count, Math.max(0, failure.remaining - failure.reserve))
    )
  })

const interrupted = error("Interrupted", "the caller was interrupted")

/** Returns the error that ends the resharding now, if there is one. */
const findFailure = (set: ShardSet.ShardSet, isOverdue: boolean, isCancelled: boolean): Option.Option<ReshardError> => {
  for (const { shard, state } of set.shards.values()) {
    const status = state.status.get()
    if (status._tag === "FatallyClosed") {
      return Option.some(error("ShardClosed", `the gateway closed shard ${shard.id} with ${status.closeCode}`))
    }
  }
  return isCancelled
    ? Option.some(interrupted)
    : isOverdue
    ? Option.some(error("TimedOut", "some guilds were not handed over within `timeout`"))
    : Option.none()
}

const deliver = (deliveries: ReadonlyArray<Router.Delivery>): void => {
  deliveries.forEach(({ entry, fleetShard }) => fleetShard.state.log.offer(entry))
}

/** Routes the events of both sets through the resharding. */
const startRouting = (fleet: FleetParts, sets: ReadonlyArray<ShardSet.ShardSet>, router: Router.Router): void => {
  fleet.readers.setOrdered(true)
  const lowestPosition = () => fleet.readers.lowestPosition()
  for (const fleetShard of sets.flatMap(({ shards }) => Array.from(shards.values()))) {
    const { log, parse } = fleetShard.state
    log.route = {
      lowestPosition,
      deliver: (entry) => {
        const event = parse(entry)
        if (Parse.isFailure(event)) {
          log.offer(entry)
          return true
        }
        const deliveries = router.route({ event, entry, fleetShard })
        deliver(deliveries)
        return deliveries.some((delivery) => delivery.entry === entry)
      }
    }
  }
}

/** Delivers all events of these sets again. */
const stopRouting = (fleet: FleetParts, sets: ReadonlyArray<ShardSet.ShardSet>): void => {
  fleet.readers.setOrdered(false)
  for (const { state } of sets.flatMap(({ shards }) => Array.from(shards.values()))) {
    state.log.route = undefined
  }
}

/** Closes the old set and waits until its events are read. */
const retire = (fleet: FleetParts, old: ShardSet.ShardSet, set: ShardSet.ShardSet, router: Router.Router) =>
  Effect.gen(function*() {
    router.switchOver()
    fleet.current = set
    fleet.upcoming = Option.none()
    ForwardCommands.forward(old, set)
    yield* ShardSet.closeAll(old, CloseFrame.NORMAL)
    deliver(router.closeOld())
    let stage: ReshardStage = Stage.Drain()
    while (stage._tag !== "Retire") {
      yield* Effect.sleep(step)
      deliver(router.tick())
      stage = next(stage, router.facts(Option.none()))
    }
    stopRouting(fleet, [set])
    old.shards.forEach(({ state }) => fleet.readers.removeLog(state.log))
    yield* Scope.close(old.scope, Exit.void)
  })

/** Closes the new set. Events that only the new set has delivered are dropped when the old set receives them. */
const rollBack = (fleet: FleetParts, set: ShardSet.ShardSet, router: Router.Router) =>
  Effect.gen(function*() {
    router.abandon()
    fleet.upcoming = Option.none()
    yield* ShardSet.closeAll(set, CloseFrame.NORMAL)
    while (!router.isSettled()) {
      yield* Effect.sleep(step)
      deliver(router.tick())
    }
    stopRouting(fleet, [fleet.current])
    set.shards.forEach(({ state }) => fleet.readers.removeLog(state.log))
    yield* Scope.close(set.scope, Exit.void)
  })

/** Runs all stages. A cancellation rolls back until the `Drain` stage. */
const runStages = (
  fleet: FleetParts,
  ids: ReadonlyArray<ShardId.ShardId>,
  options: ReshardOptions,
  isCancelled: () => boolean
): Effect.Effect<void, ReshardError, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const started = Monotonic.unsafeMillis(clock)
    const timeout = Duration.toMillis(options.timeout ?? "1 hour")
    const old = fleet.current
    const reservation = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => Scope.close(reservation, exit))
    const queue = yield* Scope.extend(reserve(fleet, ids.length), reservation)
    if (isCancelled()) {
      return yield* interrupted
    }
    const set = yield* fleet.open(ids, queue)
    ForwardCommands.copyPresence(old, set)
    const router = Router.make({ old, new: set }, {
      lag: Duration.toMillis(options.lag ?? "10 seconds"),
      patience: Duration.toMillis(options.patience ?? "1 minute"),
      prefersOld: Array.from(old.shards.values()).some(({ state }) => state.log.gate.isUsed)
    }, () => Monotonic.unsafeMillis(clock))
    fleet.upcoming = Option.some(set)
    startRouting(fleet, [old, set], router)
    yield* ShardSet.connectAll(set)
    let stage: ReshardStage = Stage.Prepare()
    while (stage._tag !== "Drain" && stage._tag !== "RolledBack") {
      fleet.stage = Option.some(stage)
      yield* Effect.sleep(step)
      deliver(router.tick())
      const isOverdue = Monotonic.unsafeMillis(clock) - started >= timeout
      stage = next(stage, router.facts(findFailure(set, isOverdue, isCancelled())))
      if (Option.isSome(fleet.stage) && fleet.stage.value._tag !== stage._tag) {
        yield* Effect.logInfo(`resharding from ${old.total} to ${set.total}: ${stage._tag}`)
      }
    }
    fleet.stage = Option.some(stage)
    yield* Scope.close(reservation, Exit.void)
    if (stage._tag === "RolledBack") {
      yield* rollBack(fleet, set, router)
      return yield* stage.failure
    }
    return yield* retire(fleet, old, set, router)
  })

export const run = (fleet: FleetParts, total: number, options: ReshardOptions): Effect.Effect<void, ReshardError> =>
  Effect.gen(function*() {
    const ids = yield* check(fleet, total)
    let isCancelled = false
    fleet.isResharding = true
    const resharding = runStages(fleet, ids, options, () => isCancelled).pipe(
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => {
        fleet.isResharding = false
        fleet.stage = Option.none()
      })),
      Effect.withSpan("vesper.reshard", { attributes: { "shards.from": fleet.current.total, "shards.to": total } })
    )
    // An interruption of the caller must not stop it halfway: exactly one set remains.
    const fiber = yield* Effect.forkIn(resharding, fleet.scope)
    return yield* Effect.onInterrupt(Fiber.join(fiber), () =>
      Effect.sync(() => {
        isCancelled = true
      }))
  })
