/**
 * Grants permits to identify by the rules in `budget.ts`. State changes synchronously, and each change wakes the waiters that
 * can proceed.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import type * as IdentifyStore from "../../IdentifyStore.js"
import * as ShardMetrics from "../../ShardMetrics.js"
import { Monotonic } from "../time/index.js"
import * as Budget from "./budget.js"
import * as Persistence from "./persistence.js"
import * as StoredState from "./storedState.js"

interface Waiter extends Budget.Claim {
  /** Opened when its next step may have changed. */
  readonly changed: Effect.Latch
}

interface Permit {
  readonly entry: Budget.IdentifyEntry
  /** The reservation that it was spent from. */
  readonly reservation: number | undefined
}

type WaiterStep =
  | { readonly _tag: "Go" }
  | { readonly _tag: "WaitForChange" }
  | { readonly _tag: "WaitUntil"; readonly at: number }
  | { readonly _tag: "Exhausted"; readonly error: IdentifyQueue.IdentifyBudgetExhausted }

export interface Permits {
  /** Waits for the permit of a claim, then runs `identify`. */
  readonly run: <A, E, R>(
    claim: Budget.Claim,
    identify: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | IdentifyQueue.IdentifyBudgetExhausted, R>
  readonly budget: Effect.Effect<IdentifyQueue.IdentifyBudget>
  /** Reserves IDENTIFYs until the scope closes, and returns the number of the reservation. */
  readonly reserve: (count: number) => Effect.Effect<number, IdentifyQueue.IdentifyBudgetExhausted, Scope.Scope>
  readonly update: (change: {
    readonly limits?: Partial<Budget.Limits>
    readonly account?: Budget.BudgetWindow | undefined
  }) => Effect.Effect<void>
}

/** Returns the whole milliseconds of both clocks. */
export const currentTime: Effect.Effect<StoredState.Now> = Effect.zipWith(
  Clock.currentTimeMillis,
  Monotonic.currentMillis,
  (wall, monotonic) => ({ wall, monotonic: Math.floor(monotonic) })
)

/** Checks that the IDENTIFY was not sent: after an interruption or a defect, it may still arrive. */
const provesUnsent = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isFailType(exit.cause)

/** Waits for a change or a time. Both must be interruptible, because the caller is not and the race would never end. */
const awaitChangeOrTime = ({ changed }: Waiter, millis: number): Effect.Effect<void> =>
  Effect.raceFirst(Effect.interruptible(changed.await), Effect.interruptible(Effect.sleep(millis)))

export const make = (options: {
  readonly limits: Budget.Limits
  readonly whenExhausted: "wait" | "fail"
  readonly store: IdentifyStore.IdentifyStore
  readonly initial: Budget.Ledger
}): Permits => {
  let limits = options.limits
  let ledger = options.initial
  let reservations: Budget.Reservations = new Map()
  let lastReservation = 0
  // In order of the requests.
  const waiters = new Set<Waiter>()
  // From the permit until the IDENTIFY is written.
  const writing = new Set<Waiter>()
  let loggedReset: number | undefined
  let isReservationLogged = false
  const startSave = Persistence.make(options.store, Effect.map(currentTime, (now) => StoredState.store(ledger, now)))

  const report = Effect.suspend(() =>
    Effect.zipRight(
      Metric.set(ShardMetrics.identifiesWaiting, waiters.size),
      Metric.set(ShardMetrics.identifyBudget, Budget.spendable(ledger, limits))
    )
  )

  const nextInLine = (now: number) => Budget.nextInLine({ ledger, limits, reservations, now }, waiters, writing)

  const spendableFor = (reservation: number | undefined) =>
    Budget.spendableFor(Budget.spendable(ledger, limits), reservations, reservation)

  /** Wakes the waiters that may be next, and those without an IDENTIFY left, which now wait for the next window. */
  const wake = (now: number) => {
    ledger = Budget.refresh(ledger, limits, now)
    nextInLine(now).forEach(({ changed }) => changed.unsafeOpen())
    if (spendableFor(undefined) === 0) {
      Array.from(waiters).filter(({ reservation }) => spendableFor(reservation) === 0).forEach(({ changed }) =>
        changed.unsafeOpen()
      )
    }
  }

  const wakeAll = () => waiters.forEach(({ changed }) => changed.unsafeOpen())

  const nextStep = (waiter: Waiter, now: StoredState.Now): WaiterStep => {
    ledger = Budget.refresh(ledger, limits, now.monotonic)
    if (spendableFor(waiter.reservation) === 0) {
      return options.whenExhausted === "wait"
        ? { _tag: "WaitUntil", at: StoredState.renewsAt(ledger, now) }
        : { _tag: "Exhausted", error: StoredState.exhausted(ledger, limits, now, Budget.spendable(ledger, limits)) }
    }
    if (!nextInLine(now.monotonic).includes(waiter)) {
      return { _tag: "WaitForChange" }
    }
    const at = Budget.freeAt(ledger, limits, Budget.findBucket(limits, waiter.shard))
    return now.monotonic < at ? { _tag: "WaitUntil", at } : { _tag: "Go" }
  }

  const logReservation = (left: number) => {
    if (isReservationLogged) {
      return Effect.void
    }
    isReservationLogged = true
    return Effect.logWarning(
      `the last ${left} IDENTIFYs of today are reserved for a reshard; other shards wait until it ends`
    )
  }

  const logExhausted = ({ reservation }: Waiter, now: StoredState.Now) =>
    Effect.suspend(() => {
      const left = Budget.spendable(ledger, limits)
      if (left > 0 && spendableFor(reservation) === 0) {
        return logReservation(left)
      }
      const { remaining, resetsAt, total } = ledger.account
      if (resetsAt === undefined || resetsAt === loggedReset || left > 0) {
        return Effect.void
      }
      loggedReset = resetsAt
      return Effect.logWarning(
        `the identify budget is exhausted: ${remaining} of ${total} IDENTIFYs are left today, and ${
          Budget.effectiveReserve(ledger.account, limits)
        } are reserved for a manual restart; no shard identifies before ${
          new Date(StoredState.toWall(now, resetsAt)).toISOString()
        } (in ${Duration.format(Duration.millis(resetsAt - now.monotonic))})`
      )
    })

  const leave = (waiter: Waiter) =>
    Effect.flatMap(currentTime, ({ monotonic }) => {
      waiters.delete(waiter)
      wake(monotonic)
      return report
    })

  const take = (waiter: Waiter, now: number): Permit => {
    waiters.delete(waiter)
    writing.add(waiter)
    ledger = Budget.take(ledger, waiter.shard, now)
    const before = reservations
    reservations = Budget.consume(reservations, waiter.reservation)
    return {
      entry: { shard: waiter.shard, at: now },
      reservation: reservations === before ? undefined : waiter.reservation
    }
  }

  /** Waits for the permit and records it. Runs uninterruptible; `interruptible` restores interruption for the waits. */
  const awaitPermit = (
    waiter: Waiter,
    interruptible: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<Permit, IdentifyQueue.IdentifyBudgetExhausted> =>
    Effect.flatMap(currentTime, (now) => {
      waiter.changed.unsafeClose()
      const step = nextStep(waiter, now)
      switch (step._tag) {
        case "Go":
          return Effect.as(report, take(waiter, now.monotonic))
        case "Exhausted":
          return Effect.zipRight(logExhausted(waiter, now), Effect.fail(step.error))
        case "WaitForChange":
          return Effect.zipRight(interruptible(waiter.changed.await), awaitPermit(waiter, interruptible))
        case "WaitUntil":
          return logExhausted(waiter, now).pipe(
            Effect.zipRight(interruptible(awaitChangeOrTime(waiter, step.at - now.monotonic))),
            Effect.zipRight(awaitPermit(waiter, interruptible))
          )
      }
    })

  const finish = (waiter: Waiter, { entry, reservation }: Permit, isUsed: boolean) =>
    Effect.flatMap(Monotonic.currentMillis, (now) => {
      ledger = isUsed
        // Rounded up, so that the interval is never shorter by a part of a millisecond.
        ? Budget.confirmWritten(ledger, entry, Math.ceil(now))
        : Budget.refund(ledger, entry, Math.ceil(now))
      reservations = isUsed ? reservations : Budget.restoreTo(reservations, reservation)
      writing.delete(waiter)
      wake(Math.floor(now))
      return Effect.zipRight(Metric.increment(isUsed ? ShardMetrics.identifies : ShardMetrics.identifyRefunds), report)
    })

  const acquire = (count: number) =>
    Effect.flatMap(currentTime, (now) => {
      ledger = Budget.refresh(ledger, limits, now.monotonic)
      const left = Budget.spendable(ledger, limits)
      // Waiters without a reservation precede this reservation.
      const inLine = Array.from(waiters).filter(({ reservation }) =>
        reservation === undefined || !reservations.has(reservation)
      ).length
      const free = Math.max(0, spendableFor(undefined) - inLine)
      if (free < count) {
        return Effect.fail(StoredState.exhausted(ledger, limits, now, left - free))
      }
      lastReservation++
      reservations = new Map(reservations).set(lastReservation, count)
      return Effect.succeed(lastReservation)
    })

  const release = (reservation: number) =>
    Effect.sync(() => {
      const remaining = new Map(reservations)
      remaining.delete(reservation)
      reservations = remaining
      isReservationLogged = isReservationLogged && remaining.size > 0
      wakeAll()
    })

  return {
    reserve: (count) => Effect.acquireRelease(acquire(count), release),
    run: (claim, identify) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const waiter: Waiter = { ...claim, changed: Effect.unsafeMakeLatch(false) }
          waiters.add(waiter)
          const { monotonic: since } = yield* currentTime
          yield* report
          const permit = yield* Effect.onError(awaitPermit(waiter, restore), () => leave(waiter))
          yield* Metric.update(ShardMetrics.identifyWait, (permit.entry.at - since) / 1000)
          let isStarted = false
          const started = Effect.suspend(() => {
            isStarted = true
            return identify
          })
          const recorded = yield* startSave
          const exit = yield* Effect.exit(restore(Effect.zipRight(recorded, started)))
          yield* finish(waiter, permit, isStarted && !provesUnsent(exit))
          const settled = yield* startSave
          yield* restore(settled)
          return yield* exit
        })
      ),
    budget: Effect.map(currentTime, (now) => {
      ledger = Budget.refresh(ledger, limits, now.monotonic)
      return StoredState.budget(ledger, limits, now)
    }),
    update: ({ account, limits: change }) =>
      Effect.flatMap(currentTime, ({ monotonic }) => {
        limits = { ...limits, ...change }
        ledger = account === undefined ? ledger : Budget.merge(ledger, account, writing.size, monotonic)
        wakeAll()
        return Effect.zipRight(report, Effect.flatten(startSave))
      })
  }
}
