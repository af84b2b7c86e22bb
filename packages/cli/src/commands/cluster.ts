/** `vesper cluster`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Common from "./options.js"

const fleet = Common.withDefault(
  Options.text("name"),
  "vesper",
  "The name of the fleet, if several bots share a database."
)

const answerAsJson = Common.flag("json", "Prints the answer as one line of JSON.")

const clusterRoom = Effect.promise(() => import("../cluster/index.js"))

const run = Command.make(
  "run",
  {
    apiUrl: Common.apiUrl,
    database: Common.database,
    duration: Common.duration,
    gatewayUrl: Common.websocketUrl("gateway-url").pipe(
      Options.withDefault(ShardConfig.defaultGatewayUrl),
      Options.withDescription(
        `Another gateway, such as a proxy or a simulated one. Default: ${ShardConfig.defaultGatewayUrl}`
      )
    ),
    host: Common.withDefault(Options.text("host"), "127.0.0.1", "The address at which other runners reach this one."),
    http: Common.http,
    intents: Common.intents,
    json: Common.json,
    lease: Common.optional(
      Common.time("lease"),
      "How long a silent runner keeps its shards; the same on all runners. Default: 15s."
    ),
    listenHost: Common.optional(
      Options.text("listen-host"),
      "The address to listen on, such as 0.0.0.0 in a container. Default: that of --host."
    ),
    maxConcurrency: Common.maxConcurrency,
    name: fleet,
    poolSize: Common.optional(
      Common.integer("pool-size", 1, 100),
      "Connections to PostgreSQL, in addition to the one for leases. Default: 8."
    ),
    port: Common.withDefault(Common.port("port"), 34_431, "The port for other runners."),
    shards: Common.withDefault(
      Common.shardTotal("shards"),
      1,
      "How many shards the bot has, when its cluster is started for the first time."
    ),
    slots: Common.optional(
      Common.shardTotal("slots"),
      "In how many slots shards are placed, when the cluster is started for the first time. Default: one a shard."
    )
  },
  ({ host, listenHost, port, slots, ...options }) =>
    Effect.flatMap(clusterRoom, ({ run }) =>
      run({
        ...options,
        events: Option.none(),
        compression: "auto",
        address: Option.some({ host, port, listenHost: Option.getOrElse(listenHost, () => host), slots })
      }))
).pipe(Command.withDescription("Runs a part of the bot's shards. The bot's token is read from DISCORD_TOKEN."))

const status = Command.make(
  "status",
  {
    database: Common.database,
    json: Common.flag("json", "Prints JSON: one object a line."),
    name: fleet,
    watch: Common.flag("watch", "Prints it each second, until Ctrl-C.")
  },
  (options) => Effect.flatMap(clusterRoom, ({ status }) => status(options))
).pipe(Command.withDescription("Shows the runners of a cluster, and their shards."))

const drain = Command.make(
  "drain",
  {
    database: Common.database,
    json: answerAsJson,
    name: fleet,
    runner: Args.text({ name: "runner" }).pipe(Args.withDescription("Its name or id in the status."))
  },
  (options) => Effect.flatMap(clusterRoom, ({ drain }) => drain(options))
).pipe(Command.withDescription("Ends a runner: its shards move to the others."))

const reshard = Command.make(
  "reshard",
  {
    database: Common.database,
    json: answerAsJson,
    name: fleet,
    shards: Common.shardTotal("shards").pipe(Options.withDescription("The new number of the bot's shards."))
  },
  (options) => Effect.flatMap(clusterRoom, ({ reshard }) => reshard(options))
).pipe(Command.withDescription("Changes the number of the bot's shards, without a gap."))

export const cluster = Command.make("cluster").pipe(
  Command.withDescription("Shards over many machines. Try: vesper cluster status"),
  Command.withSubcommands([run, status, drain, reshard])
)
