/** @effect/cluster on Node for a fleet: runners find each other in their database. @since 0.1.0 */
import { EntityNotAssignedToRunner } from "@effect/cluster/ClusterError"
import type { EntityAddress } from "@effect/cluster/EntityAddress"
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
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ClusterEngine from "./ClusterEngine.js"
import * as Postgres from "./internal/database/postgres.js"
import * as Sqlite from "./internal/database/sqlite.js"

/** Addresses and weight of a runner. @since 0.1.0 @category models */
export interface Options {
  /** The host by which other runners reach this one. */
  readonly host: string
  readonly port: number
  /** The host that it listens on. Default: `host`. */
  readonly listenHost?: string | undefined
  /** The port that it listens on. Default: `port`, by which others reach it. */
  readonly listenPort?: number | undefined
  /** This runner's share, compared with the others'. Default: 1. */
  readonly weight?: number | undefined
}

/** The default lease of runners on their shards. @since 0.1.0 @category constants */
export const defaultLease: Duration.Duration = Duration.seconds(15)

const shardingConfig = (config: Partial<ShardingConfig.ShardingConfig["Type"]>) =>
  ShardingConfig.layer({
    // The database is polled for other runners, a new plan, and a request to end.
    refreshAssignmentsInterval: Duration.millis(1_500),
    entityMessagePollInterval: Duration.seconds(1),
    simulateRemoteSerialization: false,
    preemptiveShutdown: false,
    ...config
  })

type Sharder = Sharding.Sharding["Type"]

/** Makes an engine with the way to other runners that the context has. */
const makeEngine = (config: Partial<ShardingConfig.ShardingConfig["Type"]>, onBuilt: (sharding: Sharder) => void) =>
  Effect.map(Runners.Runners, (runners): ClusterEngine.ClusterEngine => ({
    build: ({ group, lease, slots, storage }) =>
      Sharding.layer.pipe(
        Layer.provide([
          Layer.succeed(Runners.Runners, runners),
          Layer.succeed(RunnerStorage.RunnerStorage, storage),
          // The times of the rows say which runners are alive: none is asked for its health.
          RunnerHealth.layerNoop,
          MessageStorage.layerNoop
        ]),
        Layer.provide(shardingConfig({
          ...config,
          shardsPerGroup: slots,
          // Without the group `default` nothing runs except the fleet.
          availableShardGroups: [group],
          assignedShardGroups: [group],
          shardLockExpiration: lease,
          shardLockRefreshInterval: Duration.times(lease, 1 / 6)
        })),
        Layer.build,
        Effect.map(Context.get(Sharding.Sharding)),
        Effect.tap((sharding) => Effect.sync(() => onBuilt(sharding)))
      )
  }))

/** A runner among others, which share a database. @since 0.1.0 @category layers */
export const layer = (options: Options): Layer.Layer<ClusterEngine.ClusterEngine, SocketServer.SocketServerError> => {
  const { host, listenHost = host, port, listenPort = port, weight = 1 } = options
  const config = { runnerAddress: Option.some(RunnerAddress.make(host, port)), runnerShardWeight: weight }
  const isNotHere = ({ envelope: { address } }: { readonly envelope: { readonly address: EntityAddress } }) =>
    Effect.fail(new EntityNotAssignedToRunner({ address }))
  // Messages of other runners are for the sharding that was built last.
  let current: Pick<Sharder, "send" | "notify"> = { send: isNotHere, notify: isNotHere }
  const latest: Pick<Sharder, "send" | "notify"> = {
    send: (message) => current.send(message),
    notify: (message, options) => current.notify(message, options)
  }
  return Layer.merge(
    Layer.effect(
      ClusterEngine.ClusterEngine,
      makeEngine(config, (sharding) => {
        current = sharding
      })
    ),
    // The server uses these two members alone.
    RunnerServer.layer.pipe(Layer.provide(Layer.succeed(Sharding.Sharding, latest as Sharder)))
  ).pipe(
    Layer.provide([
      RpcServer.layerProtocolSocketServer.pipe(Layer.provide(NodeClusterSocket.layerSocketServer)),
      Runners.layerRpc.pipe(Layer.provide(NodeClusterSocket.layerClientProtocol))
    ]),
    // Commands are not kept for later: a presence of an hour ago is useless.
    Layer.provide([MessageStorage.layerNoop, RpcSerialization.layerMsgPack]),
    Layer.provide(shardingConfig({
      ...config,
      runnerListenAddress: Option.some(RunnerAddress.make(listenHost, listenPort))
    }))
  )
}

/** The only runner of a fleet. It listens nowhere. @since 0.1.0 @category layers */
export const layerAlone: Layer.Layer<ClusterEngine.ClusterEngine> = Layer.effect(
  ClusterEngine.ClusterEngine,
  makeEngine({}, () => {})
).pipe(Layer.provide(Runners.layerNoop), Layer.provide(MessageStorage.layerNoop), Layer.provide(shardingConfig({})))

/**
 * A database of the runners of one machine, in a file on a local disk; one runner is usual. A runner holds a lock next to
 * the file as long as its process lives, so that the shards of a killed one are free at once.
 * @since 0.1.0 @category layers
 */
export const layerSqlite: (file: string) => Layer.Layer<SqlClient.SqlClient> = Sqlite.layer

/** Use of a PostgreSQL server by one runner. @since 0.1.0 @category models */
export interface PostgresOptions {
  /** Connections, in addition to the one on which leases are renewed. Default: 8. */
  readonly poolSize?: number | undefined
}

/**
 * A PostgreSQL server, by its URL with user and password. Waits for a server that does not answer yet, and fails if the
 * login is refused or the database is missing. A pooler in transaction mode must not be in between.
 * @since 0.1.0 @category layers
 */
export const layerPostgres = (
  url: Redacted.Redacted<string>,
  options: PostgresOptions = {}
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> => Postgres.layer(url, options.poolSize ?? 8)

/** PostgreSQL for a URL such as `postgres://…`, otherwise the file at this path. @since 0.1.0 @category layers */
export const layerDatabase = (
  url: Redacted.Redacted<string>,
  options: PostgresOptions = {}
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  /^postgres(ql)?:/.test(Redacted.value(url))
    ? layerPostgres(url, options)
    : layerSqlite(Redacted.value(url).replace(/^(sqlite|file):(\/\/)?/, ""))
