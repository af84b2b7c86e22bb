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
import * as IdentifyBudget from "../IdentifyBudget.js"
import * as IdentifyMetrics from "../IdentifyMetrics.js"
import type * as IdentifyStore from "../IdentifyStore.js"
import * as Ledger from "./identifyLedger.js"

/** A fiber in the queue. */
interface Waiter {
  readonly shard: number
  /** Opened when something has changed for it. */
  readonly changed: Effect.Latch
  isInFlight: boolean
}

/** What a waiter does next. */
type Step =
  | { readonly _tag: "Go" }
  | { readonly _tag: "WaitForChange" }
  | { readonly _tag: "WaitUntil"; readonly at: number }
  | { readonly _tag: "Exhausted"; readonly error: IdentifyBudget.IdentifyBudgetExhausted }

export interface Scheduler {
  readonly run: <A, E, R>(
    shard: number,
    identify: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | IdentifyBudget.IdentifyBudgetExhausted, R>
  readonly budget: Effect.Effect<IdentifyBudget.IdentifyBudget | undefined>
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
  // In the order in which they came; those in flight stay until their identify is written.
  const waiters = new Set<Waiter>()
  let announced: number | undefined
  const saving = Effect.unsafeMakeSemaphore(1)

  // The newest state each time, whatever the order in which fibers come to write it.
  const save = saving.withPermits(1)(Effect.suspend(() => store.save(ledger)))

  const report = Effect.suspend(() => {
    const waiting = Array.from(waiters).filter(({ isInFlight }) => !isInFlight).length
    const left = Ledger.spendable(ledger, limits)
    const setWaiting = Metric.set(IdentifyMetrics.waiting, waiting)
    return left === Number.POSITIVE_INFINITY
      ? setWaiting
      : Effect.zipRight(setWaiting, Metric.set(IdentifyMetrics.budget, left))
  })

  /** The first of each bucket, in the order in which they came; a bucket with somebody in flight is busy. */
  const heads = (): ReadonlyArray<Waiter> => {
    const first = new Map<number, Waiter>()
    const busy = new Set<number>()
    for (const waiter of waiters) {
      const bucket = Ledger.bucketOf(limits, waiter.shard)
      if (waiter.isInFlight) {
        busy.add(bucket)
      } else if (!first.has(bucket)) {
        first.set(bucket, waiter)
      }
      if (first.size === limits.maxConcurrency) {
        break
      }
    }
    return Array.from(first).filter(([bucket]) => !busy.has(bucket)).map(([, waiter]) => waiter)
  }

  const wakeHeads = () => heads().forEach(({ changed }) => changed.unsafeOpen())

  const exhausted = (now: number): Step => {
    const { remaining, reserve, resetsAt, total } = Ledger.budget(ledger, limits) ??
      { total: 0, remaining: 0, reserve: 0, resetsAt: undefined }
    // A window that nobody knows the end of has not begun: told so, with nothing left, we can only look again later.
    const until = resetsAt ?? now + Duration.toMillis(IdentifyBudget.window)
    return options.whenExhausted === "wait"
      ? { _tag: "WaitUntil", at: until }
      : {
        _tag: "Exhausted",
        error: new IdentifyBudget.IdentifyBudgetExhausted({ total, remaining, reserve, until })
      }
  }

  const next = (waiter: Waiter, now: number): Step => {
    ledger = Ledger.refresh(ledger, limits, now)
    const left = Ledger.spendable(ledger, limits)
    if (left === 0) {
      return exhausted(now)
    }
    const first = heads()
    if (!first.includes(waiter)) {
      return { _tag: "WaitForChange" }
    }
    const at = Ledger.freeAt(ledger, limits, Ledger.bucketOf(limits, waiter.shard))
    if (now < at) {
      return { _tag: "WaitUntil", at }
    }
    // The last identifies of a day go to those who came first, whatever their bucket.
    const before = first.slice(0, first.indexOf(waiter)).filter(({ shard }) =>
      Ledger.freeAt(ledger, limits, Ledger.bucketOf(limits, shard)) <= now
    )
    return before.length < left ? { _tag: "Go" } : { _tag: "WaitForChange" }
  }

  const announce = (now: number) =>
    Effect.suspend(() => {
      const known = Ledger.budget(ledger, limits)
      const until = known?.resetsAt
      if (known === undefined || until === undefined || until === announced || IdentifyBudget.spendable(known) > 0) {
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
    Effect.suspend(() => {
      waiters.delete(waiter)
      wakeHeads()
      return report
    })

  /** Completes with the entry in the ledger. Not to be interrupted but where it waits. */
  const awaitTurn = (
    waiter: Waiter,
    interruptible: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<Ledger.Entry, IdentifyBudget.IdentifyBudgetExhausted> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      waiter.changed.unsafeClose()
      const step = next(waiter, now)
      switch (step._tag) {
        case "Go": {
          waiter.isInFlight = true
          ledger = Ledger.take(ledger, waiter.shard, now)
          return Effect.as(Effect.zipRight(report, save), { shard: waiter.shard, at: now })
        }
        case "Exhausted":
          return Effect.zipRight(announce(now), Effect.fail(step.error))
        case "WaitForChange":
          return Effect.zipRight(interruptible(waiter.changed.await), awaitTurn(waiter, interruptible))
        case "WaitUntil":
          return announce(now).pipe(
            Effect.zipRight(interruptible(changeOrTime(waiter, step.at - now))),
            Effect.zipRight(awaitTurn(waiter, interruptible))
          )
      }
    })

  const finish = (waiter: Waiter, taken: Ledger.Entry, isUsed: boolean) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      ledger = isUsed ? Ledger.settle(ledger, taken, now) : Ledger.refund(ledger, taken)
      waiters.delete(waiter)
      wakeHeads()
      const count = Metric.increment(isUsed ? IdentifyMetrics.identifies : IdentifyMetrics.refunds)
      return Effect.zipRight(Effect.zipRight(count, report), save)
    })

  return {
    run: (shard, identify) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const waiter: Waiter = { shard, changed: Effect.unsafeMakeLatch(false), isInFlight: false }
          waiters.add(waiter)
          const since = yield* Clock.currentTimeMillis
          yield* report
          const taken = yield* Effect.onError(awaitTurn(waiter, restore), () => leave(waiter))
          yield* Metric.update(IdentifyMetrics.wait, (taken.at - since) / 1000)
          let isStarted = false
          const started = Effect.suspend(() => {
            isStarted = true
            return identify
          })
          return yield* Effect.onExit(
            restore(started),
            (exit) => finish(waiter, taken, isStarted && !provesUnsent(exit))
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
        const inFlight = Array.from(waiters).filter(({ isInFlight }) => isInFlight).length
        ledger = account === undefined ? ledger : Ledger.learn(ledger, account, inFlight, now)
        waiters.forEach(({ changed }) => changed.unsafeOpen())
        return Effect.zipRight(report, save)
      })
  }
}
