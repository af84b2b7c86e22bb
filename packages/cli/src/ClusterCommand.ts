/**
 * `vesper cluster`: shards over many machines, and a look at them.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { database } from "./internal/databaseOption.js"
import * as Common from "./internal/options.js"

const fleet = Options.text("name").pipe(
  Options.withDefault("vesper"),
  Options.withDescription("The fleet's name, if several bots share a database. Default: vesper.")
)

const shards = Common.integer("shards", 1, Common.mostShards).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards the bot has, when its cluster is started for the first time. Default: 1.")
)

const slots = Common.integer("slots", 1, Common.mostShards).pipe(
  Options.optional,
  Options.withDescription(
    "In how many slots shards are placed, when the cluster is started for the first time. Default: one a shard."
  )
)

const host = Options.text("host").pipe(
  Options.withDefault("127.0.0.1"),
  Options.withDescription("Where other runners reach this one. Default: 127.0.0.1.")
)

const listenHost = Options.text("listen-host").pipe(
  Options.optional,
  Options.withDescription("Where it listens, such as 0.0.0.0 in a container. Default: what --host says.")
)

const port = Common.port("port").pipe(
  Options.withDefault(34_431),
  Options.withDescription("The port for other runners. Default: 34431.")
)

const lease = Common.time("lease").pipe(
  Options.optional,
  Options.withDescription("How long a silent runner keeps its shards; the same on all runners. Default: 15s.")
)

const poolSize = Common.integer("pool-size", 1, 100).pipe(
  Options.optional,
  Options.withDescription("Connections to PostgreSQL, beside the one for leases. Default: 8.")
)

const gatewayUrl = Common.websocketUrl("gateway-url").pipe(
  Options.withDefault(ShardConfig.defaultGatewayUrl),
  Options.withDescription(
    `Another gateway, such as a proxy or a simulated one. Default: ${ShardConfig.defaultGatewayUrl}`
  )
)

const answerJson = Options.boolean("json").pipe(Options.withDescription("The answer as one line of JSON."))

const statusJson = Options.boolean("json").pipe(
  Options.withDescription("The same as JSON: one object a line.")
)

const watch = Options.boolean("watch").pipe(Options.withDescription("Look again each second, until Ctrl-C."))

const runCommand = Command.make(
  "run",
  {
    apiUrl: Common.apiUrl,
    database,
    duration: Common.duration,
    gatewayUrl,
    host,
    http: Common.http,
    intents: Common.intents,
    json: Common.json,
    lease,
    listenHost,
    maxConcurrency: Common.maxConcurrency,
    name: fleet,
    poolSize,
    port,
    shards,
    slots
  },
  ({ host, listenHost, port, slots, ...options }) =>
    Effect.flatMap(Effect.promise(() => import("./internal/runCluster.js")), ({ run }) =>
      run({
        ...options,
        events: Option.none(),
        compression: "auto",
        address: Option.some({
          host,
          port,
          listenHost: Option.getOrElse(listenHost, () => host),
          slots
        })
      }))
).pipe(Command.withDescription("Carries a share of the bot's shards. The bot's token comes from DISCORD_TOKEN."))

const clusterAdmin = Effect.promise(() => import("./internal/clusterAdmin.js"))

const statusCommand = Command.make(
  "status",
  { database, json: statusJson, name: fleet, watch },
  (options) => Effect.flatMap(clusterAdmin, ({ status }) => status(options))
).pipe(Command.withDescription("Shows the runners of a cluster, and where its shards are."))

const drainCommand = Command.make(
  "drain",
  {
    database,
    json: answerJson,
    name: fleet,
    runner: Args.text({ name: "runner" }).pipe(Args.withDescription("Its name or id in the status."))
  },
  (options) => Effect.flatMap(clusterAdmin, ({ drain }) => drain(options))
).pipe(Command.withDescription("Lets a runner go: it ends, and its shards move to the others."))

const reshardCommand = Command.make(
  "reshard",
  {
    database,
    json: answerJson,
    name: fleet,
    shards: Common.integer("shards", 1, Common.mostShards).pipe(
      Options.withDescription("How many shards the bot is to have.")
    )
  },
  (options) => Effect.flatMap(clusterAdmin, ({ reshard }) => reshard(options))
).pipe(Command.withDescription("Changes how many shards the bot has, without a gap."))

/**
 * @since 0.1.0
 * @category commands
 */
export const clusterCommand = Command.make("cluster").pipe(
  Command.withDescription("Shards over many machines. Try: vesper cluster status"),
  Command.withSubcommands([runCommand, statusCommand, drainCommand, reshardCommand])
)
