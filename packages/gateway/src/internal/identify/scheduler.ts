/**
 * Grants shards their turns by the rules of the ledger. Its fields change in place; each change is made in one step
 * without an effect in between, and wakes the waiters that can proceed because of it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type * as IdentifyBudget from "../../IdentifyBudget.js"
import * as IdentifyMetrics from "../../IdentifyMetrics.js"
import type * as IdentifyStore from "../../IdentifyStore.js"
import { Monotonic } from "../time/index.js"
import * as Ledger from "./ledger.js"
import * as Saving from "./saving.js"
import * as State from "./state.js"

/** A fiber in the queue. */
interface Waiter extends Ledger.Claim {
  /** Opened when its next step may be another one. */
  readonly changed: Effect.Latch
}

/** A turn that was granted. */
interface Turn {
  readonly entry: Ledger.Entry
  /** The hold that it was consumed from. */
  readonly hold: number | undefined
}

/** The next step of a waiter. */
type Step =
  | { readonly _tag: "Go" }
  | { readonly _tag: "WaitForChange" }
  | { readonly _tag: "WaitUntil"; readonly at: number }
  | { readonly _tag: "Exhausted"; readonly error: IdentifyBudget.IdentifyBudgetExhausted }

export interface Scheduler {
  readonly run: <A, E, R>(
    claim: Ledger.Claim,
    identify: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | IdentifyBudget.IdentifyBudgetExhausted, R>
  readonly budget: Effect.Effect<IdentifyBudget.IdentifyBudget>
  /** Holds so many identifies for claims with the number that it returns, until the scope closes. */
  readonly reserve: (count: number) => Effect.Effect<number, IdentifyBudget.IdentifyBudgetExhausted, Scope.Scope>
  readonly update: (change: {
    readonly limits?: Partial<Ledger.Limits>
    readonly account?: Ledger.Account | undefined
  }) => Effect.Effect<void>
}

/** The whole milliseconds of both clocks. */
export const currentTime: Effect.Effect<State.Now> = Effect.zipWith(
  Clock.currentTimeMillis,
  Monotonic.currentMillis,
  (wall, monotonic) => ({ wall, monotonic: Math.floor(monotonic) })
)

/** An identify that was interrupted or died while it was written may still arrive: only a plain failure is a proof. */
const provesUnsent = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isFailType(exit.cause)

/** In a region that cannot be interrupted, the loser of a race must be interruptible, or the race never ends. */
const changeOrTime = ({ changed }: Waiter, millis: number): Effect.Effect<void> =>
  Effect.raceFirst(Effect.interruptible(changed.await), Effect.interruptible(Effect.sleep(millis)))

export const make = (options: {
  readonly limits: Ledger.Limits
  readonly whenExhausted: "wait" | "fail"
  readonly store: IdentifyStore.IdentifyStore
  readonly initial: Ledger.Ledger
}): Scheduler => {
  let limits = options.limits
  let ledger = options.initial
  let holds: Ledger.Holds = new Map()
  let lastHold = 0
  // In the order of asking.
  const waiters = new Set<Waiter>()
  // From the turn until the identify is written.
  const writing = new Set<Waiter>()
  let announced: number | undefined
  let isHoldAnnounced = false
  const saving = Saving.make(options.store, Effect.map(currentTime, (now) => State.store(ledger, now)))

  const report = Effect.suspend(() =>
    Effect.zipRight(
      Metric.set(IdentifyMetrics.waiting, waiters.size),
      Metric.set(IdentifyMetrics.budget, Ledger.spendable(ledger, limits))
    )
  )

  const nextInLine = (now: number) => Ledger.nextInLine({ ledger, limits, holds, now }, waiters, writing)

  const spendableFor = (hold: number | undefined) => Ledger.spendableFor(Ledger.spendable(ledger, limits), holds, hold)

  /** Wakes the waiters whose turn it may be, and those with nothing left to spend, which wait for another event now. */
  const wake = (now: number) => {
    ledger = Ledger.refresh(ledger, limits, now)
    nextInLine(now).forEach(({ changed }) => changed.unsafeOpen())
    if (spendableFor(undefined) === 0) {
      Array.from(waiters).filter(({ hold }) => spendableFor(hold) === 0).forEach(({ changed }) => changed.unsafeOpen())
    }
  }

  const wakeAll = () => waiters.forEach(({ changed }) => changed.unsafeOpen())

  const nextStep = (waiter: Waiter, now: State.Now): Step => {
    ledger = Ledger.refresh(ledger, limits, now.monotonic)
    if (spendableFor(waiter.hold) === 0) {
      return options.whenExhausted === "wait"
        ? { _tag: "WaitUntil", at: State.renewsAt(ledger, now) }
        : { _tag: "Exhausted", error: State.exhausted(ledger, limits, now, Ledger.spendable(ledger, limits)) }
    }
    if (!nextInLine(now.monotonic).includes(waiter)) {
      return { _tag: "WaitForChange" }
    }
    const at = Ledger.freeAt(ledger, limits, Ledger.bucketOf(limits, waiter.shard))
    return now.monotonic < at ? { _tag: "WaitUntil", at } : { _tag: "Go" }
  }

  const announceHold = (left: number) => {
    if (isHoldAnnounced) {
      return Effect.void
    }
    isHoldAnnounced = true
    return Effect.logWarning(
      `the ${left} identifies that are left today are reserved for a resharding: other shards wait for its end`
    )
  }

  const announce = ({ hold }: Waiter, now: State.Now) =>
    Effect.suspend(() => {
      const left = Ledger.spendable(ledger, limits)
      if (left > 0 && spendableFor(hold) === 0) {
        return announceHold(left)
      }
      const { remaining, resetsAt, total } = ledger.account
      if (resetsAt === undefined || resetsAt === announced || left > 0) {
        return Effect.void
      }
      announced = resetsAt
      return Effect.logWarning(
        `the identify budget is spent: ${remaining} of ${total} are left today, and ${
          Ledger.reserveOf(ledger.account, limits)
        } are reserved for a restart by hand; no shard identifies before ${
          new Date(State.toWall(now, resetsAt)).toISOString()
        } (in ${Duration.format(Duration.millis(resetsAt - now.monotonic))})`
      )
    })

  const leave = (waiter: Waiter) =>
    Effect.flatMap(currentTime, ({ monotonic }) => {
      waiters.delete(waiter)
      wake(monotonic)
      return report
    })

  const take = (waiter: Waiter, now: number): Turn => {
    waiters.delete(waiter)
    writing.add(waiter)
    ledger = Ledger.take(ledger, waiter.shard, now)
    const before = holds
    holds = Ledger.consume(holds, waiter.hold)
    return { entry: { shard: waiter.shard, at: now }, hold: holds === before ? undefined : waiter.hold }
  }

  /** Completes when the turn is in the ledger. Not to be interrupted but where it waits. */
  const awaitTurn = (
    waiter: Waiter,
    interruptible: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<Turn, IdentifyBudget.IdentifyBudgetExhausted> =>
    Effect.flatMap(currentTime, (now) => {
      waiter.changed.unsafeClose()
      const step = nextStep(waiter, now)
      switch (step._tag) {
        case "Go":
          return Effect.as(report, take(waiter, now.monotonic))
        case "Exhausted":
          return Effect.zipRight(announce(waiter, now), Effect.fail(step.error))
        case "WaitForChange":
          return Effect.zipRight(interruptible(waiter.changed.await), awaitTurn(waiter, interruptible))
        case "WaitUntil":
          return announce(waiter, now).pipe(
            Effect.zipRight(interruptible(changeOrTime(waiter, step.at - now.monotonic))),
            Effect.zipRight(awaitTurn(waiter, interruptible))
          )
      }
    })

  const finish = (waiter: Waiter, { entry, hold }: Turn, isUsed: boolean) =>
    Effect.flatMap(Monotonic.currentMillis, (now) => {
      ledger = isUsed
        // The interval is never shorter than it should be by a part of a millisecond.
        ? Ledger.settle(ledger, entry, Math.ceil(now))
        : Ledger.refund(ledger, entry, Math.ceil(now))
      holds = isUsed ? holds : Ledger.restoreTo(holds, hold)
      writing.delete(waiter)
      wake(Math.floor(now))
      return Effect.zipRight(Metric.increment(isUsed ? IdentifyMetrics.identifies : IdentifyMetrics.refunds), report)
    })

  const acquire = (count: number) =>
    Effect.flatMap(currentTime, (now) => {
      ledger = Ledger.refresh(ledger, limits, now.monotonic)
      const left = Ledger.spendable(ledger, limits)
      // Waiters without a hold are before this one in the line.
      const inLine = Array.from(waiters).filter(({ hold }) => hold === undefined || !holds.has(hold)).length
      const free = Math.max(0, spendableFor(undefined) - inLine)
      if (free < count) {
        return Effect.fail(State.exhausted(ledger, limits, now, left - free))
      }
      lastHold++
      holds = new Map(holds).set(lastHold, count)
      return Effect.succeed(lastHold)
    })

  const release = (hold: number) =>
    Effect.sync(() => {
      const remaining = new Map(holds)
      remaining.delete(hold)
      holds = remaining
      isHoldAnnounced = isHoldAnnounced && remaining.size > 0
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
          const turn = yield* Effect.onError(awaitTurn(waiter, restore), () => leave(waiter))
          yield* Metric.update(IdentifyMetrics.wait, (turn.entry.at - since) / 1000)
          let isStarted = false
          const started = Effect.suspend(() => {
            isStarted = true
            return identify
          })
          const recorded = yield* saving.start
          const exit = yield* Effect.exit(restore(Effect.zipRight(recorded, started)))
          yield* finish(waiter, turn, isStarted && !provesUnsent(exit))
          const settled = yield* saving.start
          yield* restore(settled)
          return yield* exit
        })
      ),
    budget: Effect.map(currentTime, (now) => {
      ledger = Ledger.refresh(ledger, limits, now.monotonic)
      return State.budget(ledger, limits, now)
    }),
    update: ({ account, limits: change }) =>
      Effect.flatMap(currentTime, ({ monotonic }) => {
        limits = { ...limits, ...change }
        ledger = account === undefined ? ledger : Ledger.merge(ledger, account, writing.size, monotonic)
        wakeAll()
        return Effect.zipRight(report, Effect.flatten(saving.start))
      })
  }
}
