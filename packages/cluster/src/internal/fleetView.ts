/**
 * What anybody may see and ask of a fleet, runner or not.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import { ReshardUnderWayError } from "../ClusterError.js"
import { inTime, nowOf, remainingOf } from "./schema.js"

/** How many shards a fleet has, and how many it is to have. */
export interface Plan {
  /** 0 before the first runner has come. */
  readonly total: number
  readonly next: Option.Option<number>
  /** Grows with each change of the number. */
  readonly epoch: number
}

/** A shard as the table has it. */
export interface ShardRow {
  readonly total: number
  readonly shard: number
  readonly owner: string | null
  readonly status: string | null
  /** Whether its owner's lease still runs. */
  readonly isOwned: boolean
}

export interface RunnerRow {
  readonly id: string
  readonly name: string
  readonly isDraining: boolean
}

export interface View {
  readonly plan: Plan
  /** Parts of a resharding that are done. */
  readonly done: number
  /** Of both totals, while there are two. */
  readonly shards: ReadonlyArray<ShardRow>
  readonly runners: ReadonlyArray<RunnerRow>
  /** The day's identifies; none if there is no queue in the database. */
  readonly identifies: Option.Option<{ readonly remaining: number; readonly total: number }>
}

export const planOf = (sql: SqlClient.SqlClient, fleet: string): Effect.Effect<Plan, Error> =>
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

const doneOf = (sql: SqlClient.SqlClient, fleet: string, { epoch, next }: Plan): Effect.Effect<number, Error> =>
  Option.isNone(next) ? Effect.succeed(0) : Effect.map(
    inTime(sql`SELECT part FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1`),
    (rows) => rows.length
  )

export const look = (sql: SqlClient.SqlClient, fleet: string): Effect.Effect<View, Error> =>
  Effect.gen(function*() {
    const now = nowOf(sql)
    const plan = yield* planOf(sql, fleet)
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

/** Asks the runners of this name or id to go; how many those are. */
export const drain = (sql: SqlClient.SqlClient, fleet: string, runner: string): Effect.Effect<number, Error> =>
  Effect.map(
    inTime(sql`
      UPDATE vesper_runners SET draining = 1
      WHERE fleet = ${fleet} AND (name = ${runner} OR id = ${runner}) AND expires_at > ${nowOf(sql)}
      RETURNING id
    `),
    (rows) => rows.length
  )

/**
 * Says how many shards there are to be. What happened in between is tried again; a change that a runner has begun is not
 * to be changed any more, and is given.
 */
export const setTotal = (
  sql: SqlClient.SqlClient,
  fleet: string,
  total: number
): Effect.Effect<Option.Option<ReshardUnderWayError>, Error> =>
  Effect.gen(function*() {
    yield* inTime(
      sql`INSERT INTO vesper_fleets (fleet, total) VALUES (${fleet}, ${total}) ON CONFLICT (fleet) DO NOTHING`
    )
    const plan = yield* planOf(sql, fleet)
    if (Option.getOrElse(plan.next, () => plan.total) === total) {
      return Option.none()
    }
    const next = total === plan.total ? null : total
    const written = yield* inTime(sql`
      UPDATE vesper_fleets
      SET next_total = ${next}, parts = ${ShardId.parts(plan.total, total)}, epoch = epoch + 1
      WHERE fleet = ${fleet} AND epoch = ${plan.epoch}
        AND NOT EXISTS (SELECT 1 FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${plan.epoch})
      RETURNING total
    `)
    if (written.length > 0) {
      return Option.none()
    }
    const now = yield* planOf(sql, fleet)
    return now.epoch === plan.epoch
      ? Option.some(new ReshardUnderWayError({ from: plan.total, to: Option.getOrElse(plan.next, () => plan.total) }))
      : yield* setTotal(sql, fleet, total)
  })
