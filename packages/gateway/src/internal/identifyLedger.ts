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

/**
 * Identifies that only some may spend: how many are left of each hold, by its number. They end with the process, so what
 * is kept knows nothing of them.
 */
export type Holds = ReadonlyMap<number, number>

/** Who wants to identify, and of which hold, if any. */
export interface Claim {
  readonly shard: number
  readonly hold: number | undefined
}

const leftOf = (holds: Holds, hold: number | undefined): number => hold === undefined ? 0 : holds.get(hold) ?? 0

/**
 * What somebody may spend of what is left: all but what others hold. If it has turned out that less is left than is held,
 * those who hold some spend it as they come.
 */
export const spendableFor = (left: number, holds: Holds, hold: number | undefined): number => {
  const own = leftOf(holds, hold)
  const held = Array.from(holds.values()).reduce((sum, n) => sum + n, 0)
  return Math.max(Math.min(own, left), left - (held - own))
}

/** Spends one of the hold, while there is one: the same holds if there is none. */
export const draw = (holds: Holds, hold: number | undefined): Holds =>
  hold === undefined || leftOf(holds, hold) === 0 ? holds : new Map(holds).set(hold, leftOf(holds, hold) - 1)

/** What was drawn was not spent. It goes back to its hold if that has not been released. */
export const giveBack = (holds: Holds, hold: number | undefined): Holds =>
  hold === undefined || !holds.has(hold) ? holds : new Map(holds).set(hold, leftOf(holds, hold) + 1)

/**
 * The next of each bucket, in the order in which they came; those whose bucket is not free yet among them. The last
 * identifies of a day go to those who came first, whatever their bucket. Whoever has none to spend stands in nobody's way.
 */
export const heads = <A extends Claim>(
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
      holds = draw(holds, claim.hold)
    }
  }
  return first
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

/**
 * The identify never went out: it costs nothing, unless its window is over anyway. If it was the one that opened the
 * window, Discord's window has not begun with it either: it begins with the first of those that have gone out since, now
 * at the latest, or with the next one.
 */
export const refund = (ledger: Ledger, taken: Entry, now: number): Ledger => {
  const { account } = ledger
  const recent = without(ledger.recent, taken)
  const isSameWindow = account?.resetsAt !== undefined && taken.at < account.resetsAt &&
    account.resetsAt - taken.at <= window + lateness
  if (account === undefined || !isSameWindow) {
    return { recent, account }
  }
  const remaining = Math.min(account.total, account.remaining + 1)
  const isOpener = account.resetsAt - taken.at === window + lateness
  const openedAnew = remaining === account.total ? undefined : now + window + lateness
  return { recent, account: { ...account, remaining, resetsAt: isOpener ? openedAnew : account.resetsAt } }
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
