/** Parts of statements, and the time that a statement may take. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"

/** Milliseconds since 1970, as the database has them: what runners compare must not depend on their own clocks. */
export const nowOf = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
    orElse: () => sql.literal("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
  })

/** What is left of a budget: those of a window that is over count no more. */
export const remainingOf = (sql: SqlClient.SqlClient): Fragment =>
  sql`CASE WHEN resets_at <= ${nowOf(sql)} THEN total ELSE remaining END`

/** Rows of a statement as one parameter, so that its text and its place among the prepared ones stay the same. */
export const rowsOf = <Column extends string>(
  sql: SqlClient.SqlClient,
  columns: Readonly<Record<Column, "INTEGER" | "BIGINT" | "TEXT">>,
  rows: ReadonlyArray<Readonly<Record<Column, number | string | null>>>
): Fragment => {
  const json = JSON.stringify(rows)
  const types = Object.entries(columns)
  return sql.onDialectOrElse({
    pg: () =>
      sql`jsonb_to_recordset(CAST(${json} AS JSONB)) AS v(${
        sql.literal(types.map(([name, type]) => `${name} ${type}`).join(", "))
      })`,
    orElse: () =>
      sql`(SELECT ${
        sql.literal(types.map(([name]) => `json_extract(value, '$.${name}') AS ${name}`).join(", "))
      } FROM json_each(${json})) AS v`
  })
}

/** Locks rows in the order of the statement: two statements on the same rows would wait for each other otherwise. */
export const forUpdate = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({ pg: () => sql.literal("FOR UPDATE OF s"), orElse: () => sql.literal("") })

/** How many seconds a statement may take: a connection that leads nowhere never says so. */
const usualPatience = 2

/** The driver's own words: the library's say only that a statement has failed. */
const reasonOf = ({ cause, message }: SqlError): Error => cause instanceof Error ? cause : new Error(message)

/**
 * The statement's answer, or its failure in time. A statement that takes longer is not cancelled, which would take another
 * connection: it may still be carried out, and all statements are written so that a late one does no harm.
 */
export const inTime = <A, R>(
  statement: Effect.Effect<A, SqlError, R>,
  patience = usualPatience
): Effect.Effect<A, Error, R> =>
  statement.pipe(
    Effect.mapError(reasonOf),
    Effect.uninterruptible,
    Effect.disconnect,
    Effect.timeoutFail({
      duration: `${patience} seconds`,
      onTimeout: () => new Error(`the database did not answer within ${patience} seconds`)
    }),
    // A caller that cannot be interrupted is let go in time too, and its second interruption does not end the statement.
    Effect.interruptible,
    Effect.disconnect
  )
