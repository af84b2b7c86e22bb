/**
 * Looks at a cluster and steers it from outside: all it takes is the database.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { ClusterDatabaseError, NewerSchemaError, ReshardUnderWayError, UnknownFleetError } from "./ClusterError.js"
import type * as ClusterStatus from "./ClusterStatus.js"
import { migrate, refuseNewer } from "./internal/database/schema.js"
import * as FleetView from "./internal/status/fleetView.js"
import * as Report from "./internal/status/report.js"

/** Creates the tables if need be, and asks; an error that says what is wrong by itself is passed on. */
const asked = <A, E extends Error>(
  operation: string,
  ask: (sql: SqlClient.SqlClient) => Effect.Effect<A, Error | E>,
  isKnown: (error: Error | E) => error is E
): Effect.Effect<A, ClusterDatabaseError | NewerSchemaError | E, SqlClient.SqlClient> =>
  Effect.zipRight(migrate, refuseNewer).pipe(
    Effect.zipRight(Effect.flatMap(SqlClient.SqlClient, (sql) => ask(sql.withoutTransforms()))),
    Effect.mapError((cause) =>
      cause instanceof NewerSchemaError || isKnown(cause) ? cause : new ClusterDatabaseError({ operation, cause })
    )
  )

const isNever = (_: Error): _ is never => false
const isUnknownFleet = (error: Error): error is UnknownFleetError => error instanceof UnknownFleetError
const isRefusal = (error: Error): error is UnknownFleetError | ReshardUnderWayError =>
  error instanceof UnknownFleetError || error instanceof ReshardUnderWayError

/**
 * Runners and shards of a fleet. Without any runner so far, it has no shards.
 *
 * @since 0.1.0
 * @category operations
 */
export const status = (
  fleet = "vesper"
): Effect.Effect<ClusterStatus.ClusterStatus, ClusterDatabaseError | NewerSchemaError, SqlClient.SqlClient> =>
  Effect.map(asked("tell the status", (sql) => FleetView.look(sql, fleet), isNever), Report.statusOf)

/**
 * Asks runners to go, by name or id; how many were there.
 *
 * @since 0.1.0
 * @category operations
 */
export const drain = (
  runner: string,
  fleet = "vesper"
): Effect.Effect<number, ClusterDatabaseError | NewerSchemaError | UnknownFleetError, SqlClient.SqlClient> =>
  asked("ask a runner to end", (sql) => FleetView.drain(sql, fleet, runner), isUnknownFleet)

/**
 * Changes how many shards the bot has, as `ClusterFleet.reshard` does.
 *
 * @since 0.1.0
 * @category operations
 */
export const reshard = (
  total: number,
  fleet = "vesper"
): Effect.Effect<
  void,
  ClusterDatabaseError | NewerSchemaError | ReshardUnderWayError | UnknownFleetError,
  SqlClient.SqlClient
> => asked("change the number of shards", (sql) => FleetView.setTotal(sql, fleet, total), isRefusal)
