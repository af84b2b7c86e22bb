/**
 * Translates the ledger, which counts in monotonic time, into the wall times that a store keeps and a reader is shown,
 * and back. A wall clock may be set at any time, in any direction and between two processes too: a stored time is
 * clamped to what is possible, and never makes a shard wait for longer than the limit itself.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as IdentifyBudget from "../../IdentifyBudget.js"
import type * as IdentifyStore from "../../IdentifyStore.js"
import * as Ledger from "./ledger.js"

/** Both clocks at one moment, in milliseconds. */
export interface Now {
  readonly wall: number
  readonly monotonic: number
}

export const toWall = (now: Now, at: number): number => Math.round(now.wall + (at - now.monotonic))

/** A time that is no number, or in the future, counts as now: the limit then lasts at its longest. */
const entryFrom = (now: Now, { at, shard }: Ledger.Entry): Ledger.Entry => ({
  shard,
  at: now.monotonic - (at <= now.wall ? now.wall - at : 0)
})

/** The end of a window is at most a window away, whatever the store says. */
const resetFrom = (now: Now, at: number | undefined): number | undefined =>
  at === undefined
    ? undefined
    : now.monotonic + (at - now.wall <= Ledger.longestWindow ? at - now.wall : Ledger.longestWindow)

/** The recent identifies and the account that an earlier process left, if it left one. */
export const restore = (
  state: Option.Option<IdentifyStore.State>,
  now: Now
): { readonly recent: ReadonlyArray<Ledger.Entry>; readonly account: Option.Option<Ledger.Account> } => ({
  recent: Option.match(state, {
    onNone: () => [],
    onSome: ({ recent }) => recent.map((entry) => entryFrom(now, entry))
  }),
  account: Option.flatMapNullable(
    state,
    ({ account }) => account && { ...account, resetsAt: resetFrom(now, account.resetsAt) }
  )
})

export const store = ({ account, recent }: Ledger.Ledger, now: Now): IdentifyStore.State => ({
  recent: recent.map(({ at, shard }) => ({ shard, at: toWall(now, at) })),
  account: { ...account, resetsAt: account.resetsAt === undefined ? undefined : toWall(now, account.resetsAt) }
})

/** The budget as a reader is shown it. */
export const budget = (
  { account }: Ledger.Ledger,
  limits: Ledger.Limits,
  now: Now
): IdentifyBudget.IdentifyBudget => ({
  total: account.total,
  remaining: account.remaining,
  reserve: Ledger.reserveOf(account, limits),
  resetsAt: account.resetsAt === undefined ? undefined : toWall(now, account.resetsAt)
})

/** The monotonic time at which identifies are available again, when none is left. */
export const renewsAt = ({ account }: Ledger.Ledger, now: Now): number =>
  // A window without an end has not begun: with nothing left in it, the queue can only look again later.
  account.resetsAt ?? now.monotonic + Duration.toMillis(IdentifyBudget.window)

/** The error of a shard that finds nothing to spend. `unavailable` are left and promised to others. */
export const exhausted = (
  ledger: Ledger.Ledger,
  limits: Ledger.Limits,
  now: Now,
  unavailable: number
): IdentifyBudget.IdentifyBudgetExhausted => {
  const until = renewsAt(ledger, now)
  return new IdentifyBudget.IdentifyBudgetExhausted({
    total: ledger.account.total,
    remaining: Math.max(0, ledger.account.remaining - unavailable),
    reserve: Ledger.reserveOf(ledger.account, limits),
    until: toWall(now, until),
    after: Duration.millis(Math.max(0, until - now.monotonic))
  })
}
