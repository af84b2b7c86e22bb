/**
 * What anybody may see and ask of a fleet, runner or not.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { inTime, nowOf } from "./schema.js"

/** A shard as the table has it. */
export interface ShardRow {
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
  readonly total: number
  readonly shards: ReadonlyArray<ShardRow>
  readonly runners: ReadonlyArray<RunnerRow>
}

/** 0 before the first runner has come. */
export const totalOf = (sql: SqlClient.SqlClient, fleet: string): Effect.Effect<number, Error> =>
  Effect.map(
    inTime(sql<{ readonly total: number }>`SELECT total FROM vesper_fleets WHERE fleet = ${fleet}`),
    (rows) => rows[0]?.total ?? 0
  )

export const look = (sql: SqlClient.SqlClient, fleet: string): Effect.Effect<View, Error> =>
  Effect.gen(function*() {
    const now = nowOf(sql)
    const total = yield* totalOf(sql, fleet)
    const shards = yield* inTime(sql<Omit<ShardRow, "isOwned"> & { readonly is_owned: number }>`
      SELECT shard, owner, status, CASE WHEN owner IS NOT NULL AND expires_at > ${now} THEN 1 ELSE 0 END AS is_owned
      FROM vesper_sessions WHERE fleet = ${fleet} AND total = ${total} ORDER BY shard
    `)
    const runners = yield* inTime(sql<{ readonly id: string; readonly name: string; readonly draining: number }>`
      SELECT id, name, draining FROM vesper_runners WHERE fleet = ${fleet} AND expires_at > ${now} ORDER BY name, id
    `)
    return {
      total,
      shards: shards.map(({ is_owned, owner, shard, status }) => ({ shard, owner, status, isOwned: is_owned === 1 })),
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

export const setTotal = (sql: SqlClient.SqlClient, fleet: string, total: number): Effect.Effect<void, Error> =>
  Effect.asVoid(inTime(sql`
    INSERT INTO vesper_fleets (fleet, total) VALUES (${fleet}, ${total})
    ON CONFLICT (fleet) DO UPDATE SET total = excluded.total
  `))
