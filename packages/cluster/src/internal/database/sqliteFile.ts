/**
 * A client for a file that several connections write. The driver opens a new connection after each transaction, and one
 * that does not wait for others fails at once; what fails so stays unfinished on its connection, and locks everybody out.
 */
import * as Libsql from "@libsql/client"

const patience = "PRAGMA busy_timeout = 5000"

/** The client of the driver, whose connections wait for each other. */
export const open = async (file: string): Promise<Libsql.Client> => {
  const client = Libsql.createClient({ url: `file:${file}` })
  await client.execute(patience)
  // Readers do not wait for a writer then. It stays so in the file.
  await client.execute("PRAGMA journal_mode = WAL")
  return {
    execute: (statement: Libsql.InStatement) => client.execute(statement),
    batch: (statements, mode) => client.batch(statements, mode),
    migrate: (statements) => client.migrate(statements),
    transaction: async (mode: Libsql.TransactionMode = "write") => {
      const transaction = await client.transaction(mode)
      // This is the first statement of the connection that the driver opens next.
      await client.execute(patience)
      return transaction
    },
    executeMultiple: (sql) => client.executeMultiple(sql),
    sync: () => client.sync(),
    close: () => client.close(),
    get closed() {
      return client.closed
    },
    get protocol() {
      return client.protocol
    }
  }
}
