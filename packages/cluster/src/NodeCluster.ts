/**
 * @effect/cluster on Node, set up for a fleet: the runners find each other through their database, and talk over sockets.
 *
 * @since 0.1.0
 */
import { EntityNotAssignedToRunner } from "@effect/cluster/ClusterError"
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as RunnerServer from "@effect/cluster/RunnerServer"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import * as Sharding from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import type * as SocketServer from "@effect/platform/SocketServer"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as ClusterEngine from "./ClusterEngine.js"
import * as Neighbours from "./internal/database/neighbours.js"
import * as Postgres from "./internal/database/postgres.js"
import * as SqliteFile from "./internal/database/sqliteFile.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The host by which other runners reach this one. */
  readonly host: string
  readonly port: number
  /** The host that it listens on. Default: `host`. */
  readonly listenHost?: string | undefined
  /** The port that it listens on, where others reach it by another one. Default: `port`. */
  readonly listenPort?: number | undefined
  /** This runner's share, compared with the others'. Default: 1. */
  readonly weight?: number | undefined
}

/**
 * The lease that runners have on their shards, if no other is given.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLease: Duration.Duration = Duration.seconds(15)

/** How often a runner looks for the others, for a new plan, and for being asked to end. */
const lookInterval = Duration.millis(1_500)

const shardingConfig = (
  runnerAddress: Option.Option<RunnerAddress.RunnerAddress>,
  more: Partial<ShardingConfig.ShardingConfig["Type"]>
) =>
  ShardingConfig.layer({
    ...(Option.isSome(runnerAddress) && { runnerAddress }),
    refreshAssignmentsInterval: lookInterval,
    entityMessagePollInterval: Duration.seconds(1),
    simulateRemoteSerialization: false,
    preemptiveShutdown: false,
    ...more
  })

/** @effect/cluster's sharding for a fleet. The rows' own times say who is alive, so it asks no runner for its health. */
const buildSharding = (
  { group, lease, slots, storage }: ClusterEngine.Options,
  runners: Runners.Runners["Type"],
  runnerAddress: Option.Option<RunnerAddress.RunnerAddress>,
  weight: number
) =>
  Sharding.layer.pipe(
    Layer.provide([
      Layer.succeed(Runners.Runners, runners),
      Layer.succeed(RunnerStorage.RunnerStorage, storage),
      RunnerHealth.layerNoop,
      MessageStorage.layerNoop
    ]),
    Layer.provide(shardingConfig(runnerAddress, {
      shardsPerGroup: slots,
      // Without the group `default` nothing runs but what the fleet asks for.
      availableShardGroups: [group],
      assignedShardGroups: [group],
      runnerShardWeight: weight,
      shardLockExpiration: lease,
      shardLockRefreshInterval: Duration.times(lease, 1 / 6)
    })),
    Layer.build,
    Effect.map(Context.get(Sharding.Sharding))
  )

/** The sharding that messages of other runners are for: the one that was built last. */
const makeCurrent = () => {
  let current = Option.none<Sharding.Sharding["Type"]>()
  const latest: Pick<Sharding.Sharding["Type"], "send" | "notify"> = {
    send: (message) =>
      Option.match(current, {
        onNone: () => Effect.fail(new EntityNotAssignedToRunner({ address: message.envelope.address })),
        onSome: (sharding) => sharding.send(message)
      }),
    notify: (message, options) =>
      Option.match(current, {
        onNone: () => Effect.fail(new EntityNotAssignedToRunner({ address: message.envelope.address })),
        onSome: (sharding) => sharding.notify(message, options)
      })
  }
  return {
    latest,
    replace: (sharding: Sharding.Sharding["Type"]) => {
      current = Option.some(sharding)
    }
  }
}

/**
 * A runner among others. It needs a database that all of them reach: `layerPostgres`, or on one machine `layerSqlite`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<ClusterEngine.ClusterEngine, SocketServer.SocketServerError> => {
  const { host, listenHost = host, port, listenPort = port, weight = 1 } = options
  const address = Option.some(RunnerAddress.make(host, port))
  const config = shardingConfig(address, {
    runnerListenAddress: Option.some(RunnerAddress.make(listenHost, listenPort))
  })
  return Layer.scoped(
    ClusterEngine.ClusterEngine,
    Effect.gen(function*() {
      const { latest, replace } = makeCurrent()
      const runners = yield* Runners.Runners
      yield* Layer.build(RunnerServer.layer.pipe(
        // The server uses these two of its members alone.
        Layer.provide(Layer.succeed(Sharding.Sharding, latest as Sharding.Sharding["Type"]))
      ))
      return {
        build: (options) => Effect.tap(buildSharding(options, runners, address, weight), replace)
      }
    })
  ).pipe(
    Layer.provide([
      RpcServer.layerProtocolSocketServer.pipe(Layer.provide(NodeClusterSocket.layerSocketServer)),
      Runners.layerRpc.pipe(Layer.provide(NodeClusterSocket.layerClientProtocol))
    ]),
    // Commands are not kept for later: a presence of an hour ago is of no use.
    Layer.provide([MessageStorage.layerNoop, RpcSerialization.layerMsgPack]),
    Layer.provide(config)
  )
}

/**
 * The only runner of a fleet: it talks to no other, and listens nowhere.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAlone: Layer.Layer<ClusterEngine.ClusterEngine> = Layer.effect(
  ClusterEngine.ClusterEngine,
  Effect.map(Runners.Runners, (runners) => ({
    build: (options) => buildSharding(options, runners, Option.none(), 1)
  }))
).pipe(
  Layer.provide(Runners.layerNoop),
  Layer.provide(MessageStorage.layerNoop),
  Layer.provide(shardingConfig(Option.none(), {}))
)

/**
 * A database in a file on a local disk, for the runners of one machine; one is usual. Runners on it hold a lock beside the
 * file for as long as their process lives: the shards of one that was killed need not wait for its lease to run out.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSqlite = (file: string): Layer.Layer<SqlClient.SqlClient> =>
  Layer.unwrapScoped(Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => SqliteFile.open(file)),
      (client) => Effect.sync(() => client.close())
    ),
    (liveClient) =>
      Layer.merge(
        LibsqlClient.layer({ liveClient }),
        // The same file by another name must be the same place.
        Layer.sync(Neighbours.Current, () => Neighbours.beside(Fs.realpathSync(file)))
      )
  ))

/**
 * How a runner uses its PostgreSQL server.
 *
 * @since 0.1.0
 * @category models
 */
export interface PostgresOptions {
  /** Connections at a time, beside the one that leases are renewed on. Default: 8. */
  readonly poolSize?: number | undefined
}

/**
 * A PostgreSQL server, by its URL with user and password. Waits for one that does not answer yet, and fails if it refuses
 * the login or has no such database. No pooler in transaction mode may be between them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPostgres = (
  url: Redacted.Redacted<string>,
  options: PostgresOptions = {}
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> => Postgres.layer(url, options.poolSize ?? 8)

/**
 * Whichever the URL names: `postgres://…`, or the path of a file.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDatabase = (
  url: Redacted.Redacted<string>,
  options: PostgresOptions = {}
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  /^postgres(ql)?:/.test(Redacted.value(url))
    ? layerPostgres(url, options)
    : layerSqlite(Redacted.value(url).replace(/^(sqlite|file):(\/\/)?/, ""))
