/** The heap of the process. */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** The heap after collections, in bytes. Some objects are released by later turns of the event loop, up to a second later. */
export const heapUsed: Effect.Effect<number> = Effect.map(
  Effect.replicateEffect(
    Effect.delay(
      Effect.sync(() => {
        setFlagsFromString("--expose-gc")
        runInNewContext("gc")()
        return process.memoryUsage().heapUsed
      }),
      "300 millis"
    ),
    5
  ),
  (sizes) => Math.min(...sizes)
)
