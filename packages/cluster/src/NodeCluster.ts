/**
 * @effect/cluster on Node, set up for a fleet: the runners find each other through their database, and talk over sockets.
 *
 * @since 0.1.0
 */
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import * as Sharding from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import type * as SocketServer from "@effect/platform/SocketServer"
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Neighbours from "./internal/neighbours.js"
import * as SqliteFile from "./internal/sqliteFile.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where other runners reach this one. */
  readonly host: string
  readonly port: number
  /** Where it listens. Default: `host`. */
  readonly listenHost?: string | undefined
  /** The port that it listens on, where others reach it by another one. Default: `port`. */
  readonly listenPort?: number | undefined
  /** As in `ClusterFleet.Options`. Default: 15 seconds. */
  readonly lease?: Duration.DurationInput | undefined
  /**
   * In how many pieces the shards are handed out. With as many as there are shards, runners differ by one shard at most;
   * more of them wait for a later resharding, and make shares less even. The same on all runners. Default: 16.
   */
  readonly slots?: number | undefined
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

const shardingConfig = (options: Partial<Options>): Partial<ShardingConfig.ShardingConfig["Type"]> => {
  const lease = Duration.decode(options.lease ?? defaultLease)
  return {
    shardsPerGroup: Math.max(1, options.slots ?? 16),
    runnerShardWeight: options.weight ?? 1,
    shardLockExpiration: lease,
    shardLockRefreshInterval: Duration.times(lease, 1 / 3),
    // An advisory lock of PostgreSQL's goes with its connection: through a network split that can take hours, and after
    // a hiccup it is gone while its owner lives on. A row runs out when it should.
    shardLockDisableAdvisory: true,
    refreshAssignmentsInterval: Duration.seconds(1),
    entityMessagePollInterval: Duration.seconds(1),
    simulateRemoteSerialization: false
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
): Layer.Layer<
  Sharding.Sharding,
  SocketServer.SocketServerError | ConfigError.ConfigError,
  SqlClient.SqlClient
> => {
  const { host, listenHost = host, port, listenPort = port } = options
  const config = {
    ...shardingConfig(options),
    runnerAddress: Option.some(RunnerAddress.make(host, port)),
    runnerListenAddress: Option.some(RunnerAddress.make(listenHost, listenPort))
  }
  return NodeClusterSocket.layer({ storage: "byo", shardingConfig: config }).pipe(
    // Commands are not kept for later: a presence of an hour ago is of no use.
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(Layer.orDie(SqlRunnerStorage.layer)),
    Layer.provide(ShardingConfig.layer(config))
  )
}

/**
 * The only runner there is: it talks to nobody, and listens nowhere.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAlone: Layer.Layer<Sharding.Sharding> = Sharding.layer.pipe(
  Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
  Layer.provide([MessageStorage.layerNoop, RunnerStorage.layerMemory]),
  Layer.provide(ShardingConfig.layer(shardingConfig({})))
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
 * A PostgreSQL server, by its URL with user and password.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPostgres = (url: Redacted.Redacted<string>): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  PgClient.layer({ url, applicationName: "vesper", connectTimeout: "2 seconds" })

/**
 * Whichever the URL names: `postgres://…`, or the path of a file.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDatabase = (
  url: Redacted.Redacted<string>
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  /^postgres(ql)?:/.test(Redacted.value(url))
    ? layerPostgres(url)
    : layerSqlite(Redacted.value(url).replace(/^(sqlite|file):(\/\/)?/, ""))
