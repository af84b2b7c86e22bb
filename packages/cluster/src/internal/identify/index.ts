/** The identify budget of a fleet in one row with a revision: turns of buckets, IDENTIFYs left, and those held. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import { currentTime, inTime, migrate } from "../database/index.js"

/** A copy of the row, which a change may write to. Times are in milliseconds since 1970 by the database's clock. */
export interface Account {
  readonly total: number
  remaining: number
  resetsAt: number
  /** The last turn of each bucket. */
  readonly turns: Record<
    string,
    { readonly holder: string; readonly freeAt: number; readonly hold?: string | undefined }
  >
  /** IDENTIFYs that are held, by the id of the hold. */
  readonly holds: Record<string, { count: number; expiresAt: number }>
}

export interface Request {
  readonly bucket: number
  /** Unique, so that a request whose answer was lost can be repeated. */
  readonly holder: string
  /** The hold to spend from for as long as it has IDENTIFYs. */
  readonly hold: string
}

/** The answer to a request. `wait` is in milliseconds, as all spans here. */
export type Answer = { readonly _tag: "Granted" | "Taken" | "Exhausted"; readonly wait: number }

/** The time in milliseconds after which a turn and a hold expire if their runner does not return. */
const turnPatience = 15_000
export const holdPatience = 30_000
export const heldIn = ({ holds }: Account): number => Object.values(holds).reduce((sum, { count }) => sum + count, 0)

/** Takes the bucket and one IDENTIFY, which must be more than the reserve and what is held for others. */
export const take = ({ bucket, hold, holder }: Request, reserve: number) => (account: Account, now: number): Answer => {
  const last = account.turns[bucket]
  const source = account.holds[hold]?.count === 0 ? undefined : account.holds[hold]
  if (last?.holder === holder) {
    return { _tag: "Granted", wait: 0 }
  }
  if (last !== undefined && last.freeAt > now) {
    return { _tag: "Taken", wait: last.freeAt - now }
  }
  if (account.remaining <= reserve + heldIn(account) - (source === undefined ? 0 : 1)) {
    return { _tag: "Exhausted", wait: Math.max(1_000, account.resetsAt - now) }
  }
  if (source !== undefined) {
    source.count--
  }
  account.remaining--
  // A window begins with its first IDENTIFY.
  account.resetsAt ||= now + Duration.toMillis(IdentifyQueue.budgetWindow)
  account.turns[bucket] = { holder, freeAt: now + turnPatience, hold: source === undefined ? undefined : hold }
  return { _tag: "Granted", wait: 0 }
}

/** Frees the bucket after the interval; at once and with its identify returned if that was not used. */
export const end =
  ({ bucket, holder }: Request, isUsed: boolean, interval: number) => (account: Account, now: number): void => {
    const turn = account.turns[bucket]
    if (turn?.holder !== holder) {
      return
    }
    account.turns[bucket] = { holder: "", freeAt: isUsed ? now + interval : 0 }
    if (!isUsed) {
      account.remaining = Math.min(account.total, account.remaining + 1)
      const { count = 0 } = account.holds[turn.hold ?? ""] ?? {}
      Object.assign(account.holds[turn.hold ?? ""] ?? {}, { count: count + 1 })
    }
  }

/** Reserves IDENTIFYs until they are released or the hold is not renewed; false if fewer are left. */
export const hold = (id: string, count: number, reserve: number) => (account: Account, now: number): boolean => {
  if (account.holds[id] === undefined && account.remaining < reserve + heldIn(account) + count) {
    return false
  }
  account.holds[id] ??= { count, expiresAt: now + holdPatience }
  return true
}

export const renewHold = (id: string) => ({ holds }: Account, now: number): void =>
  void Object.assign(holds[id] ?? {}, { expiresAt: now + holdPatience })

export const release = (id: string) => ({ holds }: Account): void => void delete holds[id]

/** Adopts Discord's figures. Within a window the lower one counts: an answer may not include a recent identify. */
export const merge = (remaining: number, resetAfter: Duration.Duration) => (account: Account, now: number): void => {
  account.remaining = account.resetsAt === 0 ? remaining : Math.min(account.remaining, remaining)
  account.resetsAt = Math.round(now + Duration.toMillis(resetAfter))
}

/** The row of a fleet in the database. PostgreSQL returns large numbers as text. */
export interface AccountRow {
  readonly remaining: string | number
  readonly resets_at: string | number
  readonly queue: string
}

/**
 * Reads a row at `now`. Its times are clamped to the longest limits, because the database's clock may have been set back; a
 * clamped row must be written, or the limits would never end.
 *
 * @param longestTurn milliseconds for which a bucket may be taken
 */
export const restore = (row: AccountRow, total: number, longestTurn: number, now: number): Account => {
  const { holds = {}, turns = {} }: Partial<Account> = JSON.parse(row.queue)
  const resetsAt = Math.min(Number(row.resets_at), now + Duration.toMillis(IdentifyQueue.budgetWindow))
  const isOver = resetsAt <= now
  return {
    total,
    remaining: isOver ? total : Number(row.remaining),
    resetsAt: isOver ? 0 : resetsAt,
    turns: Record.map(turns, (turn) => ({ ...turn, freeAt: Math.min(turn.freeAt, now + longestTurn) })),
    // Holds of runners that did not return are available to all.
    holds: Record.map(
      Record.filter(holds, ({ expiresAt }) => expiresAt > now),
      ({ count, expiresAt }) => ({ count, expiresAt: Math.min(expiresAt, now + holdPatience) })
    )
  }
}

/**
 * Creates the row of a fleet, or sets its total; returns a function that applies a change to it. `interval` is the time in
 * milliseconds between two IDENTIFYs of a bucket.
 */
export const make = (fleet: string, total: number, interval: number) =>
  Effect.gen(function*() {
    yield* migrate
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const begin = inTime(sql`
      INSERT INTO vesper_budgets (fleet, total, remaining, resets_at) VALUES (${fleet}, ${total}, ${total}, 0)
      ON CONFLICT (fleet) DO UPDATE SET total = excluded.total
    `)
    const time = currentTime(sql)
    const find = inTime(sql<Readonly<Record<string, string | number>>>`
      SELECT remaining, resets_at, queue, revision, ${time} AS now FROM vesper_budgets WHERE fleet = ${fleet}
    `)
    const longestTurn = Math.max(turnPatience, interval)
    const change = <A>(by: (account: Account, now: number) => A): Effect.Effect<A, Error> =>
      Effect.gen(function*() {
        const [{ now = 0, queue = "{}", remaining = total, resets_at = 0, revision = 0 } = {}] = yield* find
        const moment = Number(now)
        const account = restore({ remaining, resets_at, queue: String(queue) }, total, longestTurn, moment)
        const answer = by(account, moment)
        const { holds, remaining: left, resetsAt, turns } = account
        const document = JSON.stringify({ turns, holds })
        if (left === Number(remaining) && resetsAt === Number(resets_at) && document === queue) {
          return answer
        }
        const written = yield* inTime(sql`
          UPDATE vesper_budgets SET remaining = ${left}, resets_at = ${resetsAt}, queue = ${document},
            revision = revision + 1
          WHERE fleet = ${fleet} AND revision = ${Number(revision)} RETURNING fleet
        `)
        return written.length > 0 ? answer : yield* change(by)
      })
    return { begin, change }
  })
