/** What `vesper cluster run` does, and `vesper run --cluster`. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Terminal from "@effect/platform/Terminal"
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
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { CliError, type OutputClosed } from "../CliError.js"
import * as ExitCode from "../ExitCode.js"
import * as Watch from "../Watch.js"
import * as Database from "./clusterDatabase.js"
import { endInTime } from "./endInTime.js"
import * as Common from "./options.js"
import * as Token from "./token.js"
import { told } from "./told.js"

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

/** What a runner on the command line is told. */
export interface RunOptions {
  readonly database: Redacted.Redacted<string>
  readonly name: string
  /** Connections to the database; none is the cluster's own number. */
  readonly poolSize: Option.Option<number>
  readonly shards: number
  /** None is the cluster's own. */
  readonly lease: Option.Option<Duration.Duration>
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
    readonly slots: Option.Option<number>
  }>
}

const queueOf = ({ apiUrl, maxConcurrency, name }: RunOptions, token: Redacted.Redacted<string>) =>
  Option.match(maxConcurrency, {
    onSome: (maxConcurrency) => Layer.mapError(SqlIdentifyQueue.layer({ maxConcurrency, name }), told),
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
  const { address, gatewayUrl, intents, name, shards } = options
  const lease = Option.getOrElse(options.lease, () => NodeCluster.defaultLease)
  const engine = Option.match(address, {
    onNone: () => NodeCluster.layerAlone,
    onSome: (address) =>
      Layer.mapError(
        NodeCluster.layer(address),
        () =>
          new CliError({ message: `the runner could not listen on port ${address.port}: choose another with --port` })
      )
  })
  const config = ShardConfig.layer({ token, intents, gatewayUrl, events: Option.getOrUndefined(options.events) })
  const slots = Option.getOrUndefined(Option.flatMap(address, ({ slots }) => slots))
  return ClusterFleet.layer({ shards, slots, name, lease, runner, handlers }).pipe(
    Layer.mapError(told),
    Layer.provide(queueOf(options, token)),
    Layer.provide(engine),
    Layer.provide(Database.layer(options.database, options.poolSize)),
    Layer.provide(Layer.mapError(config, (error) => new CliError({ message: String(error) }))),
    Layer.provide(NodeGateway.layer({ compression: options.compression })),
    Layer.provide(ShardMetrics.layer())
  )
}

/** This runner's shards. It ends when the runner is asked to go; `ending` says that it is about to. */
const sourceOf = (
  options: RunOptions,
  runner: string,
  token: Redacted.Redacted<string>,
  ending: Effect.Effect<void>
): Watch.Source<CliError, Scope.Scope> =>
(handle) =>
  Effect.gen(function*() {
    // What a handler fails with is only logged by the cluster; here an output that is gone ends the program.
    const failed = yield* Deferred.make<never, CliError | OutputClosed>()
    const layer = layerOf(
      options,
      runner,
      token,
      (event) => Effect.catchAll(handle(event), (error) => Deferred.fail(failed, error))
    )
    const fleet = Context.get(yield* Layer.build(layer), ClusterFleet.ClusterFleet)
    // The last one is the first to run.
    yield* Effect.addFinalizer(() => ending)
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
      close: Effect.map(fleet.shards, (shards) => shards.length)
    }
  })

/**
 * How long a runner may take to go: handlers have ten seconds for it, a session's save five, and a supervisor often kills
 * after thirty.
 */
const patience = Duration.seconds(25)

const notGone = Effect.zipRight(
  Console.error(
    `the runner did not end within ${Duration.format(patience)} after it was to go, and is cut off: ` +
      "shards that it has not given back move when their leases have run out"
  ),
  ExitCode.note(ExitCode.failed)
)

/**
 * Carries shards of a cluster until it is asked to go, or the gateway closes one for good. If it has not ended 25 seconds
 * after that, it is left behind, so that the process can end.
 */
export const run = (
  options: RunOptions
): Effect.Effect<void, CliError | OutputClosed | ShardError.FatallyClosedError, Terminal.Terminal> =>
  Effect.gen(function*() {
    const token = yield* Token.token
    const { address, duration, http, name } = options
    const runner = Option.match(address, { onNone: () => "alone", onSome: ({ host, port }) => `${host}:${port}` })
    const mode = yield* Common.modeOf(options.json)
    yield* endInTime(patience, notGone, (ending) =>
      Watch.run({
        title: `vesper cluster run: ${runner} of ${name}`,
        mode,
        duration,
        http,
        // Shards come and go with sessions that others have begun.
        isGapless: false,
        tellsEvents: false,
        budget: Effect.succeedNone,
        record: () => Effect.void,
        settle: () => Effect.succeed(0),
        source: sourceOf(options, runner, token, ending)
      }))
  })
