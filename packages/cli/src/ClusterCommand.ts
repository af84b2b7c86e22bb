/**
 * `vesper cluster`: shards over many machines, and a look at them.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Terminal from "@effect/platform/Terminal"
import * as ClusterAdmin from "@vesper/cluster/ClusterAdmin"
import * as ClusterFleet from "@vesper/cluster/ClusterFleet"
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as SqlIdentifyQueue from "@vesper/cluster/SqlIdentifyQueue"
import type * as Decompressor from "@vesper/gateway/Decompressor"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import type * as EventType from "@vesper/model/EventType"
import type * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { CliError, type OutputClosed } from "./CliError.js"
import * as ClusterView from "./internal/clusterView.js"
import { database } from "./internal/databaseOption.js"
import { reasonOf } from "./internal/files.js"
import * as Common from "./internal/options.js"
import * as Watch from "./Watch.js"

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

const answerJson = Options.boolean("json").pipe(Options.withDescription("The answer as one line of JSON."))

const statusJson = Options.boolean("json").pipe(
  Options.withDescription("The same as JSON: one object a line.")
)

const watch = Options.boolean("watch").pipe(Options.withDescription("Look again each second, until Ctrl-C."))

const told = (error: { readonly message: string }) => new CliError({ message: error.message })

const databaseLayer = (url: Redacted.Redacted<string>) =>
  Layer.catchAllCause(NodeCluster.layerDatabase(url), (cause) => {
    // A file that is none, or lies in no folder, is a defect of the driver. Nothing of a file is secret.
    const file = Redacted.value(url)
    const why = Option.match(Cause.dieOption(cause), {
      onNone: () => "did not answer: see --database, and whether it is up",
      onSome: (defect) =>
        /^\w+:/.test(file) ? "cannot be used: see --database" : `cannot be opened: ${file}: ${reasonOf(defect)}`
    })
    return Layer.fail(new CliError({ message: `the cluster's database ${why}` }))
  })

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
    return Effect.forEach(lines, (line) => Effect.logInfo(line), { discard: true })
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
  /** When to end; none means on Ctrl-C, or when it is asked to go. */
  readonly duration: Option.Option<Duration.Duration>
  /** Where the status page is served, if it is. */
  readonly http: Option.Option<number>
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

/** The runner's layer, with what it does for each event. */
const layerOf = (
  options: RunOptions,
  runner: string,
  token: Redacted.Redacted<string>,
  handlers: ClusterFleet.Options<never, never>["handlers"]
) => {
  const { address, gatewayUrl, intents, lease, name, shards } = options
  const engine = Option.match(address, {
    onNone: () => NodeCluster.layerAlone,
    onSome: (address) =>
      Layer.mapError(
        NodeCluster.layer({ ...address, lease }),
        () =>
          new CliError({ message: `the runner could not listen on port ${address.port}: choose another with --port` })
      )
  })
  const config = ShardConfig.layer({ token, intents, gatewayUrl, events: Option.getOrUndefined(options.events) })
  return ClusterFleet.layer({ shards, name, lease, runner, handlers }).pipe(
    Layer.mapError(told),
    Layer.provide(queueOf(options, token)),
    Layer.provide(engine),
    Layer.provide(databaseLayer(options.database)),
    Layer.provide(Layer.mapError(config, (error) => new CliError({ message: String(error) }))),
    Layer.provide(NodeGateway.layer({ compression: options.compression })),
    Layer.provide(ShardMetrics.layer())
  )
}

/** This runner's shards. It ends when the runner is asked to go. */
const sourceOf = (
  options: RunOptions,
  runner: string,
  token: Redacted.Redacted<string>
): Watch.Source<CliError, Scope.Scope> =>
(handle) =>
  Effect.gen(function*() {
    // What a handler fails with is only logged by the cluster; here an output that is gone ends the program.
    const failed = yield* Deferred.make<never, CliError | OutputClosed>()
    const layer = layerOf(options, runner, token, (event) =>
      Effect.catchAll(handle(event), (error) =>
        Deferred.fail(failed, error)))
    const fleet = Context.get(yield* Layer.build(layer), ClusterFleet.ClusterFleet)
    yield* Effect.logInfo(`runner ${runner} of ${options.name} is up; vesper cluster drain ${runner} lets it go`)
    return {
      shards: fleet.shards,
      reading: Effect.raceFirst(
        Effect.zipRight(fleet.awaitDrain, Effect.logInfo("asked to go: the shards of this runner move to the others")),
        Effect.raceFirst(Effect.raceFirst(fleet.awaitFailure, Deferred.await(failed)), watchShards(fleet))
      ),
      beside: Effect.never,
      resharding: Effect.succeedNone,
      // A database that does not answer now is asked again.
      cluster: Effect.option(fleet.status),
      // The cluster's own scope keeps the sessions, and gives the shards back.
      close: Effect.map(fleet.shards, (shards) =>
        shards.length)
    }
  })

/**
 * Carries shards of a cluster until it is asked to go, or the gateway closes one for good.
 *
 * @since 0.1.0
 * @category running
 */
export const runCluster = (
  options: RunOptions
): Effect.Effect<void, CliError | OutputClosed | ShardError.FatallyClosedError, Terminal.Terminal> =>
  Effect.gen(function*() {
    const token = yield* Common.token
    const { address, duration, http, name } = options
    const runner = Option.match(address, { onNone: () => "alone", onSome: ({ host, port }) => `${host}:${port}` })
    yield* Watch.run({
      title: `vesper cluster run: ${runner} of ${name}`,
      mode: yield* Common.modeOf(options.json),
      duration,
      http,
      // Shards come and go with sessions that others have begun.
      isGapless: false,
      tellsEvents: false,
      budget: Effect.succeedNone,
      record: () => Effect.void,
      settle: () => Effect.succeed(0),
      source: sourceOf(options, runner, token)
    })
  })

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
    json: answerJson,
    name: fleet,
    runner: Args.text({ name: "runner" }).pipe(Args.withDescription("Its name or id in the status."))
  },
  (options) =>
    Effect.mapError(ClusterAdmin.drain(options.runner, options.name), told).pipe(
      Effect.filterOrFail(
        (count) => count > 0,
        () => new CliError({ message: `no runner "${options.runner}" is up: see vesper cluster status` })
      ),
      Effect.flatMap((runners) =>
        Console.log(
          options.json
            ? JSON.stringify({ runner: options.runner, asked: runners })
            : `${options.runner} was asked to go; its shards move and resume`
        )
      ),
      Effect.provide(databaseLayer(options.database))
    )
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
  (options) =>
    Effect.mapError(ClusterAdmin.reshard(options.shards, options.name), told).pipe(
      Effect.zipRight(
        Console.log(
          options.json
            ? JSON.stringify({ total: options.shards })
            : `the bot is being resharded to ${options.shards} shards; vesper cluster status shows how far it is`
        )
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
