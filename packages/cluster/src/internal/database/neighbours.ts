/**
 * Which runners on this machine are dead for certain. Each holds a lock on a file of its own beside the database, which
 * the operating system takes away when the process is gone, however it went, and not before: not while it is stopped, and
 * not while it is slow. Who can have the lock has proved that its owner will never write again, and need not wait for a
 * lease to run out.
 */
import * as Libsql from "@libsql/client"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"

export interface Neighbours {
  /** Whether anything can be told from here. */
  readonly canProve: boolean
  /** Holds the lock of a runner in this process until the scope closes; before it, the runner owns nothing. */
  readonly join: (runner: string) => Effect.Effect<void, never, Scope.Scope>
  /** Whether the runner's process is gone. False if that cannot be told from here. */
  readonly isGone: (runner: string) => Effect.Effect<boolean>
}

/** By default nobody knows, as when runners are on several machines. */
export class Current extends Context.Reference<Current>()("@vesper/cluster/Neighbours", {
  defaultValue: (): Neighbours => ({ canProve: false, join: () => Effect.void, isGone: () => Effect.succeed(false) })
}) {}

/** SQLite's lock for writing is one of the operating system's, on every system: a transaction that is never ended. */
const lock = async (file: string): Promise<{ readonly unlock: () => void }> => {
  const client = Libsql.createClient({ url: `file:${file}` })
  try {
    const transaction = await client.transaction("write")
    return {
      unlock: () => {
        transaction.close()
        client.close()
      }
    }
  } catch (error) {
    client.close()
    throw error
  }
}

export const beside = (database: string): Neighbours => {
  const fileOf = (runner: string) => `${database}-runner-${runner}`
  const remove = (runner: string) => {
    try {
      Fs.rmSync(fileOf(runner), { force: true })
    } catch {
      // Where an open file cannot be removed it stays, empty: it says of a runner that owns nothing that it is gone.
    }
  }
  return {
    canProve: true,
    join: (runner) =>
      Effect.acquireRelease(
        Effect.tryPromise({ try: () => lock(fileOf(runner)), catch: String }),
        ({ unlock }) =>
          Effect.sync(() => {
            remove(runner)
            unlock()
          })
      ).pipe(
        // Without it nobody can tell, and the leases have to run out.
        Effect.catchAll((error) => Effect.logWarning(`no lock for this runner beside the database: ${error}`))
      ),
    isGone: (runner) =>
      Effect.suspend(() =>
        // Opening it would make it: without the file nothing is known.
        Fs.existsSync(fileOf(runner))
          ? Effect.tryPromise(() => lock(fileOf(runner))).pipe(
            Effect.map(({ unlock }) => {
              remove(runner)
              unlock()
              return true
            }),
            Effect.orElseSucceed(() => false)
          )
          : Effect.succeed(false)
      )
  }
}
