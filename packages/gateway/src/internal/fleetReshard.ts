/** Carries a resharding out: brings the new set up, follows its stages, and ends one of the two sets. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as ShardId from "@vesper/model/ShardId"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ReshardOptions, ReshardStage } from "../Fleet.js"
import { ReshardError } from "../FleetError.js"
import type * as IdentifyQueue from "../IdentifyQueue.js"
import type { Readers } from "./events/readers.js"
import * as Parse from "./events/log/parse.js"
import type { ShardSet } from "./fleetSet.js"
import * as FleetSet from "./fleetSet.js"
import * as Guard from "./foreign/guard.js"
import * as Check from "./config/check.js"
import * as PeerText from "./wire/peerText.js"
import * as ForwardCommands from "./commands/forward.js"
import * as Reshard from "./reshard.js"
import { next, Stage } from "./reshardStage.js"
import * as ShardPlan from "./shardPlan.js"
import * as Monotonic from "./time/monotonic.js"

/** What a resharding needs of its fleet. */
export interface Fleet {
  readonly readers: Readers
  readonly scope: Scope.Scope
  readonly queue: IdentifyQueue.IdentifyQueue
  /** Makes the shards of a new set, which identify by this queue and resume no stored session, without connecting them. */
  readonly open: (ids: ReadonlyArray<ShardId.ShardId>, queue: IdentifyQueue.IdentifyQueue) => Effect.Effect<ShardSet>
  /** Identifies that may still be spent, if that is known. */
  readonly identifiesLeft: Effect.Effect<Option.Option<number>>
  current: ShardSet
  /** The set that is to follow. */
  upcoming: Option.Option<ShardSet>
  stage: Option.Option<ReshardStage>
  isResharding: boolean
}

/** Checks of the options. */
export const options: Check.Fields = {
  timeout: Check.duration,
  lag: Check.duration,
  patience: Check.duration
}

/** How long an identify queue of the program, or the API, may take to answer. */
export const limit = Duration.seconds(30)

/** How often the two sets are compared. */
const step = Duration.seconds(1)

const error = (reason: ReshardError["reason"], detail: string) => new ReshardError({ reason, detail })

/** The ids of the new set, or why it cannot even begin. */
const check = (fleet: Fleet, total: number): Effect.Effect<ReadonlyArray<ShardId.ShardId>, ReshardError> =>
  Effect.gen(function*() {
    if (fleet.isResharding) {
      return yield* error("InProgress", "another resharding is under way")
    }
    if (!Number.isSafeInteger(total) || total < 1) {
      return yield* error("InvalidTotal", `${total} is not a whole number of at least 1`)
    }
    const current = Array.from(fleet.current.members.values(), ({ shard }) => shard.id)
    return yield* Effect.mapError(ShardPlan.successors(current, total), () =>
      error(
        "Partial",
        `guilds of this fleet would be on shards of ${total} that have guilds of other fleets too: a fleet that holds the ` +
          "bot's shards of a bucket can be resharded to a total that the number of buckets divides"
      ))
  })

/** The identify queue does not keep the promises of its type. */
class Broken extends Data.TaggedError("Broken")<{ readonly cause: unknown }> {}

const tooFew = (count: number, left: number) =>
  error("Budget", `${count} shards would have to identify, and ${left} may today`)

/** An identify for each new shard, which no old one can take meanwhile. A queue without a budget has none to hold. */
const reserve = (
  fleet: Fleet,
  count: number
): Effect.Effect<IdentifyQueue.IdentifyQueue, ReshardError, Scope.Scope> =>
  Effect.gen(function*() {
    // A queue that holds nothing may know what is left all the same.
    const left = yield* fleet.identifiesLeft
    if (Option.isSome(left) && left.value < count) {
      return yield* tooFew(count, left.value)
    }
    return yield* Effect.mapError(
      Guard.runWithin(() => fleet.queue.reserve(count), { limit, onDefect: (cause) => new Broken({ cause }) }),
      (failure) =>
        failure._tag === "Broken"
          ? error("Budget", `the identify queue could not reserve ${count}: ${PeerText.describe(failure.cause)}`)
          : tooFew(count, Math.max(0, failure.remaining - failure.reserve))
    )
  })

const interrupted = error("Interrupted", "nobody waits for it any more")

/** What makes it impossible to go on, at this moment. */
const failureOf = (set: ShardSet, isOverdue: boolean, isCancelled: boolean): Option.Option<ReshardError> => {
  for (const { shard, state } of set.members.values()) {
    const status = state.status.get()
    if (status._tag === "FatallyClosed") {
      return Option.some(error("ShardClosed", `the gateway closed shard ${shard.id} with ${status.closeCode}`))
    }
  }
  return isCancelled
    ? Option.some(interrupted)
    : isOverdue
    ? Option.some(error("TimedOut", "not all guilds have arrived and been handed over in time"))
    : Option.none()
}

/** Offers events to the readers, each in the log of its shard. */
const deliver = (deliveries: ReadonlyArray<Reshard.Delivery>): void => {
  deliveries.forEach(({ entry, member }) => member.state.log.offer(entry))
}

/** From now on the resharding decides which events of the two sets are delivered. */
const route = (fleet: Fleet, sets: ReadonlyArray<ShardSet>, reshard: Reshard.Reshard): void => {
  fleet.readers.setOrdered(true)
  const lowestPosition = () => fleet.readers.lowestPosition()
  for (const member of sets.flatMap(({ members }) => Array.from(members.values()))) {
    const { log, parse } = member.state
    log.route = {
      lowestPosition,
      deliver: (entry) => {
        const event = parse(entry)
        if (Parse.isFailure(event)) {
          log.offer(entry)
          return true
        }
        const deliveries = reshard.route({ event, entry, member })
        deliver(deliveries)
        return deliveries.some((delivery) => delivery.entry === entry)
      }
    }
  }
}

const unroute = (fleet: Fleet, sets: ReadonlyArray<ShardSet>): void => {
  fleet.readers.setOrdered(false)
  for (const { state } of sets.flatMap(({ members }) => Array.from(members.values()))) {
    state.log.route = undefined
  }
}

/** Ends the old set, whose events the new one has brought too, and reads what is left of it. */
const retire = (fleet: Fleet, old: ShardSet, set: ShardSet, reshard: Reshard.Reshard) =>
  Effect.gen(function*() {
    reshard.switchOver()
    fleet.current = set
    fleet.upcoming = Option.none()
    ForwardCommands.forward(old, set)
    yield* FleetSet.closeAll(old, CloseFrame.NORMAL)
    let stage: ReshardStage = Stage.Drain()
    while (stage._tag !== "Retire") {
      yield* Effect.sleep(step)
      deliver(reshard.tick())
      stage = next(stage, reshard.facts(Option.none()))
    }
    unroute(fleet, [set])
    old.members.forEach(({ state }) => fleet.readers.removeLog(state.log))
    yield* Scope.close(old.scope, Exit.void)
  })

/** Ends the new set. Copies of what it alone has delivered are left out until the old one has brought them. */
const rollBack = (fleet: Fleet, set: ShardSet, reshard: Reshard.Reshard) =>
  Effect.gen(function*() {
    reshard.giveUp()
    fleet.upcoming = Option.none()
    yield* FleetSet.closeAll(set, CloseFrame.NORMAL)
    while (!reshard.isSettled()) {
      yield* Effect.sleep(step)
      deliver(reshard.tick())
    }
    unroute(fleet, [fleet.current])
    set.members.forEach(({ state }) => fleet.readers.removeLog(state.log))
    yield* Scope.close(set.scope, Exit.void)
  })

/** The whole of it. `isCancelled` is asked until the old set begins to go. */
const carryOut = (
  fleet: Fleet,
  ids: ReadonlyArray<ShardId.ShardId>,
  options: ReshardOptions,
  isCancelled: () => boolean
): Effect.Effect<void, ReshardError, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const started = Monotonic.unsafeMillis(clock)
    const timeout = Duration.toMillis(options.timeout ?? "1 hour")
    const old = fleet.current
    const holding = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => Scope.close(holding, exit))
    const queue = yield* Scope.extend(reserve(fleet, ids.length), holding)
    if (isCancelled()) {
      return yield* interrupted
    }
    const set = yield* fleet.open(ids, queue)
    ForwardCommands.copyPresence(old, set)
    const reshard = Reshard.make({ old, new: set }, {
      lag: Duration.toMillis(options.lag ?? "10 seconds"),
      patience: Duration.toMillis(options.patience ?? "1 minute")
    }, () => Monotonic.unsafeMillis(clock))
    fleet.upcoming = Option.some(set)
    route(fleet, [old, set], reshard)
    yield* FleetSet.connectAll(set)
    let stage: ReshardStage = Stage.Prepare()
    while (stage._tag !== "Drain" && stage._tag !== "RolledBack") {
      fleet.stage = Option.some(stage)
      yield* Effect.sleep(step)
      deliver(reshard.tick())
      const isOverdue = Monotonic.unsafeMillis(clock) - started >= timeout
      stage = next(stage, reshard.facts(failureOf(set, isOverdue, isCancelled())))
      if (Option.isSome(fleet.stage) && fleet.stage.value._tag !== stage._tag) {
        yield* Effect.logInfo(`resharding from ${old.total} to ${set.total}: ${stage._tag}`)
      }
    }
    fleet.stage = Option.some(stage)
    yield* Scope.close(holding, Exit.void)
    if (stage._tag === "RolledBack") {
      yield* rollBack(fleet, set, reshard)
      return yield* stage.failure
    }
    return yield* retire(fleet, old, set, reshard)
  })

export const run = (fleet: Fleet, total: number, options: ReshardOptions): Effect.Effect<void, ReshardError> =>
  Effect.gen(function*() {
    const ids = yield* check(fleet, total)
    let isCancelled = false
    fleet.isResharding = true
    const whole = carryOut(fleet, ids, options, () => isCancelled).pipe(
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => {
        fleet.isResharding = false
        fleet.stage = Option.none()
      })),
      Effect.withSpan("vesper.reshard", { attributes: { "shards.from": fleet.current.total, "shards.to": total } })
    )
    // It goes on when nobody waits for it any more, for it has to leave one whole set behind.
    const fiber = yield* Effect.forkIn(whole, fleet.scope)
    return yield* Effect.onInterrupt(Fiber.join(fiber), () =>
      Effect.sync(() => {
        isCancelled = true
      }))
  })
