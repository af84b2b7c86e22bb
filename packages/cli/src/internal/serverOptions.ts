/** What the subcommands that serve a simulated gateway have in common. */
import type * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Common from "./options.js"

const port = Common.port("port").pipe(
  Options.withDefault(8080),
  Options.withDescription("Where to listen; 0 takes any port that is free. Default: 8080.")
)

const host = Options.text("host").pipe(
  Options.withPseudoName("address"),
  Options.withDefault("127.0.0.1"),
  Options.withDescription(
    "The address to listen on. Other machines can reach it unless it is a loopback address. Default: 127.0.0.1."
  )
)

const publicUrl = Common.websocketUrl("public-url").pipe(
  Options.optional,
  Options.withDescription(
    "What bots are told to connect to and to resume at, such as wss://gateway.example/ of a proxy, or ws://simulator:8080/ " +
      "of a container. Without it, ws://host:port/."
  )
)

const maxConcurrency = Common.integer("max-concurrency", 1, 10_000).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards may identify at a time, as GET /gateway/bot says. Default: 1.")
)

const token = Options.redacted("token").pipe(
  Options.withPseudoName("token"),
  Options.optional,
  Options.withDescription("The one token that is accepted. Without it, any that is not empty.")
)

const strict = Options.boolean("strict").pipe(
  Options.withDescription("Ends with exit code 3 if a client did what Discord would punish; for tests.")
)

const verbose = Options.boolean("verbose").pipe(
  Options.withDescription("Plain lines for each event and each heartbeat as well.")
)

export const options = {
  duration: Common.duration,
  host,
  http: Common.http,
  json: Common.json,
  maxConcurrency,
  port,
  publicUrl,
  strict,
  token,
  verbose
}

export type Parsed = Command.Command.ParseConfig<typeof options>
