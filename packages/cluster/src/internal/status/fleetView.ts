/** What can be seen and changed of a fleet from outside, by a runner or by an operator. */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ReshardUnderWayError, UnknownFleetError } from "../../ClusterError.js"
import { inTime, nowOf, remainingOf } from "../database/statement.js"

/** How many shards a fleet has, and how many it is to have. */
export interface Totals {
  /** 0 if there is no such fleet. */
  readonly total: number
  readonly next: Option.Option<number>
  readonly epoch: number
}

/** A shard as the table has it. */
export interface ShardRow {
  readonly total: number
  readonly shard: number
  readonly owner: string | null
  readonly status: string | null
  /** Whether its owner's lease has not expired. */
  readonly isOwned: boolean
}

export interface RunnerRow {
  readonly id: string
  readonly name: string
  readonly isDraining: boolean
}

export interface View {
  readonly plan: Totals
  /** Parts of a resharding that are done. */
  readonly done: number
  /** Of both totals, while there are two. */
  readonly shards: ReadonlyArray<ShardRow>
  readonly runners: ReadonlyArray<RunnerRow>
  /** The day's identifies; none if there is no queue in the database. */
  readonly identifies: Option.Option<{ readonly remaining: number; readonly total: number }>
}

const totalsOf = (sql: SqlClient.SqlClient, fleet: string): Effect.Effect<Totals, Error> =>
  Effect.map(
    inTime(sql<{ readonly total: number; readonly next_total: number | null; readonly epoch: number }>`
      SELECT total, next_total, epoch FROM vesper_fleets WHERE fleet = ${fleet}
    `),
    ([row]) => ({
      total: row?.total ?? 0,
      next: Option.fromNullable(row?.next_total),
      epoch: row?.epoch ?? 0
    })
  )

const doneOf = (sql: SqlClient.SqlClient, fleet: string, { epoch, next }: Totals): Effect.Effect<number, Error> =>
  Option.isNone(next) ? Effect.succeed(0) : Effect.map(
    inTime(sql`SELECT part FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1`),
    (rows) => rows.length
  )

export const look = (sql: SqlClient.SqlClient, fleet: string): Effect.Effect<View, Error> =>
  Effect.gen(function*() {
    const now = nowOf(sql)
    const plan = yield* totalsOf(sql, fleet)
    const done = yield* doneOf(sql, fleet, plan)
    const shards = yield* inTime(sql<Omit<ShardRow, "isOwned"> & { readonly is_owned: number }>`
      SELECT total, shard, owner, status,
        CASE WHEN owner IS NOT NULL AND expires_at > ${now} THEN 1 ELSE 0 END AS is_owned
      FROM vesper_sessions
      WHERE fleet = ${fleet} AND (total = ${plan.total} OR total = ${Option.getOrElse(plan.next, () => plan.total)})
      ORDER BY shard
    `)
    const runners = yield* inTime(sql<{ readonly id: string; readonly name: string; readonly draining: number }>`
      SELECT id, name, draining FROM vesper_runners WHERE fleet = ${fleet} AND expires_at > ${now} ORDER BY name, id
    `)
    const [identifies] = yield* inTime(sql<{ readonly remaining: number; readonly total: number }>`
      SELECT total, ${remainingOf(sql)} AS remaining FROM vesper_budgets WHERE fleet = ${fleet}
    `)
    return {
      plan,
      done,
      identifies: Option.fromNullable(identifies),
      shards: shards.map(({ is_owned, ...row }) => ({ ...row, isOwned: is_owned === 1 })),
      runners: runners.map(({ draining, id, name }) => ({ id, name, isDraining: draining === 1 }))
    }
  })

/** Fails for a name that no runner has ever used, which is most likely a typing error. */
const refuseUnknown = (
  sql: SqlClient.SqlClient,
  fleet: string,
  { total }: Totals
): Effect.Effect<void, Error | UnknownFleetError> =>
  total > 0 ? Effect.void : Effect.flatMap(
    inTime(sql<{ readonly fleet: string }>`SELECT fleet FROM vesper_fleets ORDER BY fleet LIMIT 20`),
    (rows) => Effect.fail(new UnknownFleetError({ fleet, known: rows.map((row) => row.fleet) }))
  )

/** Asks the runners of this name or id to end; how many those are. */
export const drain = (
  sql: SqlClient.SqlClient,
  fleet: string,
  runner: string
): Effect.Effect<number, Error | UnknownFleetError> =>
  Effect.map(
    Effect.zipRight(
      Effect.flatMap(totalsOf(sql, fleet), (totals) => refuseUnknown(sql, fleet, totals)),
      inTime(sql`
        UPDATE vesper_runners SET draining = 1
        WHERE fleet = ${fleet} AND (name = ${runner} OR id = ${runner}) AND expires_at > ${nowOf(sql)}
        RETURNING id
      `)
    ),
    (rows) => rows.length
  )

/**
 * Sets how many shards there are to be. Tries again if the plan changes meanwhile. A change that a runner has begun cannot
 * be changed any more.
 */
export const setTotal = (
  sql: SqlClient.SqlClient,
  fleet: string,
  total: number
): Effect.Effect<void, Error | UnknownFleetError | ReshardUnderWayError> =>
  Effect.gen(function*() {
    const plan = yield* totalsOf(sql, fleet)
    yield* refuseUnknown(sql, fleet, plan)
    const wanted = Option.getOrElse(plan.next, () => plan.total)
    if (wanted === total) {
      return
    }
    const written = yield* inTime(sql`
      UPDATE vesper_fleets
      SET next_total = ${total === plan.total ? null : total}, parts = ${ShardId.parts(plan.total, total)},
        epoch = epoch + 1
      WHERE fleet = ${fleet} AND epoch = ${plan.epoch}
        AND NOT EXISTS (SELECT 1 FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${plan.epoch})
      RETURNING total
    `)
    if (written.length === 0) {
      const now = yield* totalsOf(sql, fleet)
      return yield* now.epoch === plan.epoch
        ? Effect.fail(new ReshardUnderWayError({ from: plan.total, to: wanted }))
        : setTotal(sql, fleet, total)
    }
  })
