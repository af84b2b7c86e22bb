/** Holds the lock of a runner next to a database, until it is killed. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as ProcessLocks from "../../src/internal/database/processLocks.js"

const [database = "", runner = ""] = process.argv.slice(2)

NodeRuntime.runMain(Effect.scoped(
  ProcessLocks.make(database).join(runner).pipe(
    Effect.zipRight(Console.log("held")),
    // A process with nothing to wait for would end.
    Effect.zipRight(Effect.forever(Effect.sleep("1 hour")))
  )
))
