/**
 * The state of guilds in a table of SQLite or PostgreSQL, which outlives the process. A process that resumes its session continues with
 * the table. It is written in a transaction for each event, so the handlers of other features may run before their event is applied:
 * `GuildState.after` waits for it.
 *
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GuildStore from "./GuildStore.js"
import * as internal from "./internal/sql/sqlStore.js"

/**
 * Makes a store on the table `vesper_guild_state`, which is created if it does not exist. The guilds of one bot are in one database.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<GuildStore.GuildStore, SqlError.SqlError, SqlClient.SqlClient> = internal.make

/**
 * Provides a store on a table.
 *
 * @example
 * ```ts
 * import { LibsqlClient } from "@effect/sql-libsql"
 * import { GuildState } from "@vesper/state"
 * import * as SqlGuildStore from "@vesper/state/SqlGuildStore"
 * import { Layer } from "effect"
 *
 * export const State = GuildState.layerStore({ guilds: true, roles: true, channels: true }).pipe(
 *   Layer.provide(SqlGuildStore.layer),
 *   Layer.provide(LibsqlClient.layer({ url: "file:state.db" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<GuildStore.GuildStore, SqlError.SqlError, SqlClient.SqlClient> = Layer.effect(
  GuildStore.GuildStore,
  make
)
