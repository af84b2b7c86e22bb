/** The connection that leases are renewed on. Renewals do not wait behind anything else that a runner asks of its database. */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Option from "effect/Option"

/** None where the database has no connections to reserve, such as a file. */
export class Current extends Context.Reference<Current>()("@vesper/cluster/LeaseConnection", {
  defaultValue: (): Option.Option<SqlClient.SqlClient> => Option.none()
}) {}
