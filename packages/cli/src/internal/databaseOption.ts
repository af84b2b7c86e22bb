/** Which database a cluster's runners share. */
import * as Options from "@effect/cli/Options"
import * as Config from "effect/Config"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parsed } from "./options.js"

// A URL with a password is a secret: it may come from the environment, where `ps` does not show it.
export const database = Options.redacted("database").pipe(
  Options.withPseudoName("file or url"),
  Options.withFallbackConfig(Config.redacted("VESPER_DATABASE")),
  Options.withDefault(Redacted.make("vesper.db")),
  (option) =>
    parsed(option, (place) =>
      Redacted.value(place).trim() === ""
        ? Either.left("it is empty: give a file, or the URL of a database")
        : Either.right(place)),
  Options.withDescription(
    "What the runners share: postgres://user:password@host/name, or a file, for one machine. Also from VESPER_DATABASE. " +
      "Default: vesper.db."
  )
)
