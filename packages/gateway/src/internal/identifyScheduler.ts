/**
 * Lets shards identify one after the other, as the ledger's rules have it. Its fields change in place; each change is
 * made in one step without an effect in between, and wakes those who may go on because of it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as IdentifyBudget from "../IdentifyBudget.js"
import * as IdentifyMetrics from "../IdentifyMetrics.js"
import type * as IdentifyStore from "../IdentifyStore.js"
import * as Ledger from "./identifyLedger.js"

/** A fiber in the queue. */
interface Waiter extends Ledger.Claim {
  /** Opened when something has changed for it. */
  readonly changed: Effect.Latch
}

/** A turn that was given. */
interface Turn {
  readonly entry: Ledger.Entry
  /** The hold that it was drawn from. */
  readonly drawn: number | undefined
}

/** What a waiter does next. */
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
  readonly budget: Effect.Effect<IdentifyBudget.IdentifyBudget | undefined>
  /** Holds so many for those who give its number, until the scope closes. */
  readonly reserve: (count: number) => Effect.Effect<number, IdentifyBudget.IdentifyBudgetExhausted, Scope.Scope>
  readonly update: (change: {
    readonly limits?: Partial<Ledger.Limits>
    readonly account?: Ledger.Account | undefined
  }) => Effect.Effect<void>
}

/** Interrupted or broken while it was writing, the identify may still arrive: only a plain failure is a proof. */
const provesUnsent = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isFailure(exit.cause) && !Cause.isInterrupted(exit.cause) && !Cause.isDie(exit.cause)

/** In a region that cannot be interrupted, the loser of a race has to be told that it can be: or the race never ends. */
const changeOrTime = ({ changed }: Waiter, millis: number): Effect.Effect<void> =>
  Effect.raceFirst(Effect.interruptible(changed.await), Effect.interruptible(Effect.sleep(millis)))

export const make = (options: {
  readonly limits: Ledger.Limits
  readonly whenExhausted: "wait" | "fail"
  readonly store: IdentifyStore.IdentifyStore
  readonly initial: Ledger.Ledger
}): Scheduler => {
  const { store } = options
  let limits = options.limits
  let ledger = options.initial
  let holds: Ledger.Holds = new Map()
  let lastHold = 0
  // In the order in which they came.
  const waiters = new Set<Waiter>()
  // Those whose turn it is, until their identify is written.
  const writing = new Set<Waiter>()
  let announced: number | undefined
  let isHoldAnnounced = false
  const saving = Effect.unsafeMakeSemaphore(1)

  // The newest state each time, whatever the order in which fibers come to write it.
  const save = saving.withPermits(1)(Effect.suspend(() => store.save(ledger)))

  const report = Effect.suspend(() => {
    const left = Ledger.spendable(ledger, limits)
    const setWaiting = Metric.set(IdentifyMetrics.waiting, waiters.size)
    return left === Number.POSITIVE_INFINITY
      ? setWaiting
      : Effect.zipRight(setWaiting, Metric.set(IdentifyMetrics.budget, left))
  })

  const heads = (now: number) => Ledger.heads({ ledger, limits, holds, now }, waiters, writing)

  const spendableFor = (hold: number | undefined) => Ledger.spendableFor(Ledger.spendable(ledger, limits), holds, hold)

  /** Those whose turn it may be, and those for whom nothing is left, who now wait for something else. */
  const wake = (now: number) => {
    ledger = Ledger.refresh(ledger, limits, now)
    heads(now).forEach(({ changed }) => changed.unsafeOpen())
    if (spendableFor(undefined) === 0) {
      Array.from(waiters).filter(({ hold }) => spendableFor(hold) === 0).forEach(({ changed }) => changed.unsafeOpen())
    }
  }

  const wakeAll = () => waiters.forEach(({ changed }) => changed.unsafeOpen())

  /** Without what is spoken for. */
  const exhausted = (now: number, spokenFor: number): IdentifyBudget.IdentifyBudgetExhausted => {
    const { remaining, reserve, resetsAt, total } = Ledger.budget(ledger, limits) ??
      { total: 0, remaining: 0, reserve: 0, resetsAt: undefined }
    return new IdentifyBudget.IdentifyBudgetExhausted({
      total,
      remaining: Math.max(0, remaining - spokenFor),
      reserve,
      // A window that nobody knows the end of has not begun: told so, with nothing left, we can only look again later.
      until: resetsAt ?? now + Duration.toMillis(IdentifyBudget.window)
    })
  }

  const next = (waiter: Waiter, now: number): Step => {
    ledger = Ledger.refresh(ledger, limits, now)
    if (spendableFor(waiter.hold) === 0) {
      const error = exhausted(now, Ledger.spendable(ledger, limits))
      return options.whenExhausted === "wait" ? { _tag: "WaitUntil", at: error.until } : { _tag: "Exhausted", error }
    }
    if (!heads(now).includes(waiter)) {
      return { _tag: "WaitForChange" }
    }
    const at = Ledger.freeAt(ledger, limits, Ledger.bucketOf(limits, waiter.shard))
    return now < at ? { _tag: "WaitUntil", at } : { _tag: "Go" }
  }

  const announceHold = (left: number) => {
    if (isHoldAnnounced) {
      return Effect.void
    }
    isHoldAnnounced = true
    return Effect.logWarning(
      `the ${left} identifies that are left today are reserved, for a resharding: other shards wait for its end`
    )
  }

  const announce = ({ hold }: Waiter, now: number) =>
    Effect.suspend(() => {
      const left = Ledger.spendable(ledger, limits)
      if (left > 0 && spendableFor(hold) === 0) {
        return announceHold(left)
      }
      const known = Ledger.budget(ledger, limits)
      const until = known?.resetsAt
      if (known === undefined || until === undefined || until === announced || left > 0) {
        return Effect.void
      }
      announced = until
      return Effect.logWarning(
        `the identify budget is spent: ${known.remaining} of ${known.total} left today, ${known.reserve} kept for a human; no shard identifies before ${
          new Date(until).toISOString()
        } (in ${Duration.format(Duration.millis(until - now))})`
      )
    })

  const leave = (waiter: Waiter) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      waiters.delete(waiter)
      wake(now)
      return report
    })

  const take = (waiter: Waiter, now: number): Turn => {
    waiters.delete(waiter)
    writing.add(waiter)
    ledger = Ledger.take(ledger, waiter.shard, now)
    const before = holds
    holds = Ledger.draw(holds, waiter.hold)
    return { entry: { shard: waiter.shard, at: now }, drawn: holds === before ? undefined : waiter.hold }
  }

  /** Completes when it is in the ledger. Not to be interrupted but where it waits. */
  const awaitTurn = (
    waiter: Waiter,
    interruptible: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<Turn, IdentifyBudget.IdentifyBudgetExhausted> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      waiter.changed.unsafeClose()
      const step = next(waiter, now)
      switch (step._tag) {
        case "Go": {
          const turn = take(waiter, now)
          return Effect.as(Effect.zipRight(report, save), turn)
        }
        case "Exhausted":
          return Effect.zipRight(announce(waiter, now), Effect.fail(step.error))
        case "WaitForChange":
          return Effect.zipRight(interruptible(waiter.changed.await), awaitTurn(waiter, interruptible))
        case "WaitUntil":
          return announce(waiter, now).pipe(
            Effect.zipRight(interruptible(changeOrTime(waiter, step.at - now))),
            Effect.zipRight(awaitTurn(waiter, interruptible))
          )
      }
    })

  const finish = (waiter: Waiter, { drawn, entry }: Turn, isUsed: boolean) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      ledger = isUsed ? Ledger.settle(ledger, entry, now) : Ledger.refund(ledger, entry, now)
      holds = isUsed ? holds : Ledger.giveBack(holds, drawn)
      writing.delete(waiter)
      wake(now)
      const count = Metric.increment(isUsed ? IdentifyMetrics.identifies : IdentifyMetrics.refunds)
      return Effect.zipRight(Effect.zipRight(count, report), save)
    })

  const acquire = (count: number) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      ledger = Ledger.refresh(ledger, limits, now)
      const left = Ledger.spendable(ledger, limits)
      // Those who wait in line came first.
      const inLine = Array.from(waiters).filter(({ hold }) => hold === undefined || !holds.has(hold)).length
      const free = Math.max(0, spendableFor(undefined) - inLine)
      if (free < count) {
        return Effect.fail(exhausted(now, left - free))
      }
      lastHold++
      holds = new Map(holds).set(lastHold, count)
      return Effect.succeed(lastHold)
    })

  const release = (hold: number) =>
    Effect.sync(() => {
      const rest = new Map(holds)
      rest.delete(hold)
      holds = rest
      isHoldAnnounced = isHoldAnnounced && rest.size > 0
      wakeAll()
    })

  return {
    reserve: (count) => Effect.acquireRelease(acquire(count), release),
    run: (claim, identify) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const waiter: Waiter = { ...claim, changed: Effect.unsafeMakeLatch(false) }
          waiters.add(waiter)
          const since = yield* Clock.currentTimeMillis
          yield* report
          const turn = yield* Effect.onError(awaitTurn(waiter, restore), () => leave(waiter))
          yield* Metric.update(IdentifyMetrics.wait, (turn.entry.at - since) / 1000)
          let isStarted = false
          const started = Effect.suspend(() => {
            isStarted = true
            return identify
          })
          return yield* Effect.onExit(
            restore(started),
            (exit) => finish(waiter, turn, isStarted && !provesUnsent(exit))
          )
        })
      ),
    budget: Effect.map(Clock.currentTimeMillis, (now) => {
      ledger = Ledger.refresh(ledger, limits, now)
      return Ledger.budget(ledger, limits)
    }),
    update: ({ account, limits: change }) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        limits = { ...limits, ...change }
        ledger = account === undefined ? ledger : Ledger.learn(ledger, account, writing.size, now)
        wakeAll()
        return Effect.zipRight(report, save)
      })
  }
}
