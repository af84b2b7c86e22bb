/** Parts of statements, and the time that a statement may take. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
import type * as Session from "@vesper/gateway/Session"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ClusterDatabaseError } from "../../ClusterError.js"

/** The connection on which leases are renewed, so that a renewal waits for nothing else; none for a file. */
export class LeaseConnection extends Context.Reference<LeaseConnection>()("@vesper/cluster/LeaseConnection", {
  defaultValue: (): Option.Option<SqlClient.SqlClient> => Option.none()
}) {}

const Document = Schema.parseJson(GatewaySchema.Session)
export const encodeSession = Schema.encodeSync(Document)
const decodeDocument = Schema.decodeUnknownOption(Document)

/** The session of a column; none if it cannot be read, and then the shard identifies. */
export const decodeSession = (text: string | null | undefined): Option.Option<Session.Session> =>
  Option.flatMap(Option.fromNullable(text), decodeDocument)

/** Milliseconds since 1970 by the database's clock: runners must not compare times of their own clocks. */
export const currentTime = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql.literal("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
    orElse: () => sql.literal("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
  })

/** Rows `v` as one parameter, so that the text of a statement and its prepared plan stay the same. */
export const selectRows = (sql: SqlClient.SqlClient, columns: string, rows: ReadonlyArray<object>): Fragment =>
  sql.onDialectOrElse({
    pg: () => sql`jsonb_to_recordset(CAST(${JSON.stringify(rows)} AS JSONB)) AS v(${sql.literal(columns)})`,
    orElse: () => {
      const extracted = columns.replace(/(\w+) \w+/g, (_, name) => `json_extract(value, '$.${name}') AS ${name}`)
      return sql`(SELECT ${sql.literal(extracted)} FROM json_each(${JSON.stringify(rows)})) AS v`
    }
  })

/** Locks the rows `s` in the order of the statement, so that two statements on the same rows cannot wait for each other. */
export const forUpdate = (sql: SqlClient.SqlClient): Fragment =>
  sql.onDialectOrElse({ pg: () => sql.literal("FOR UPDATE OF s"), orElse: () => sql.literal("") })

/**
 * The answer of a statement, or its failure within `patience` seconds. A statement that takes longer is not cancelled,
 * which would take another connection. It may still be carried out, and must do no harm then.
 */
export const inTime = <A, R>(
  statement: Effect.Effect<A, SqlError, R>,
  patience = 2
): Effect.Effect<A, ClusterDatabaseError, R> =>
  statement.pipe(
    // The driver's error: the library's only says that a statement has failed.
    Effect.mapError((error) => new ClusterDatabaseError({ cause: error.cause ?? error })),
    Effect.uninterruptible,
    Effect.disconnect,
    Effect.timeoutFail({
      duration: patience * 1_000,
      onTimeout: () => new ClusterDatabaseError({ cause: new Error(`no answer within ${patience} seconds`) })
    }),
    // The time also limits a caller that cannot be interrupted, and its second interruption does not end the statement.
    Effect.interruptible,
    Effect.disconnect
  )

/** Repeats a statement until it is carried out, and logs why it waits. */
export const persist = <A>(statement: Effect.Effect<A, Error>, waiting: string, pause: number): Effect.Effect<A> =>
  Effect.eventually(
    Effect.tapError(
      statement,
      ({ message }) => Effect.zipRight(Effect.logWarning(`${waiting}: ${message}`), Effect.sleep(pause))
    )
  )
