/**
 * Converts the ledger between its monotonic time and the wall time of stores and readers. A wall clock may be changed at any
 * time, so a stored time is clamped: a shard never waits for longer than the limit itself.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import type * as IdentifyStore from "../../IdentifyStore.js"
import { IdentifyBudgetExhausted, window } from "./budgetExhausted.js"
import * as Budget from "./budget.js"

/** The time of both clocks, in milliseconds. */
export interface Now {
  readonly wall: number
  readonly monotonic: number
}

export const toWall = (now: Now, at: number): number => Math.round(now.wall + (at - now.monotonic))

/** Restores an entry. A time that is NaN or in the future counts as now, which is the longest limit. */
const restoreEntry = (now: Now, { at, shard }: Budget.IdentifyEntry): Budget.IdentifyEntry => ({
  shard,
  at: now.monotonic - (at <= now.wall ? now.wall - at : 0)
})

/** Restores the end of a window, at most the longest window from now. */
const restoreReset = (now: Now, at: number | undefined): number | undefined =>
  at === undefined
    ? undefined
    : now.monotonic + (at - now.wall <= Budget.longestWindow ? at - now.wall : Budget.longestWindow)

/** Restores the recent IDENTIFYs and the budget of an earlier process, if any. */
export const restore = (
  state: Option.Option<IdentifyStore.State>,
  now: Now
): { readonly recent: ReadonlyArray<Budget.IdentifyEntry>; readonly account: Option.Option<Budget.BudgetWindow> } => ({
  recent: Option.match(state, {
    onNone: () => [],
    onSome: ({ recent }) => recent.map((entry) => restoreEntry(now, entry))
  }),
  account: Option.flatMapNullable(
    state,
    ({ account }) => account && { ...account, resetsAt: restoreReset(now, account.resetsAt) }
  )
})

/** Converts the ledger for the store. */
export const store = ({ account, recent }: Budget.Ledger, now: Now): IdentifyStore.State => ({
  recent: recent.map(({ at, shard }) => ({ shard, at: toWall(now, at) })),
  account: { ...account, resetsAt: account.resetsAt === undefined ? undefined : toWall(now, account.resetsAt) }
})

/** Converts the budget for readers. */
export const budget = (
  { account }: Budget.Ledger,
  limits: Budget.Limits,
  now: Now
): IdentifyQueue.IdentifyBudget => ({
  total: account.total,
  remaining: account.remaining,
  reserve: Budget.effectiveReserve(account, limits),
  resetsAt: Option.map(Option.fromNullable(account.resetsAt), (at) => toWall(now, at))
})

/** Returns the monotonic time of the next window. */
export const renewsAt = ({ account }: Budget.Ledger, now: Now): number =>
  // Without an end, the window has not begun: if nothing is left in it, the queue checks again later.
  account.resetsAt ?? now.monotonic + Duration.toMillis(window)

/** Makes the error of an exhausted budget. `unavailable` IDENTIFYs are left and reserved for others. */
export const exhausted = (
  ledger: Budget.Ledger,
  limits: Budget.Limits,
  now: Now,
  unavailable: number
): IdentifyBudgetExhausted => {
  const until = renewsAt(ledger, now)
  return new IdentifyBudgetExhausted({
    total: ledger.account.total,
    remaining: Math.max(0, ledger.account.remaining - unavailable),
    reserve: Budget.effectiveReserve(ledger.account, limits),
    until: toWall(now, until),
    after: Duration.millis(Math.max(0, until - now.monotonic))
  })
}
