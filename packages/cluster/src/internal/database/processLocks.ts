/**
 * Proof that another runner on this machine is dead: each has a lock on a file next to the database, which the operating
 * system releases when the process has ended, and not while it is stopped or slow.
 */
import * as Libsql from "@libsql/client"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"

export interface ProcessLocks {
  readonly canProve: boolean
  /** Locks a runner's file until the scope closes; before it, the runner owns nothing. */
  readonly join: (runner: string) => Effect.Effect<void, never, Scope.Scope>
  /** True if the runner's process has certainly ended. */
  readonly isGone: (runner: string) => Effect.Effect<boolean>
}

/** By default nothing can be proved, as when runners are on several machines. */
export class Current extends Context.Reference<Current>()("@vesper/cluster/ProcessLocks", {
  defaultValue: (): ProcessLocks => ({ canProve: false, join: () => Effect.void, isGone: () => Effect.succeed(false) })
}) {}

/** Obtains SQLite's lock for writing, by a transaction that does not end; returns a function that releases it. */
const lock = async (file: string): Promise<() => void> => {
  const client = Libsql.createClient({ url: `file:${file}` })
  try {
    const transaction = await client.transaction("write")
    return () => {
      transaction.close()
      client.close()
    }
  } catch (error) {
    client.close()
    throw error
  }
}

/** An open file that cannot be removed stays, unlocked: its runner owns nothing. */
const remove = (file: string, unlock: () => void) =>
  Effect.zipRight(Effect.ignore(Effect.try(() => Fs.rmSync(file, { force: true }))), Effect.sync(unlock))

export const make = (database: string): ProcessLocks => {
  const lockFile = (runner: string) => `${database}-runner-${runner}`
  return {
    canProve: true,
    join: (runner) =>
      Effect.acquireRelease(
        Effect.tryPromise({ try: () => lock(lockFile(runner)), catch: String }),
        (unlock) => remove(lockFile(runner), unlock)
      ).pipe(
        // Without a lock the leases have to expire.
        Effect.catchAll((error) => Effect.logWarning(`no lock for this runner next to the database: ${error}`))
      ),
    isGone: (runner) =>
      // Opening a missing file would create it; without the file nothing is known.
      Effect.if(Effect.sync(() => Fs.existsSync(lockFile(runner))), {
        onTrue: () => Effect.tryPromise(() => lock(lockFile(runner))),
        onFalse: () => Effect.fail("unknown")
      }).pipe(Effect.flatMap((unlock) => remove(lockFile(runner), unlock)), Effect.isSuccess)
  }
}
