/** `vesper queue serve`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Common from "./options.js"

const host = Options.text("host").pipe(
  Options.withDefault("127.0.0.1"),
  Options.withDescription(
    "The address to listen on. There is no access control: allow your own processes only. Default: 127.0.0.1."
  )
)

const port = Common.port("port").pipe(
  Options.withDefault(7878),
  Options.withDescription("The port to listen on; 0 takes any that is free. Default: 7878.")
)

const maxConcurrency = Common.integer("max-concurrency", 1, 1_000_000).pipe(
  Options.withDescription("How many may identify at a time. Without it, as Discord's API says, with DISCORD_TOKEN."),
  Options.optional
)

const total = Common.integer("total", 1, 1_000_000).pipe(
  Options.withDefault(1_000),
  Options.withDescription("Identifies a day, if --max-concurrency is given. Default: 1000.")
)

const reserve = Common.integer("reserve", 0, 1_000_000).pipe(
  Options.withDescription("Identifies that are kept for a restart by hand. Default: 5 percent of the day's; 0 for none."),
  Options.optional
)

const interval = Common.time("interval").pipe(
  Options.optional,
  Options.withDescription("Between two identifies of a bucket. Default: 6s, Discord's five and one for the network.")
)

const state = Options.directory("state").pipe(
  Options.withDescription("A folder that keeps the used identifies over restarts. Default: none."),
  Options.optional
)

const serve = Command.make(
  "serve",
  {
    apiUrl: Common.apiUrl,
    host,
    interval,
    json: Common.answerAsJson("Prints its URL as one line of JSON."),
    maxConcurrency,
    port,
    reserve,
    state,
    total
  },
  (options) => Effect.flatMap(Effect.promise(() => import("../queue/queue.js")), ({ serve }) => serve(options))
).pipe(
  Command.withDescription("Serves one identify queue over HTTP: GET /?shard=0 is answered when the shard may identify.")
)

export const queue = Command.make("queue").pipe(
  Command.withDescription("Identify queues. Try: vesper queue serve --max-concurrency 1"),
  Command.withSubcommands([serve])
)
