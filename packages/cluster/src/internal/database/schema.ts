/** The tables that the runners of a fleet share, with the migrations that create them. */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { NewerSchemaError } from "../../ClusterError.js"
import { retryStartUp } from "./startUp.js"

const run = (statements: (sql: SqlClient.SqlClient) => ReadonlyArray<Effect.Effect<unknown, unknown>>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.all(statements(sql.withoutTransforms()), { discard: true }))

const sessions = run((sql) => [sql`CREATE TABLE vesper_sessions (
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
)`])

const fleets = run((sql) => [sql`CREATE TABLE vesper_fleets (fleet TEXT NOT NULL PRIMARY KEY, total INTEGER NOT NULL)`])

const runners = run((sql) => [sql`CREATE TABLE vesper_runners (
  id TEXT NOT NULL PRIMARY KEY,
  fleet TEXT NOT NULL,
  name TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  draining INTEGER NOT NULL DEFAULT 0
)`])

const identifies = run((sql) => [sql`CREATE TABLE vesper_identifies (
  fleet TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  free_at BIGINT NOT NULL,
  holder TEXT,
  PRIMARY KEY (fleet, bucket)
)`])

const budgets = run((sql) => [sql`CREATE TABLE vesper_budgets (
  fleet TEXT NOT NULL PRIMARY KEY,
  total INTEGER NOT NULL,
  remaining INTEGER NOT NULL,
  resets_at BIGINT NOT NULL
)`])

const nextTotals = run((sql) => [
  sql`ALTER TABLE vesper_fleets ADD COLUMN next_total INTEGER`,
  sql`ALTER TABLE vesper_fleets ADD COLUMN parts INTEGER`,
  sql`ALTER TABLE vesper_fleets ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0`
])

const handovers = run((sql) => [sql`CREATE TABLE vesper_handovers (
  fleet TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  part INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (fleet, epoch, part)
)`])

const holds = run((sql) => [
  sql`ALTER TABLE vesper_budgets ADD COLUMN held INTEGER NOT NULL DEFAULT 0`,
  sql`CREATE TABLE vesper_holds (
    id TEXT NOT NULL PRIMARY KEY,
    fleet TEXT NOT NULL,
    count INTEGER NOT NULL,
    expires_at BIGINT NOT NULL
  )`
])

/**
 * One notion of ownership: the session becomes one JSON document with a revision, a fleet has a bot and a number of slots,
 * and a runner's row is the one that @effect/cluster reads.
 */
const ownership = run((sql) => [
  sql`ALTER TABLE vesper_sessions ADD COLUMN session TEXT`,
  sql`ALTER TABLE vesper_sessions ADD COLUMN revision BIGINT NOT NULL DEFAULT 0`,
  sql.onDialectOrElse({
    pg: () =>
      sql`UPDATE vesper_sessions SET session = CAST(json_strip_nulls(
        json_build_object('id', session_id, 'sequence', sequence, 'resumeUrl', resume_url)) AS TEXT)
        WHERE session_id IS NOT NULL AND sequence IS NOT NULL`,
    orElse: () =>
      sql`UPDATE vesper_sessions SET session = json_patch('{}',
        json_object('id', session_id, 'sequence', sequence, 'resumeUrl', resume_url))
        WHERE session_id IS NOT NULL AND sequence IS NOT NULL`
  }),
  sql`ALTER TABLE vesper_sessions DROP COLUMN session_id`,
  sql`ALTER TABLE vesper_sessions DROP COLUMN resume_url`,
  sql`ALTER TABLE vesper_fleets ADD COLUMN bot TEXT`,
  sql`ALTER TABLE vesper_fleets ADD COLUMN slots INTEGER`,
  sql`ALTER TABLE vesper_fleets ADD COLUMN machines INTEGER NOT NULL DEFAULT 0`,
  sql`ALTER TABLE vesper_runners ADD COLUMN runner TEXT`
])

const migrations = {
  "1_sessions": sessions,
  "2_fleets": fleets,
  "3_runners": runners,
  "4_identifies": identifies,
  "5_budgets": budgets,
  "6_next_totals": nextTotals,
  "7_handovers": handovers,
  "8_holds": holds,
  "9_ownership": ownership
}

const version = Object.keys(migrations).length

const table = "vesper_migrations"

/** The last migration of the database, in one statement; 0 without any. */
const found = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql<{ readonly latest: number | null }>`SELECT MAX(migration_id) AS latest FROM ${sql(table)}`.withoutTransform
).pipe(
  Effect.map(([row]) => row?.latest ?? 0)
)

/**
 * Creates the tables that are missing. Waits for a database that is slow or busy with another runner's migration; a fault
 * that waiting cannot mend is a defect.
 */
export const migrate: Effect.Effect<void, never, SqlClient.SqlClient> = Effect.orElseSucceed(found, () => 0).pipe(
  Effect.flatMap((latest) =>
    latest >= version
      ? Effect.void
      : Migrator.make({})({ loader: Migrator.fromRecord(migrations), table })
  ),
  Effect.sandbox,
  retryStartUp("the tables could not be created yet"),
  Effect.unsandbox,
  Effect.orDie
)

/** Fails if a newer version of Vesper has changed the tables: this one could damage what it does not know. */
export const refuseNewer: Effect.Effect<void, NewerSchemaError | Error, SqlClient.SqlClient> = Effect.flatMap(
  found,
  (latest) => latest > version ? Effect.fail(new NewerSchemaError({ found: latest, known: version })) : Effect.void
)
