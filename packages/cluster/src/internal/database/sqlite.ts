/** A database of the runners of one machine, in a file. */
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Libsql from "@libsql/client"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import * as ProcessLocks from "./processLocks.js"

const patience = "PRAGMA busy_timeout = 5000"

/**
 * A client whose connections wait for each other: one that fails at once stays in its transaction, and locks others out.
 */
const open = async (file: string): Promise<Libsql.Client> => {
  const client = Libsql.createClient({ url: `file:${file}` })
  await client.execute(patience)
  // Readers do not wait for a writer then. The setting is stored in the file.
  await client.execute("PRAGMA journal_mode = WAL")
  const transaction = client.transaction.bind(client)
  return Object.assign(client, {
    transaction: async (mode: Libsql.TransactionMode = "write") => {
      const started = await transaction(mode)
      // The first statement of the connection that the driver opens next.
      await client.execute(patience)
      return started
    }
  })
}

export const layer = (file: string): Layer.Layer<SqlClient.SqlClient> =>
  Layer.unwrapScoped(Effect.map(
    Effect.acquireRelease(Effect.promise(() => open(file)), (client) => Effect.sync(() => client.close())),
    (liveClient) =>
      Layer.merge(
        LibsqlClient.layer({ liveClient }),
        // The same file by another name must be the same place.
        Layer.sync(ProcessLocks.Current, () => ProcessLocks.make(Fs.realpathSync(file)))
      )
  ))
