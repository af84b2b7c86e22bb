/** `vesper doctor`. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Common from "./options.js"

const options = {
  apiUrl: Common.apiUrl,
  gatewayUrl: Common.gatewayUrl,
  intents: Common.intents,
  json: Common.flag("json", "Prints the findings as JSON: one list.")
}

export interface DoctorOptions extends Command.Command.ParseConfig<typeof options> {}

export const doctor = Command.make(
  "doctor",
  options,
  (options) => Effect.flatMap(Effect.promise(() => import("../doctor/index.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Checks Node, the token, the intents, the session budget, DNS, TLS and the connection to the gateway, with a remedy for " +
      "each. The token is read from DISCORD_TOKEN, and not from a file such as .env. Ends with exit code 3 if a shard could " +
      "not run."
  )
)
