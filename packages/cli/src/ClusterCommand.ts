/**
 * `vesper cluster`: shards over many machines, and a look at them.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as ClusterAdmin from "@vesper/cluster/ClusterAdmin"
import * as ClusterFleet from "@vesper/cluster/ClusterFleet"
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as SqlIdentifyQueue from "@vesper/cluster/SqlIdentifyQueue"
import type * as Decompressor from "@vesper/gateway/Decompressor"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as EventType from "@vesper/model/EventType"
import type * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { CliError } from "./CliError.js"
import * as ClusterView from "./internal/clusterView.js"
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
  Options.withDescription("In how many pieces shards are handed out; the same on all runners. Default: one a shard.")
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
  Options.withDefault(NodeCluster.defaultLease),
  Options.withDescription("How long a silent runner keeps its shards; the same on all runners. Default: 15s.")
)

const gatewayUrl = Common.websocketUrl("gateway-url").pipe(
  Options.withDefault(ShardConfig.defaultGatewayUrl),
  Options.withDescription(
    `Another gateway, such as a proxy or a simulated one. Default: ${ShardConfig.defaultGatewayUrl}`
  )
)

const statusJson = Options.boolean("json").pipe(
  Options.withDescription("The same as JSON: one object a line.")
)

const watch = Options.boolean("watch").pipe(Options.withDescription("Look again each second, until Ctrl-C."))

const told = (error: { readonly message: string }) => new CliError({ message: error.message })

const databaseLayer = (url: Redacted.Redacted<string>) =>
  Layer.mapError(
    NodeCluster.layerDatabase(url),
    () => new CliError({ message: "the cluster's database did not answer: see --database, and whether it is up" })
  )

/** Its own words, without the options of a log. */
const notice = (line: string) => Console.error(`vesper: ${line}`)

/** Tells which shards come to this runner and which go, for ever. */
const watchShards = (fleet: ClusterFleet.ClusterFleet) => {
  let before: ReadonlySet<string> = new Set()
  return Effect.flatMap(fleet.shards, (shards) => {
    const now = new Set(shards.map(({ id }) => String(id)))
    const lines = [
      ...Array.from(now).filter((id) => !before.has(id)).map((id) => `shard ${id} is here`),
      ...Array.from(before).filter((id) => !now.has(id)).map((id) => `shard ${id} has gone`)
    ]
    before = now
    return Effect.forEach(lines, notice, { discard: true })
  }).pipe(Effect.zipRight(Effect.sleep("250 millis")), Effect.forever)
}

/**
 * What a runner on the command line is told.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions {
  readonly database: Redacted.Redacted<string>
  readonly name: string
  readonly shards: number
  readonly lease: Duration.Duration
  readonly maxConcurrency: Option.Option<number>
  /** Where the limits are asked for, if they are not named. */
  readonly apiUrl: Option.Option<string>
  readonly intents: Intents.Intents
  readonly gatewayUrl: string
  /** The only events to read; none means all. */
  readonly events: Option.Option<ReadonlyArray<EventType.EventType>>
  readonly compression: "auto" | "none" | Decompressor.Compression
  readonly json: boolean
  /** Where other runners reach it; none for a runner that is alone. */
  readonly address: Option.Option<{
    readonly host: string
    readonly port: number
    readonly listenHost: string
    readonly slots: number
  }>
}

const queueOf = ({ apiUrl, maxConcurrency, name }: RunOptions, token: Redacted.Redacted<string>) =>
  Option.match(maxConcurrency, {
    onSome: (maxConcurrency) => SqlIdentifyQueue.layer({ maxConcurrency, name }),
    onNone: () =>
      SqlIdentifyQueue.layerFromApi({ name }).pipe(
        Layer.provide(GatewayApi.layer({ token, baseUrl: Option.getOrUndefined(apiUrl) })),
        Layer.provide(FetchHttpClient.layer),
        Layer.mapError(told)
      )
  })

/**
 * Carries shards of a cluster until it is asked to go, or the gateway closes one for good.
 *
 * @since 0.1.0
 * @category running
 */
export const runCluster = (options: RunOptions): Effect.Effect<void, CliError> =>
  Effect.gen(function*() {
    const token = yield* Common.token
    const { address, gatewayUrl, intents, lease, name, shards } = options
    const runner = Option.match(address, { onNone: () => "alone", onSome: ({ host, port }) => `${host}:${port}` })
    const engine = Option.match(address, {
      onNone: () => NodeCluster.layerAlone,
      onSome: (address) =>
        Layer.mapError(NodeCluster.layer({ ...address, lease }), () =>
          new CliError({ message: `the runner could not listen on port ${address.port}: choose another with --port` }))
    })
    const layer = ClusterFleet.layer({
      shards,
      name,
      lease,
      runner,
      handlers: ({ event, shard }) =>
        options.json
          ? Console.log(JSON.stringify({ shard: shard.id, ...event }))
          : Effect.void
    }).pipe(
      Layer.mapError(told),
      Layer.provide(queueOf(options, token)),
      Layer.provide(engine),
      Layer.provide(databaseLayer(options.database)),
      Layer.provide(
        Layer.mapError(
          ShardConfig.layer({ token, intents, gatewayUrl, events: Option.getOrUndefined(options.events) }),
          (error) =>
            new CliError({ message: String(error) })
        )
      ),
      Layer.provide(NodeGateway.layer({ compression: options.compression }))
    )
    const live = Effect.gen(function*() {
      const fleet = yield* ClusterFleet.ClusterFleet
      yield* notice(`runner ${runner} of ${name} is up; vesper cluster drain ${runner} lets it go`)
      yield* Effect.raceFirst(
        Effect.zipRight(fleet.awaitDrain, notice("asked to go: its shards move to the others")),
        Effect.raceFirst(Effect.mapError(fleet.awaitFailure, told), watchShards(fleet))
      )
    })
    yield* Effect.provide(live, layer)
  })

const runCommand = Command.make(
  "run",
  {
    apiUrl: Common.apiUrl,
    database,
    gatewayUrl,
    host,
    intents: Common.intents,
    json: Common.json,
    lease,
    listenHost,
    maxConcurrency: Common.maxConcurrency,
    name: fleet,
    port,
    shards,
    slots
  },
  ({ host, listenHost, port, slots, ...options }) =>
    runCluster({
      ...options,
      events: Option.none(),
      compression: "auto",
      address: Option.some({
        host,
        port,
        listenHost: Option.getOrElse(listenHost, () => host),
        slots: Option.getOrElse(slots, () => options.shards)
      })
    })
).pipe(Command.withDescription("Carries a share of the bot's shards. The bot's token comes from DISCORD_TOKEN."))

const statusCommand = Command.make(
  "status",
  { database, json: statusJson, name: fleet, watch },
  (options) =>
    Effect.mapError(ClusterAdmin.status(options.name), told).pipe(
      Effect.map((status) => options.json ? ClusterView.toJson(status) : ClusterView.render(status)),
      Effect.flatMap((text) => Console.log(text)),
      (look) => options.watch ? Effect.forever(Effect.zipRight(look, Effect.sleep("1 second"))) : look,
      Effect.provide(databaseLayer(options.database))
    )
).pipe(Command.withDescription("Shows the runners of a cluster, and where its shards are."))

const drainCommand = Command.make(
  "drain",
  {
    database,
    name: fleet,
    runner: Args.text({ name: "runner" }).pipe(Args.withDescription("Its name or id in the status."))
  },
  (options) =>
    Effect.mapError(ClusterAdmin.drain(options.runner, options.name), told).pipe(
      Effect.filterOrFail(
        (count) => count > 0,
        () => new CliError({ message: `no runner "${options.runner}" is up: see vesper cluster status` })
      ),
      Effect.zipRight(Console.log(`${options.runner} was asked to go; its shards move and resume`)),
      Effect.provide(databaseLayer(options.database))
    )
).pipe(Command.withDescription("Lets a runner go: it ends, and its shards move to the others."))

const reshardCommand = Command.make(
  "reshard",
  {
    database,
    name: fleet,
    shards: Common.integer("shards", 1, Common.mostShards).pipe(
      Options.withDescription("How many shards the bot is to have.")
    )
  },
  (options) =>
    Effect.mapError(ClusterAdmin.reshard(options.shards, options.name), told).pipe(
      Effect.zipRight(
        Console.log(`the bot is being resharded to ${options.shards} shards; vesper cluster status shows how far it is`)
      ),
      Effect.provide(databaseLayer(options.database))
    )
).pipe(Command.withDescription("Changes how many shards the bot has, without a gap."))

/**
 * @since 0.1.0
 * @category commands
 */
export const clusterCommand = Command.make("cluster").pipe(
  Command.withDescription("Shards over many machines. Try: vesper cluster status"),
  Command.withSubcommands([runCommand, statusCommand, drainCommand, reshardCommand])
)
