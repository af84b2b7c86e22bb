/** The databases of tests of statements: a file, and PostgreSQL if there is one. */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as NodeCluster from "../../src/NodeCluster.js"
import * as Postgres from "../proof/postgres.js"
import * as Trial from "../proof/trial.js"

interface Database {
  readonly name: string
  readonly isThere: boolean
  readonly layer: Layer.Layer<SqlClient.SqlClient>
}

/** One that a test is given alone, by its URL. */
export const postgresUrl = Effect.map(
  Effect.flatMap(Postgres.start, Option.map(({ port, url }) => url(port))),
  Redacted.make
)

export const sqlite: Database = {
  name: "SQLite",
  isThere: true,
  layer: Layer.unwrapScoped(Effect.map(Trial.scratch, (folder) => NodeCluster.layerSqlite(`${folder}/test.db`)))
}

export const postgres: Database = {
  name: "PostgreSQL [PostgreSQL]",
  isThere: Postgres.isThere,
  layer: Layer.orDie(Layer.unwrapScoped(Effect.map(Effect.orDie(postgresUrl), (url) => NodeCluster.layerPostgres(url))))
}

export const both: ReadonlyArray<Database> = [sqlite, postgres]
