/**
 * The tables that the runners of a fleet share, and the database's own clock: what runners compare must not depend on
 * the clocks of their machines.
 */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const sessions = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE vesper_sessions (
    fleet TEXT NOT NULL,
    total INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    session_id TEXT,
    sequence INTEGER,
    resume_url TEXT,
    owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL DEFAULT 0,
    status TEXT,
    PRIMARY KEY (fleet, total, shard)
  )`)

const fleets = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE vesper_fleets (
    fleet TEXT NOT NULL PRIMARY KEY,
    total INTEGER NOT NULL
  )`)

const runners = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE vesper_runners (
    id TEXT NOT NULL PRIMARY KEY,
    fleet TEXT NOT NULL,
    name TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    draining INTEGER NOT NULL DEFAULT 0
  )`)

const identifies = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE vesper_identifies (
    fleet TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    free_at BIGINT NOT NULL,
    holder TEXT,
    PRIMARY KEY (fleet, bucket)
  )`)

const budgets = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE vesper_budgets (
    fleet TEXT NOT NULL PRIMARY KEY,
    total INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    resets_at BIGINT NOT NULL
  )`)

// How many shards there are to be, and which attempt at it this is: whoever took part in an earlier one is known by that.
const nextTotals = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.all([
    sql`ALTER TABLE vesper_fleets ADD COLUMN next_total INTEGER`,
    sql`ALTER TABLE vesper_fleets ADD COLUMN parts INTEGER`,
    sql`ALTER TABLE vesper_fleets ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0`
  ], { discard: true }))

const handovers = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE vesper_handovers (
    fleet TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    part INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (fleet, epoch, part)
  )`)

const holds = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.all([
    sql`ALTER TABLE vesper_budgets ADD COLUMN held INTEGER NOT NULL DEFAULT 0`,
    sql`CREATE TABLE vesper_holds (
      id TEXT NOT NULL PRIMARY KEY,
      fleet TEXT NOT NULL,
      count INTEGER NOT NULL,
      expires_at BIGINT NOT NULL
    )`
  ], { discard: true }))

const runMigrations = Migrator.make({})({
  loader: Migrator.fromRecord({
    "1_sessions": sessions,
    "2_fleets": fleets,
    "3_runners": runners,
    "4_identifies": identifies,
    "5_budgets": budgets,
    "6_next_totals": nextTotals,
    "7_handovers": handovers,
    "8_holds": holds
  }),
  table: "vesper_migrations"
})

/** Runners that start together race to make the tables: all but one fail, and find them made a moment later. */
const againSoon = Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(25))

/** Makes the tables that are missing. What still fails after some seconds is a defect: nothing works without them. */
export const migrate: Effect.Effect<void, never, SqlClient.SqlClient> = runMigrations.pipe(
  Effect.sandbox,
  Effect.retry(againSoon),
  Effect.unsandbox,
  Effect.orDie,
  Effect.asVoid
)

/** Milliseconds since 1970, as the database has them. */
export const nowOf = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
    orElse: () => sql.literal("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
  })

/** What is left of a budget: those of a window that is over count no more. */
export const remainingOf = (sql: SqlClient.SqlClient): Fragment =>
  sql`CASE WHEN resets_at <= ${nowOf(sql)} THEN total ELSE remaining END`

/** How long a statement may take: a connection that leads nowhere never says so. */
const patience = "2 seconds"

/** The driver's own words: the library's say only that a statement has failed. */
const reasonOf = ({ cause, message }: SqlError): Error => cause instanceof Error ? cause : new Error(message)

/** The statement's answer or its failure in time, whatever becomes of it afterwards. */
export const inTime = <A, R>(statement: Effect.Effect<A, SqlError, R>): Effect.Effect<A, Error, R> =>
  statement.pipe(
    Effect.mapError(reasonOf),
    Effect.disconnect,
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () => new Error("the database did not answer within 2 seconds")
    }),
    // Also for whoever cannot be interrupted: there a timeout waits for what it gives up, and what it times is a child,
    // which the fiber's second interruption would end.
    Effect.interruptible,
    Effect.disconnect
  )
