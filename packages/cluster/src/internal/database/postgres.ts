/** PostgreSQL, by a bounded pool and one more connection for the renewal of leases. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Net from "node:net"
import * as LeaseConnection from "./leaseConnection.js"
import { retryStartUp } from "./startUp.js"

/**
 * How long a connection may leave a request without any answer, in milliseconds: then it leads nowhere. The connection for
 * leases is given up when a renewal is, so that the next attempt has another.
 */
const silence = { pool: 4_000, renewals: 3_000 }

/** A socket that ends itself when a request is not answered, so that the pool opens another. */
class WatchedSocket extends Net.Socket {
  private readAtWrite = -1

  constructor(silence: number) {
    super()
    this.setTimeout(silence, () => {
      if (this.bytesRead === this.readAtWrite) {
        this.destroy(new Error(`the database did not answer within ${silence / 1_000} seconds`))
      }
    })
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.readAtWrite = this.bytesRead
    super._write(chunk, encoding, callback)
  }

  override _writev(
    chunks: Array<{ chunk: unknown; encoding: BufferEncoding }>,
    callback: (error?: Error | null) => void
  ): void {
    this.readAtWrite = this.bytesRead
    super._writev?.(chunks, callback)
  }
}

const client = (url: Redacted.Redacted<string>, maxConnections: number, silence: number) =>
  PgClient.make({
    url,
    maxConnections,
    applicationName: "vesper",
    connectTimeout: "2 seconds",
    stream: () => new WatchedSocket(silence)
  }).pipe(retryStartUp("the database does not answer yet"))

export const layer = (
  url: Redacted.Redacted<string>,
  poolSize: number
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.scopedContext(
    Effect.zipWith(
      client(url, Math.max(1, poolSize), silence.pool),
      client(url, 1, silence.renewals),
      (pool, renewals) =>
        Context.make(SqlClient.SqlClient, pool).pipe(
          Context.add(LeaseConnection.Current, Option.some<SqlClient.SqlClient>(renewals))
        )
    )
  ).pipe(Layer.provide(Reactivity.layer))
