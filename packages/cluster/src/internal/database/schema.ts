/** The tables that the runners of a fleet share, with the migrations that create them. */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import { type ClusterDatabaseError, SchemaVersionError } from "../../ClusterError.js"
import { retryStartUp } from "./startUp.js"
import { inTime } from "./statement.js"

/** The statements of each migration by its number and name. */
export const migrations: Readonly<Record<string, ReadonlyArray<string>>> = {
  "8_tables": [
    `CREATE TABLE vesper_sessions (fleet TEXT NOT NULL, total INTEGER NOT NULL, shard INTEGER NOT NULL, session_id TEXT,
      sequence INTEGER, resume_url TEXT, owner TEXT, fence INTEGER NOT NULL DEFAULT 0,
      expires_at BIGINT NOT NULL DEFAULT 0, status TEXT, PRIMARY KEY (fleet, total, shard))`,
    `CREATE TABLE vesper_fleets (fleet TEXT NOT NULL PRIMARY KEY, total INTEGER NOT NULL, next_total INTEGER,
      parts INTEGER, epoch INTEGER NOT NULL DEFAULT 0)`,
    `CREATE TABLE vesper_runners (id TEXT NOT NULL PRIMARY KEY, fleet TEXT NOT NULL, name TEXT NOT NULL,
      expires_at BIGINT NOT NULL, draining INTEGER NOT NULL DEFAULT 0)`,
    `CREATE TABLE vesper_budgets (fleet TEXT NOT NULL PRIMARY KEY, total INTEGER NOT NULL, remaining INTEGER NOT NULL,
      resets_at BIGINT NOT NULL, held INTEGER NOT NULL DEFAULT 0)`,
    `CREATE TABLE vesper_handovers (fleet TEXT NOT NULL, epoch INTEGER NOT NULL, part INTEGER NOT NULL,
      done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (fleet, epoch, part))`
  ],
  // A fleet has a bot and a number of slots, a runner's row is the one that @effect/cluster reads, and turns and holds of
  // the identify queue are a document of the budget's row, and change with it.
  "10_ownership": [
    "ALTER TABLE vesper_sessions ADD COLUMN session TEXT",
    "ALTER TABLE vesper_sessions ADD COLUMN revision BIGINT NOT NULL DEFAULT 0",
    "UPDATE vesper_sessions SET session = CAST($document AS TEXT) WHERE session_id IS NOT NULL AND sequence IS NOT NULL",
    "ALTER TABLE vesper_sessions DROP COLUMN session_id",
    "ALTER TABLE vesper_sessions DROP COLUMN resume_url",
    "ALTER TABLE vesper_fleets ADD COLUMN bot TEXT",
    "ALTER TABLE vesper_fleets ADD COLUMN slots INTEGER",
    "ALTER TABLE vesper_fleets ADD COLUMN machines INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE vesper_runners ADD COLUMN runner TEXT",
    "ALTER TABLE vesper_budgets ADD COLUMN queue TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE vesper_budgets ADD COLUMN revision BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE vesper_budgets DROP COLUMN held",
    "DROP TABLE IF EXISTS vesper_identifies",
    "DROP TABLE IF EXISTS vesper_holds"
  ]
}

const version = 10
export const table = "vesper_migrations"

export const run = (statements: ReadonlyArray<string>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => {
    const session = "object('id', session_id, 'sequence', sequence, 'resumeUrl', resume_url)"
    const document = sql.onDialectOrElse({
      pg: () => `json_strip_nulls(json_build_${session})`,
      orElse: () => `json_patch('{}', json_${session})`
    })
    return Effect.forEach(statements, (text) => sql.unsafe(text.replace("$document", document)), { discard: true })
  })

/** The last migration of the database, in one statement; 0 without any. */
const found = Effect.flatMap(SqlClient.SqlClient, (client) => {
  const sql = client.withoutTransforms()
  return Effect.map(
    inTime(sql<{ readonly latest: number | null }>`SELECT MAX(migration_id) AS latest FROM ${sql(table)}`),
    ([row]) => row?.latest ?? 0
  )
})

/** Creates the tables that are missing. Waits for a database that is slow or busy; any other failure is a defect. */
export const migrate: Effect.Effect<void, never, SqlClient.SqlClient> = Effect.orElseSucceed(found, () => 0).pipe(
  Effect.flatMap((latest) =>
    latest >= version
      ? Effect.void
      : Migrator.make({})({ loader: Migrator.fromRecord(Record.map(migrations, run)), table })
  ),
  Effect.sandbox,
  retryStartUp("the tables could not be created yet"),
  Effect.unsandbox,
  Effect.orDie
)

const mismatch = (found: number) => Effect.fail(new SchemaVersionError({ found, known: version }))

/** Fails if a newer version of Vesper has changed the tables: this one could damage them. */
export const refuseNewer = Effect.flatMap(found, (latest) => latest > version ? mismatch(latest) : Effect.void)

/** SQLite has no code of its own for a missing table. */
const isTableMissing = ({ cause }: ClusterDatabaseError): boolean =>
  (Predicate.hasProperty(cause, "code") && cause.code === "42P01") ||
  (cause instanceof Error && cause.message.includes("no such table"))

/** Fails unless the database has the tables of this version. Changes nothing. */
export const requireCurrent = Effect.flatMap(
  Effect.catchIf(found, isTableMissing, () => Effect.succeed(0)),
  (latest) => latest === version ? Effect.void : mismatch(latest)
)
