/** Sessions in a database, for shards that are not in a cluster. @since 0.1.0 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { migrate } from "./internal/database/schema.js"
import { decodeSession, encodeSession, inTime } from "./internal/database/statement.js"

/** Makes a store, and missing tables. @since 0.1.0 @category constructors */
export const make: Effect.Effect<SessionStore.SessionStore, never, SqlClient.SqlClient> = Effect.gen(function*() {
  yield* migrate
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const failed = (operation: SessionStore.SessionStoreError["operation"]) =>
    Effect.mapError((cause: Error) => new SessionStore.SessionStoreError({ operation, cause }))
  // A fleet's name has no such prefix.
  const fleetName = ({ bot }: SessionStore.Key) => `single/${bot}`
  const matchesKey = (key: SessionStore.Key) =>
    sql`fleet = ${fleetName(key)} AND total = ${key.shard.total} AND shard = ${key.shard.id}`
  return {
    load: (key) =>
      inTime(
        sql<{ readonly session: string | null }>`SELECT session FROM vesper_sessions WHERE ${matchesKey(key)}`
      ).pipe(Effect.map(([row]) => decodeSession(row?.session)), failed("load")),
    save: (key, session) =>
      inTime(sql`
        INSERT INTO vesper_sessions (fleet, total, shard, session, sequence)
        VALUES (${fleetName(key)}, ${key.shard.total}, ${key.shard.id}, ${encodeSession(session)}, ${session.sequence})
        ON CONFLICT (fleet, total, shard) DO UPDATE SET session = excluded.session, sequence = excluded.sequence
      `).pipe(Effect.asVoid, failed("save")),
    remove: (key) =>
      inTime(sql`DELETE FROM vesper_sessions WHERE ${matchesKey(key)}`).pipe(Effect.asVoid, failed("remove"))
  }
})

/**
 * Provides a session store for shards that each run in one process.
 *
 * @example
 * ```ts
 * import { LibsqlClient } from "@effect/sql-libsql"
 * import { SqlSessionStore } from "@vesper/cluster"
 * import { Layer } from "effect"
 *
 * export const layer = Layer.provide(SqlSessionStore.layer, LibsqlClient.layer({ url: "file:vesper.db" }))
 * ```
 * @since 0.1.0 @category layers
 */
export const layer: Layer.Layer<SessionStore.SessionStore, never, SqlClient.SqlClient> = Layer.effect(
  SessionStore.SessionStore,
  make
)
