/**
 * Sessions in a database, for shards that are not in a cluster: `ClusterFleet` keeps its own, with leases.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Session from "@vesper/gateway/Session"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { migrate } from "./internal/database/schema.js"
import { inTime } from "./internal/database/statement.js"

const Document = Schema.parseJson(Session.Session)
const encode = Schema.encodeSync(Document)
/** A document that cannot be read is as good as none: the shard identifies. */
const decode = Schema.decodeUnknownOption(Document)

/**
 * Makes the tables if they are not there. One shard must not run in two processes at a time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<SessionStore.SessionStore, never, SqlClient.SqlClient> = Effect.gen(function*() {
  yield* migrate
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const failed = (operation: SessionStore.SessionStoreError["operation"]) => (cause: Error) =>
    new SessionStore.SessionStoreError({ operation, cause })
  // A fleet's name has no slash in it where a bot's id stands alone.
  const fleetOf = ({ bot }: SessionStore.Key) => `single/${bot}`
  return {
    load: (key) =>
      Effect.mapBoth(
        inTime(sql<{ readonly session: string | null }>`
          SELECT session FROM vesper_sessions
          WHERE fleet = ${fleetOf(key)} AND total = ${key.shard.total} AND shard = ${key.shard.id}
        `),
        {
          onFailure: failed("load"),
          onSuccess: ([row]) => Option.flatMap(Option.fromNullable(row?.session), decode)
        }
      ),
    save: (key, session) =>
      Effect.mapBoth(
        inTime(sql`
          INSERT INTO vesper_sessions (fleet, total, shard, session, sequence)
          VALUES (${fleetOf(key)}, ${key.shard.total}, ${key.shard.id}, ${encode(session)}, ${session.sequence})
          ON CONFLICT (fleet, total, shard) DO UPDATE SET session = excluded.session, sequence = excluded.sequence
        `),
        { onFailure: failed("save"), onSuccess: () => undefined }
      ),
    remove: (key) =>
      Effect.mapBoth(
        inTime(sql`
          DELETE FROM vesper_sessions
          WHERE fleet = ${fleetOf(key)} AND total = ${key.shard.total} AND shard = ${key.shard.id}
        `),
        { onFailure: failed("remove"), onSuccess: () => undefined }
      )
  }
})

/**
 * @example
 * ```ts
 * import { LibsqlClient } from "@effect/sql-libsql"
 * import { SqlSessionStore } from "@vesper/cluster"
 * import { Layer } from "effect"
 *
 * export const layer = Layer.provide(SqlSessionStore.layer, LibsqlClient.layer({ url: "file:vesper.db" }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<SessionStore.SessionStore, never, SqlClient.SqlClient> = Layer.effect(
  SessionStore.SessionStore,
  make
)
