/**
 * What may identify when: pure functions of what was identified before and of the time, in milliseconds.
 *
 * The ledger keeps which shards identified lately, not when which bucket is free: it stays right when the number of
 * buckets changes.
 */
import * as Duration from "effect/Duration"
import * as IdentifyBudget from "../IdentifyBudget.js"

export interface Limits {
  readonly maxConcurrency: number
  /** Between two identifies of a bucket. */
  readonly interval: number
  /** Overrides what the total asks for. */
  readonly reserve: number | undefined
}

export interface Entry {
  readonly shard: number
  readonly at: number
}

/** What is left in a window of 24 hours. */
export interface Account {
  readonly total: number
  readonly remaining: number
  /** Undefined until the first identify of a window. */
  readonly resetsAt: number | undefined
}

export interface Ledger {
  /** Who identified within the last interval, oldest first. */
  readonly recent: ReadonlyArray<Entry>
  /** Undefined if nobody said what the bot may spend. */
  readonly account: Account | undefined
}

/**
 * Discord's window starts when an identify arrives there, some time after it was written here; and what Discord says of
 * its end is old by the time it is read.
 */
export const lateness = 5_000

const window = Duration.toMillis(IdentifyBudget.window)

export const bucketOf = (limits: Limits, shard: number): number => shard % limits.maxConcurrency

/** What is left once the time has come, if it has. */
const renewed = (account: Account, now: number): Account =>
  account.resetsAt === undefined || now < account.resetsAt
    ? account
    : { total: account.total, remaining: account.total, resetsAt: undefined }

/** The ledger as it is now, without what no longer matters. */
export const refresh = (ledger: Ledger, limits: Limits, now: number): Ledger => ({
  recent: ledger.recent.filter(({ at }) => now - at < limits.interval),
  account: ledger.account && renewed(ledger.account, now)
})

/** A ledger of an earlier process. A clock that was set back since must not make anyone wait for longer than ever. */
export const restore = (ledger: Ledger, now: number): Ledger => ({
  recent: ledger.recent.map(({ at, shard }) => ({ shard, at: Math.min(at, now) })),
  account: ledger.account && {
    ...ledger.account,
    resetsAt: ledger.account.resetsAt && Math.min(ledger.account.resetsAt, now + window + lateness)
  }
})

/** From when on the spacing lets a bucket identify. */
export const freeAt = (ledger: Ledger, limits: Limits, bucket: number): number => {
  let at = Number.NEGATIVE_INFINITY
  for (const entry of ledger.recent) {
    if (bucketOf(limits, entry.shard) === bucket) {
      at = Math.max(at, entry.at + limits.interval)
    }
  }
  return at
}

export const budget = (ledger: Ledger, limits: Limits): IdentifyBudget.IdentifyBudget | undefined => {
  const { account } = ledger
  if (account === undefined) {
    return undefined
  }
  const reserve = limits.reserve ?? IdentifyBudget.defaultReserve(account.total)
  return { ...account, reserve: Math.max(0, Math.min(reserve, account.total - 1)) }
}

/** How many identifies the budget has left to grant. */
export const spendable = (ledger: Ledger, limits: Limits): number => {
  const known = budget(ledger, limits)
  return known === undefined ? Number.POSITIVE_INFINITY : IdentifyBudget.spendable(known)
}

/** Writes an identify down before it is written to the socket, so that no crash can hide it. */
export const take = (ledger: Ledger, shard: number, now: number): Ledger => ({
  recent: [...ledger.recent, { shard, at: now }],
  account: ledger.account && {
    ...ledger.account,
    remaining: ledger.account.remaining - 1,
    resetsAt: ledger.account.resetsAt ?? now + window + lateness
  }
})

const without = (recent: ReadonlyArray<Entry>, taken: Entry): ReadonlyArray<Entry> => {
  const index = recent.findIndex(({ at, shard }) => at === taken.at && shard === taken.shard)
  return index < 0 ? recent : recent.filter((_, other) => other !== index)
}

/** The identify has gone out: the interval counts from now. */
export const settle = (ledger: Ledger, taken: Entry, now: number): Ledger => ({
  ...ledger,
  recent: [...without(ledger.recent, taken), { shard: taken.shard, at: now }]
})

/** The identify never went out: it costs nothing, unless its window is over anyway. */
export const refund = (ledger: Ledger, taken: Entry): Ledger => {
  const { account } = ledger
  const isSameWindow = account?.resetsAt !== undefined && taken.at < account.resetsAt &&
    account.resetsAt - taken.at <= window + lateness
  return {
    recent: without(ledger.recent, taken),
    account: account && isSameWindow
      ? { ...account, remaining: Math.min(account.total, account.remaining + 1) }
      : account
  }
}

/**
 * Takes over what somebody who knows says, such as Discord. Identifies that are under way may not be in those figures:
 * within a window the smaller number counts.
 */
export const learn = (ledger: Ledger, told: Account, inFlight: number, now: number): Ledger => {
  const known = ledger.account && renewed(ledger.account, now)
  const remaining = Math.max(0, Math.min(told.remaining, told.total) - inFlight)
  const isSameWindow = known?.resetsAt !== undefined && told.resetsAt !== undefined &&
    Math.abs(known.resetsAt - told.resetsAt) <= 2 * lateness
  return {
    ...ledger,
    account: {
      total: told.total,
      remaining: isSameWindow ? Math.min(known.remaining, remaining) : remaining,
      resetsAt: told.resetsAt
    }
  }
}
