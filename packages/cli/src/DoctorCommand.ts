/**
 * `vesper doctor`: whether a bot could run here, and what to do if not.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Common from "./internal/options.js"

const json = Options.boolean("json").pipe(Options.withDescription("The findings as JSON: one list."))

/**
 * @since 0.1.0
 * @category commands
 */
export const doctorCommand = Command.make(
  "doctor",
  { apiUrl: Common.apiUrl, gatewayUrl: Common.gatewayUrl, intents: Common.intents, json },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/examine.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Looks at Node, the token, the intents, the session budget, DNS, TLS and the way to the gateway, and says what to do " +
      "about each. The token comes from DISCORD_TOKEN. Ends with exit code 3 if a shard would not run."
  )
)
