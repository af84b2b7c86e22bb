/** Which database a cluster's runners share. */
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Redacted from "effect/Redacted"

// A URL with a password is a secret: it may come from the environment, where `ps` does not show it.
export const database = Options.redacted("database").pipe(
  Options.withPseudoName("file or url"),
  Options.withFallbackConfig(Config.redacted("VESPER_DATABASE")),
  Options.withDefault(Redacted.make("vesper.db")),
  Options.withDescription(
    "What the runners share: postgres://user:password@host/name, or a file, for one machine. Also from VESPER_DATABASE. " +
      "Default: vesper.db."
  )
)
