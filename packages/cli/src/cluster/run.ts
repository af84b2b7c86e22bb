/** `vesper cluster run`, and `vesper run --cluster`. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Terminal from "@effect/platform/Terminal"
import * as ClusterFleet from "@vesper/cluster/ClusterFleet"
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as SqlIdentifyQueue from "@vesper/cluster/SqlIdentifyQueue"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as ShardError from "@vesper/gateway/ShardError"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
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
import type { RunOptions } from "../commands/index.js"
import { Token } from "../config/index.js"
import { type CliError, ExitCode, failed, failedWith, misused, noteExitCode, type OutputClosed } from "../exit/index.js"
import { Watch } from "../shards/index.js"
import * as Database from "./database.js"
import { endInTime } from "./endInTime.js"

/** Logs the shards that this runner acquires and releases. */
const watchShards = (fleet: ClusterFleet.ClusterFleet) => {
  let before: ReadonlySet<string> = new Set()
  return Effect.flatMap(fleet.shards, (shards) => {
    const now = new Set(shards.map(({ id }) => String(id)))
    const lines = [
      ...Array.from(now).filter((id) => !before.has(id)).map((id) => `shard ${id} was acquired`),
      ...Array.from(before).filter((id) => !now.has(id)).map((id) => `shard ${id} was released`)
    ]
    before = now
    return Effect.forEach(lines, (line) => Effect.logInfo(line), { discard: true })
  }).pipe(Effect.zipRight(Effect.sleep("250 millis")), Effect.forever)
}

/** Options of a runner. None means the default of the cluster. */
export interface RunnerOptions extends Omit<RunOptions, "autoReshard" | "gatewayUrl" | "resumeFile" | "shards"> {
  readonly database: Redacted.Redacted<string>
  readonly name: string
  readonly poolSize: Option.Option<number>
  readonly shards: number
  readonly lease: Option.Option<Duration.Duration>
  readonly gatewayUrl: string
  /** The address for other runners. None: it runs alone. */
  readonly address: Option.Option<{
    readonly host: string
    readonly port: number
    readonly listenHost: string
    readonly slots: Option.Option<number>
  }>
}

const layerQueue = ({ apiUrl, maxConcurrency, name }: RunnerOptions, token: Redacted.Redacted<string>) =>
  Option.match(maxConcurrency, {
    onSome: (maxConcurrency) => Layer.mapError(SqlIdentifyQueue.layer({ maxConcurrency, name }), failedWith),
    onNone: () =>
      SqlIdentifyQueue.layerFromApi({ name }).pipe(
        Layer.provide(GatewayApi.layer({ token, baseUrl: Option.getOrUndefined(apiUrl) })),
        Layer.provide(FetchHttpClient.layer),
        Layer.mapError(failedWith)
      )
  })

/** The layer of a runner, with its event handlers. */
const layerRunner = (
  options: RunnerOptions,
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
        () => failed(`the runner could not listen on port ${address.port}: choose another with --port`)
      )
  })
  const config = ShardConfig.layer({ token, intents, gatewayUrl, events: Option.getOrUndefined(options.events) })
  const slots = Option.getOrUndefined(Option.flatMap(address, ({ slots }) => slots))
  return ClusterFleet.layer({ shards, slots, name, lease, runner, handlers }).pipe(
    Layer.mapError(failedWith),
    Layer.provide(layerQueue(options, token)),
    Layer.provide(engine),
    Layer.provide(Database.layer(options.database, options.poolSize)),
    Layer.provide(Layer.mapError(config, (error) => failed(String(error)))),
    Layer.provide(NodeGateway.layer({ compression: options.compression })),
    Layer.provide(ShardMetrics.layer())
  )
}

/** The shards of this runner, until it is drained. `ending` signals the beginning of its end. */
const start = (
  options: RunnerOptions,
  runner: string,
  token: Redacted.Redacted<string>,
  ending: Effect.Effect<void>
): Watch.Start<CliError, Scope.Scope> =>
(handle) =>
  Effect.gen(function*() {
    // The cluster logs the failure of a handler. Here a closed output ends the program.
    const closed = yield* Deferred.make<never, CliError | OutputClosed>()
    const layer = layerRunner(
      options,
      runner,
      token,
      (event) => Effect.catchAll(handle(event), (error) => Deferred.fail(closed, error))
    )
    const fleet = Context.get(yield* Layer.build(layer), ClusterFleet.ClusterFleet)
    // Finalizers run in reverse order: this one is the first.
    yield* Effect.addFinalizer(() => ending)
    yield* Effect.logInfo(`runner ${runner} of ${options.name} is up; vesper cluster drain ${runner} ends it`)
    return {
      shards: fleet.shards,
      reading: Effect.raceFirst(
        Effect.zipRight(fleet.awaitDrain, Effect.logInfo("draining: the shards of this runner move to the others")),
        Effect.raceFirst(Effect.raceFirst(fleet.awaitFailure, Deferred.await(closed)), watchShards(fleet))
      ),
      background: Effect.never,
      resharding: Effect.succeedNone,
      // A database that does not answer is polled again.
      cluster: Effect.option(fleet.status),
      // The status of the cluster has it.
      budget: Effect.succeedNone,
      // The scope of the cluster saves the sessions and releases the shards.
      close: Effect.map(fleet.shards, (shards) => shards.length)
    }
  })

/**
 * The time limit of a runner's end: its handlers have ten seconds, the save of a session has five, and a supervisor often
 * kills after thirty.
 */
const endLimit = Duration.seconds(25)

const abandon = Effect.zipRight(
  Console.error(
    `the runner did not end within ${Duration.format(endLimit)} and is abandoned: ` +
      "shards that it has not released move when their leases expire"
  ),
  noteExitCode(ExitCode.failed)
)

/**
 * Runs shards of a cluster until the runner is drained, or the gateway closes a shard permanently. If it has not ended 25
 * seconds after that, it is abandoned, so that the process ends.
 */
export const run = (
  options: RunnerOptions
): Effect.Effect<void, CliError | OutputClosed | ShardError.FatallyClosedError, Terminal.Terminal> =>
  Effect.gen(function*() {
    const token = yield* Token.read()
    const { address, duration, http, json, name } = options
    const runner = Option.match(address, { onNone: () => "alone", onSome: ({ host, port }) => `${host}:${port}` })
    yield* endInTime(endLimit, abandon, (ending) =>
      Watch.watch({
        title: `vesper cluster run: ${runner} of ${name}`,
        json,
        duration,
        http,
        // Shards move, with sessions of other runners.
        isGapless: false,
        start: start(options, runner, token, ending),
        summary: (summary, kept) => Effect.succeed(`${summary}, ${kept} kept for a later resume`)
      }))
  })

/** Options of `vesper run` with the database that keeps its sessions. */
export interface AloneOptions extends RunOptions {
  readonly database: Redacted.Redacted<string>
}

/** Runs a cluster of one. Options without a meaning for it are refused. */
export const runAlone = ({ shards, ...options }: AloneOptions) => {
  if (shards._tag !== "All") {
    return misused("a cluster has all shards of a bot: give their number, such as --shards 4")
  }
  if (Option.isSome(options.resumeFile)) {
    return misused("--cluster keeps sessions in --database: leave out --resume-file")
  }
  if (Option.isSome(options.autoReshard)) {
    return misused("a cluster is resharded by vesper cluster reshard: leave out --auto-reshard")
  }
  return run({
    ...options,
    name: "vesper",
    poolSize: Option.none(),
    shards: shards.total,
    lease: Option.none(),
    gatewayUrl: Option.getOrElse(options.gatewayUrl, () => ShardConfig.defaultGatewayUrl),
    address: Option.none()
  })
}
