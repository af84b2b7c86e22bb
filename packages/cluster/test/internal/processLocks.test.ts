import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import * as ProcessLocks from "../../src/internal/database/processLocks.js"
import * as Trial from "../proof/trial.js"

const holder = fileURLToPath(new URL("../proof/holder.ts", import.meta.url))

/** A process that holds a runner's lock until it is killed. */
const holdElsewhere = (database: string, runner: string) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof spawn>>((resume) => {
      const child = spawn(process.execPath, [
        "--conditions=@vesper/source",
        "--import",
        "tsx",
        holder,
        database,
        runner
      ], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      child.stdout.once("data", () => resume(Effect.succeed(child)))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const exit = (child: ReturnType<typeof spawn>, signal: NodeJS.Signals) =>
  Effect.async<void>((resume) => {
    child.once("exit", () => resume(Effect.void))
    child.kill(signal)
  })

describe("a runner's lock", () => {
  it.scopedLive(
    "says that the runner is gone when its process was killed, and not while it is stopped",
    () =>
      Effect.gen(function*() {
        const database = `${yield* Trial.scratch}/vesper.db`
        const locks = ProcessLocks.make(database)
        const child = yield* holdElsewhere(database, "r")
        assert.isFalse(yield* locks.isGone("r"))
        child.kill("SIGSTOP")
        assert.isFalse(yield* locks.isGone("r"))
        yield* exit(child, "SIGKILL")
        assert.isTrue(yield* locks.isGone("r"))
        // It is said once; after that nothing is known of it.
        assert.isFalse(yield* locks.isGone("r"))
        assert.deepStrictEqual(Fs.readdirSync(database.replace("/vesper.db", "")), [])
      }),
    60_000
  )

  it.scoped("says nothing of a runner that it does not know", () =>
    Effect.gen(function*() {
      const database = `${yield* Trial.scratch}/vesper.db`
      assert.isFalse(yield* ProcessLocks.make(database).isGone("nobody"))
      assert.isFalse(yield* (yield* ProcessLocks.Current).isGone("nobody"))
    }))

  it.scoped("is held in this process as in another, until its scope closes", () =>
    Effect.gen(function*() {
      const locks = ProcessLocks.make(`${yield* Trial.scratch}/vesper.db`)
      const scope = yield* Scope.make()
      yield* Scope.extend(locks.join("r"), scope)
      assert.isFalse(yield* locks.isGone("r"))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(yield* locks.isGone("r"))
    }))

  it.scoped("may be had by nobody where no file can be made", () =>
    Effect.gen(function*() {
      const locks = ProcessLocks.make(`${yield* Trial.scratch}/no/such/folder/vesper.db`)
      yield* locks.join("r")
      assert.isFalse(yield* locks.isGone("r"))
    }))
})
