/** What the subcommands that serve a simulated gateway have in common on the command line. */
import * as Options from "@effect/cli/Options"
import * as Common from "./options.js"

export const port = Common.parsed(Options.integer("port"), Common.inRange(0, 65_535)).pipe(
  Options.withDefault(8080),
  Options.withDescription("Where to listen; 0 takes any port that is free.")
)

export const host = Options.text("host").pipe(
  Options.withDefault("127.0.0.1"),
  Options.withDescription("The address to listen on. Other machines can reach it unless it is a loopback address.")
)

export const maxConcurrency = Common.parsed(Options.integer("max-concurrency"), Common.inRange(1, 10_000)).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards may identify at a time, as GET /gateway/bot says.")
)

export const token = Options.redacted("token").pipe(
  Options.optional,
  Options.withDescription("The one token that is accepted. Without it, any that is not empty.")
)

export const strict = Options.boolean("strict").pipe(
  Options.withDescription("Ends with exit code 2 if a client did what Discord would punish; for tests.")
)

export const verbose = Options.boolean("verbose").pipe(
  Options.withDescription("Plain lines for each event and each heartbeat as well.")
)
