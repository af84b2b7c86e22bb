/** `vesper queue serve`. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Common from "./options.js"

const options = {
  apiUrl: Common.apiUrl,
  host: Common.withDefault(
    Options.text("host"),
    "127.0.0.1",
    "The address to listen on. There is no access control: allow your own processes only."
  ),
  interval: Common.optional(
    Common.time("interval"),
    "Between two IDENTIFYs of a bucket. Default: 6s, Discord's five and one for the network."
  ),
  json: Common.flag("json", "Prints its URL as one line of JSON."),
  maxConcurrency: Common.optional(
    Common.integer("max-concurrency", 1, 1_000_000),
    "How many may identify at a time. Without it, as Discord's API says, with DISCORD_TOKEN."
  ),
  port: Common.withDefault(Common.port("port"), 7878, "The port to listen on; 0 takes any that is free."),
  reserve: Common.optional(
    Common.integer("reserve", 0, 1_000_000),
    "IDENTIFYs that are kept for a manual restart. Default: 5 percent of the day's; 0 for none."
  ),
  state: Common.optional(
    Options.directory("state"),
    "A folder that keeps the used IDENTIFYs over restarts. Default: none."
  ),
  total: Common.withDefault(
    Common.integer("total", 1, 1_000_000),
    1_000,
    "IDENTIFYs a day, if --max-concurrency is given."
  )
}

export interface QueueOptions extends Command.Command.ParseConfig<typeof options> {}

const serve = Command.make(
  "serve",
  options,
  (options) => Effect.flatMap(Effect.promise(() => import("../queue/index.js")), ({ serve }) => serve(options))
).pipe(
  Command.withDescription("Serves one identify queue over HTTP: GET /?shard=0 is answered when the shard may identify.")
)

export const queue = Command.make("queue").pipe(
  Command.withDescription("Identify queues. Try: vesper queue serve --max-concurrency 1"),
  Command.withSubcommands([serve])
)
