/**
 * Looks at a cluster and steers it from outside: all it takes is the database.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ClusterDatabaseError, type ReshardUnderWayError } from "./ClusterError.js"
import type * as ClusterStatus from "./ClusterStatus.js"
import * as FleetView from "./internal/fleetView.js"
import * as Report from "./internal/report.js"
import { migrate } from "./internal/schema.js"

const asked = <A>(
  operation: string,
  ask: (sql: SqlClient.SqlClient) => Effect.Effect<A, Error>
): Effect.Effect<A, ClusterDatabaseError, SqlClient.SqlClient> =>
  Effect.zipRight(migrate, Effect.flatMap(SqlClient.SqlClient, (sql) => ask(sql.withoutTransforms()))).pipe(
    Effect.mapError((cause) => new ClusterDatabaseError({ operation, cause }))
  )

/**
 * Runners and shards of a fleet. Without any runner so far, it has no shards.
 *
 * @since 0.1.0
 * @category operations
 */
export const status = (
  fleet = "vesper"
): Effect.Effect<ClusterStatus.ClusterStatus, ClusterDatabaseError, SqlClient.SqlClient> =>
  Effect.map(asked("tell the status", (sql) => FleetView.look(sql, fleet)), Report.statusOf)

/**
 * Asks runners to go, by name or id; how many were there.
 *
 * @since 0.1.0
 * @category operations
 */
export const drain = (
  runner: string,
  fleet = "vesper"
): Effect.Effect<number, ClusterDatabaseError, SqlClient.SqlClient> =>
  asked("ask a runner to go", (sql) => FleetView.drain(sql, fleet, runner))

/**
 * Changes how many shards the bot has, as `ClusterFleet.reshard` does.
 *
 * @since 0.1.0
 * @category operations
 */
export const reshard = (
  total: number,
  fleet = "vesper"
): Effect.Effect<void, ClusterDatabaseError | ReshardUnderWayError, SqlClient.SqlClient> =>
  Effect.flatMap(
    asked("change the number of shards", (sql) => FleetView.setTotal(sql, fleet, total)),
    Option.match({ onNone: () => Effect.void, onSome: Effect.fail })
  )
