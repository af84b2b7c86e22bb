/**
 * `vesper queue serve`: one identify queue for the shards of many processes.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Common from "./internal/options.js"

const host = Options.text("host").pipe(
  Options.withDefault("127.0.0.1"),
  Options.withDescription(
    "The address to listen on. There is no access control: let only your own processes reach it. Default: 127.0.0.1."
  )
)

const port = Common.port("port").pipe(
  Options.withDefault(7878),
  Options.withDescription("The port to listen on; 0 takes any that is free. Default: 7878.")
)

const maxConcurrency = Common.integer("max-concurrency", 1, 1_000_000).pipe(
  Options.withDescription("How many may identify at a time. Without it, Discord is asked, with DISCORD_TOKEN."),
  Options.optional
)

const total = Common.integer("total", 1, 1_000_000).pipe(
  Options.withDefault(1_000),
  Options.withDescription("Identifies a day, where Discord is not asked. Default: 1000.")
)

const reserve = Common.integer("reserve", 0, 1_000_000).pipe(
  Options.withDescription("Identifies to keep for a human. Default: 5 percent of the day's; 0 spends them all."),
  Options.optional
)

const interval = Common.time("interval").pipe(
  Options.optional,
  Options.withDescription("Between two identifies of a bucket. Default: 6s, Discord's five and one for the network.")
)

const state = Options.directory("state").pipe(
  Options.withDescription("A folder that keeps what was identified over restarts. Default: nowhere."),
  Options.optional
)

const json = Options.boolean("json").pipe(Options.withDescription("Tells where it listens as one line of JSON."))

const serveCommand = Command.make(
  "serve",
  { apiUrl: Common.apiUrl, host, interval, json, maxConcurrency, port, reserve, state, total },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/serveQueue.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription("Serves one identify queue over HTTP: GET /?shard=0 is answered when the shard may identify.")
)

/**
 * @since 0.1.0
 * @category commands
 */
export const queueCommand = Command.make("queue").pipe(
  Command.withDescription("Identify queues. Try: vesper queue serve --max-concurrency 1"),
  Command.withSubcommands([serveCommand])
)
