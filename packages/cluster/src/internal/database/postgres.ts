/** PostgreSQL: a bounded pool, and a connection for the renewal of leases. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Net from "node:net"
import { retryStartUp } from "./startUp.js"
import { LeaseConnection } from "./statement.js"

/** The time in milliseconds for which a connection may leave a request without an answer. */
const silence = { pool: 4_000, renewals: 3_000 }

/** A socket that ends itself when its last request is not answered, so that the pool opens another. */
const watchedSocket = (silence: number) => {
  const socket = new Net.Socket()
  let writtenAtAnswer = 0
  socket.on("data", () => {
    writtenAtAnswer = socket.bytesWritten
  })
  return socket.setTimeout(silence, () => {
    if (socket.bytesWritten > writtenAtAnswer) {
      socket.destroy(new Error(`the database did not answer within ${silence / 1_000} seconds`))
    }
  })
}

const client = (url: Redacted.Redacted<string>, maxConnections: number, silence: number) =>
  PgClient.make({
    url,
    maxConnections,
    applicationName: "vesper",
    connectTimeout: "2 seconds",
    stream: () => watchedSocket(silence)
  }).pipe(retryStartUp("the database does not answer yet"))

export const layer = (url: Redacted.Redacted<string>, poolSize: number) =>
  Layer.merge(
    Layer.scoped(SqlClient.SqlClient, client(url, Math.max(1, poolSize), silence.pool)),
    Layer.scoped(LeaseConnection, Effect.map(client(url, 1, silence.renewals), (sql) => Option.some(sql)))
  ).pipe(Layer.provide(Reactivity.layer))
