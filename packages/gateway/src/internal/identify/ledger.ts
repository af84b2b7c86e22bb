/**
 * Which shard may identify when: pure functions of earlier identifies and of monotonic time, in milliseconds.
 *
 * The ledger records which shards have identified lately, not when a bucket is free, so that it stays right when the
 * number of buckets changes.
 */
import * as Duration from "effect/Duration"
import * as IdentifyBudget from "../../IdentifyBudget.js"

export interface Limits {
  readonly maxConcurrency: number
  /** Between two identifies of a bucket. */
  readonly interval: number
  /** Replaces the reserve that follows from the total. */
  readonly reserve: number | undefined
}

export interface Entry {
  readonly shard: number
  readonly at: number
}

/** The identifies left in a window of 24 hours. */
export interface Account {
  readonly total: number
  readonly remaining: number
  /** Undefined until the first identify of a window. */
  readonly resetsAt: number | undefined
}

export interface Ledger {
  /** The identifies of the last interval, oldest first. */
  readonly recent: ReadonlyArray<Entry>
  readonly account: Account
}

/**
 * Discord's window starts when an identify arrives there, some time after it was written here; and the end that Discord
 * reports is old by the time it is read.
 */
export const lateness = 5_000

/** The longest time that a window can last from now on. */
export const longestWindow = Duration.toMillis(IdentifyBudget.window) + lateness

export const bucketOf = (limits: Limits, shard: number): number => shard % limits.maxConcurrency

/** A full account once the window is over. */
const renewed = (account: Account, now: number): Account =>
  account.resetsAt === undefined || now < account.resetsAt
    ? account
    : { total: account.total, remaining: account.total, resetsAt: undefined }

/** Forgets what no longer matters. */
export const refresh = (ledger: Ledger, limits: Limits, now: number): Ledger => ({
  recent: ledger.recent.filter(({ at }) => now - at < limits.interval),
  account: renewed(ledger.account, now)
})

/** The time at which the interval lets a bucket identify. */
export const freeAt = (ledger: Ledger, limits: Limits, bucket: number): number => {
  let at = Number.NEGATIVE_INFINITY
  for (const entry of ledger.recent) {
    if (bucketOf(limits, entry.shard) === bucket) {
      at = Math.max(at, entry.at + limits.interval)
    }
  }
  return at
}

/** The reserve never leaves less than one identify of the total. */
export const reserveOf = (account: Account, limits: Limits): number =>
  Math.max(0, Math.min(limits.reserve ?? IdentifyBudget.defaultReserve(account.total), account.total - 1))

/** The number of identifies that the budget can still grant. */
export const spendable = ({ account }: Ledger, limits: Limits): number =>
  Math.max(0, account.remaining - reserveOf(account, limits))

/**
 * Identifies that only some may spend: the number left of each hold, by the hold's number. They end with the process, and
 * are not stored.
 */
export type Holds = ReadonlyMap<number, number>

/** A shard that wants to identify, and the hold that it may spend. */
export interface Claim {
  readonly shard: number
  readonly hold: number | undefined
}

const leftOf = (holds: Holds, hold: number | undefined): number => hold === undefined ? 0 : holds.get(hold) ?? 0

/**
 * The part of `left` that a claim with this hold may spend: all but what others hold. If fewer are left than are held,
 * the holders spend them in the order in which they ask.
 */
export const spendableFor = (left: number, holds: Holds, hold: number | undefined): number => {
  const own = leftOf(holds, hold)
  const held = Array.from(holds.values()).reduce((sum, n) => sum + n, 0)
  return Math.max(Math.min(own, left), left - (held - own))
}

/** Spends one of the hold, while there is one: the same holds if it is empty. */
export const consume = (holds: Holds, hold: number | undefined): Holds =>
  hold === undefined || leftOf(holds, hold) === 0 ? holds : new Map(holds).set(hold, leftOf(holds, hold) - 1)

/** Returns one that was consumed and not spent to its hold, unless the hold has been released. */
export const restoreTo = (holds: Holds, hold: number | undefined): Holds =>
  hold === undefined || !holds.has(hold) ? holds : new Map(holds).set(hold, leftOf(holds, hold) + 1)

/**
 * The next of each bucket in the order of asking, those whose bucket is not free yet included. The last identifies of a
 * day are granted in the order of asking, whatever the bucket. A claim that has none to spend blocks no other.
 */
export const nextInLine = <A extends Claim>(
  state: { readonly ledger: Ledger; readonly limits: Limits; readonly holds: Holds; readonly now: number },
  waiting: Iterable<A>,
  writing: Iterable<Claim>
): ReadonlyArray<A> => {
  const { ledger, limits, now } = state
  const claimed = new Set(Array.from(writing, ({ shard }) => bucketOf(limits, shard)))
  const first: Array<A> = []
  let { holds } = state
  let left = spendable(ledger, limits)
  for (const claim of waiting) {
    if (claimed.size >= limits.maxConcurrency) {
      break
    }
    const bucket = bucketOf(limits, claim.shard)
    if (claimed.has(bucket) || spendableFor(left, holds, claim.hold) === 0) {
      continue
    }
    claimed.add(bucket)
    first.push(claim)
    if (freeAt(ledger, limits, bucket) <= now) {
      left--
      holds = consume(holds, claim.hold)
    }
  }
  return first
}

/** Records an identify before it is written to the socket, so that a crash cannot hide it. */
export const take = (ledger: Ledger, shard: number, now: number): Ledger => ({
  recent: [...ledger.recent, { shard, at: now }],
  account: {
    ...ledger.account,
    remaining: ledger.account.remaining - 1,
    resetsAt: ledger.account.resetsAt ?? now + longestWindow
  }
})

const without = (recent: ReadonlyArray<Entry>, taken: Entry): ReadonlyArray<Entry> => {
  const index = recent.findIndex(({ at, shard }) => at === taken.at && shard === taken.shard)
  return index < 0 ? recent : recent.filter((_, other) => other !== index)
}

/** The identify was written: the interval counts from now. */
export const settle = (ledger: Ledger, taken: Entry, now: number): Ledger => ({
  ...ledger,
  recent: [...without(ledger.recent, taken), { shard: taken.shard, at: now }]
})

/**
 * The identify was never written: it costs nothing, unless its window is over. If it opened the window, Discord's window
 * has not begun with it either: it begins with the first identify written since, now at the latest, or with the next one.
 */
export const refund = (ledger: Ledger, taken: Entry, now: number): Ledger => {
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
 * Merges the account that Discord reports. Identifies in flight may not be in its figures: within a window the smaller
 * number counts.
 */
export const merge = (ledger: Ledger, reported: Account, inFlight: number, now: number): Ledger => {
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
