/**
 * `vesper demo`: shards on a simulated gateway over real websockets, with trouble on the way.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Common from "./internal/options.js"

/**
 * @since 0.1.0
 * @category commands
 */
export const demoCommand = Command.make(
  "demo",
  { duration: Common.duration, http: Common.http, json: Common.json },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/runDemo.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Runs four shards on a simulated gateway over real websockets with compression, and lets a connection drop, a " +
      "reconnect request and an invalid session happen. Needs no token and no network."
  )
)
