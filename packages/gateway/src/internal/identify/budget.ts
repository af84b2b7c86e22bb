/**
 * The rules of identifying: one IDENTIFY for each bucket and interval, and a daily budget. Pure functions of the earlier
 * IDENTIFYs and of monotonic time, in milliseconds.
 *
 * The ledger records the shards that have identified, not the free buckets, so it remains valid when the number of buckets
 * changes.
 */
import * as Duration from "effect/Duration"
import { defaultReserve, window } from "./budgetExhausted.js"

export interface Limits {
  readonly maxConcurrency: number
  /** The time between two IDENTIFYs of a bucket. */
  readonly interval: number
  /** Overrides the default reserve. */
  readonly reserve: number | undefined
}

export interface IdentifyEntry {
  readonly shard: number
  readonly at: number
}

/** The budget of a window of 24 hours. */
export interface BudgetWindow {
  readonly total: number
  readonly remaining: number
  /** Undefined until the first IDENTIFY of a window. */
  readonly resetsAt: number | undefined
}

export interface Ledger {
  /** The IDENTIFYs of the last interval, oldest first. */
  readonly recent: ReadonlyArray<IdentifyEntry>
  readonly account: BudgetWindow
}

/** The margin for network latency: Discord's window begins when an IDENTIFY arrives, and the reported end is read later. */
export const lateness = 5_000

/** The longest remaining time of a window. */
export const longestWindow = Duration.toMillis(window) + lateness

export const findBucket = (limits: Limits, shard: number): number => shard % limits.maxConcurrency

/** Returns a full window if this one is over. */
const renewed = (account: BudgetWindow, now: number): BudgetWindow =>
  account.resetsAt === undefined || now < account.resetsAt
    ? account
    : { total: account.total, remaining: account.total, resetsAt: undefined }

/** Removes old IDENTIFYs, and renews the budget at the end of its window. */
export const refresh = (ledger: Ledger, limits: Limits, now: number): Ledger => ({
  recent: ledger.recent.filter(({ at }) => now - at < limits.interval),
  account: renewed(ledger.account, now)
})

/** Returns the time at which the bucket may identify again. */
export const freeAt = (ledger: Ledger, limits: Limits, bucket: number): number => {
  let at = Number.NEGATIVE_INFINITY
  for (const entry of ledger.recent) {
    if (findBucket(limits, entry.shard) === bucket) {
      at = Math.max(at, entry.at + limits.interval)
    }
  }
  return at
}

/** Returns the reserve: at most one less than the total. */
export const effectiveReserve = (account: BudgetWindow, limits: Limits): number =>
  Math.max(0, Math.min(limits.reserve ?? defaultReserve(account.total), account.total - 1))

/** Returns the IDENTIFYs that the budget can still grant. */
export const spendable = ({ account }: Ledger, limits: Limits): number =>
  Math.max(0, account.remaining - effectiveReserve(account, limits))

/** The remaining IDENTIFYs of each reservation, by its number. Reservations are not stored. */
export type Reservations = ReadonlyMap<number, number>

/** A shard that wants to identify, and the reservation that it may spend. */
export interface Claim {
  readonly shard: number
  readonly reservation: number | undefined
}

const remainingIn = (reservations: Reservations, reservation: number | undefined): number =>
  reservation === undefined ? 0 : reservations.get(reservation) ?? 0

/**
 * Returns the part of `left` that a claim with this reservation may spend, without the reservations of others. If fewer are left
 * than are reserved, the owners spend them in order of their requests.
 */
export const spendableFor = (left: number, reservations: Reservations, reservation: number | undefined): number => {
  const own = remainingIn(reservations, reservation)
  const reserved = Array.from(reservations.values()).reduce((sum, n) => sum + n, 0)
  return Math.max(Math.min(own, left), left - (reserved - own))
}

/** Spends one IDENTIFY of the reservation; returns the same reservations if it is empty. */
export const consume = (reservations: Reservations, reservation: number | undefined): Reservations =>
  reservation === undefined || remainingIn(reservations, reservation) === 0
    ? reservations
    : new Map(reservations).set(reservation, remainingIn(reservations, reservation) - 1)

/** Returns an unused IDENTIFY to its reservation, unless that was released. */
export const restoreTo = (reservations: Reservations, reservation: number | undefined): Reservations =>
  reservation === undefined || !reservations.has(reservation)
    ? reservations
    : new Map(reservations).set(reservation, remainingIn(reservations, reservation) + 1)

/**
 * Returns the next claim of each bucket in order of the requests, even if the bucket is not free yet. The last IDENTIFYs of
 * a day are granted in order of the requests across buckets. A claim without an IDENTIFY to spend does not block others.
 */
export const nextInLine = <A extends Claim>(
  state: {
    readonly ledger: Ledger
    readonly limits: Limits
    readonly reservations: Reservations
    readonly now: number
  },
  waiting: Iterable<A>,
  writing: Iterable<Claim>
): ReadonlyArray<A> => {
  const { ledger, limits, now } = state
  const claimed = new Set(Array.from(writing, ({ shard }) => findBucket(limits, shard)))
  const next: Array<A> = []
  let { reservations } = state
  let left = spendable(ledger, limits)
  for (const claim of waiting) {
    if (claimed.size >= limits.maxConcurrency) {
      break
    }
    const bucket = findBucket(limits, claim.shard)
    if (claimed.has(bucket) || spendableFor(left, reservations, claim.reservation) === 0) {
      continue
    }
    claimed.add(bucket)
    next.push(claim)
    if (freeAt(ledger, limits, bucket) <= now) {
      left--
      reservations = consume(reservations, claim.reservation)
    }
  }
  return next
}

/** Records an IDENTIFY before it is written to the socket, so that a crash cannot hide it. */
export const take = (ledger: Ledger, shard: number, now: number): Ledger => ({
  recent: [...ledger.recent, { shard, at: now }],
  account: {
    ...ledger.account,
    remaining: ledger.account.remaining - 1,
    resetsAt: ledger.account.resetsAt ?? now + longestWindow
  }
})

const without = (recent: ReadonlyArray<IdentifyEntry>, taken: IdentifyEntry): ReadonlyArray<IdentifyEntry> => {
  const index = recent.findIndex(({ at, shard }) => at === taken.at && shard === taken.shard)
  return index < 0 ? recent : recent.filter((_, other) => other !== index)
}

/** Records that the IDENTIFY was written: the interval counts from now. */
export const confirmWritten = (ledger: Ledger, taken: IdentifyEntry, now: number): Ledger => ({
  ...ledger,
  recent: [...without(ledger.recent, taken), { shard: taken.shard, at: now }]
})

/**
 * Refunds an IDENTIFY that was never written, unless its window is over. If it opened the window, Discord's window has not
 * begun with it either: it begins with the first IDENTIFY written since, now at the latest, or with the next one.
 */
export const refund = (ledger: Ledger, taken: IdentifyEntry, now: number): Ledger => {
  const { account } = ledger
  const recent = without(ledger.recent, taken)
  const isSameWindow = account.resetsAt !== undefined && taken.at < account.resetsAt &&
    account.resetsAt - taken.at <= longestWindow
  if (!isSameWindow) {
    return { recent, account }
  }
  const remaining = Math.min(account.total, account.remaining + 1)
  const isOpener = account.resetsAt === taken.at + longestWindow
  const reopenedUntil = remaining === account.total ? undefined : now + longestWindow
  return { recent, account: { ...account, remaining, resetsAt: isOpener ? reopenedUntil : account.resetsAt } }
}

/**
 * Merges the budget that Discord reports. It may not include the IDENTIFYs in flight, so the smaller number is used within
 * a window.
 */
export const merge = (ledger: Ledger, reported: BudgetWindow, inFlight: number, now: number): Ledger => {
  const known = renewed(ledger.account, now)
  const remaining = Math.max(0, Math.min(reported.remaining, reported.total) - inFlight)
  const isSameWindow = known.resetsAt !== undefined && reported.resetsAt !== undefined &&
    Math.abs(known.resetsAt - reported.resetsAt) <= 2 * lateness
  return {
    ...ledger,
    account: {
      total: reported.total,
      remaining: isSameWindow ? Math.min(known.remaining, remaining) : remaining,
      resetsAt: reported.resetsAt
    }
  }
}
