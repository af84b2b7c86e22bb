/**
 * The members of all guilds in a table. It applies the gateway's events in their order, and any part of the
 * program may query it. It survives the process, and a million members take no memory.
 */
import { SqlClient, type SqlError, SqlSchema } from "@effect/sql"
import { LibsqlMigrator } from "@effect/sql-libsql"
import { Context, Effect, Layer, type Option, type ParseResult, Schema } from "effect"
import { Member } from "./Member.js"

export type CacheError = SqlError.SqlError | ParseResult.ParseError

/** A part of the answer to a request for all members of a guild. */
export interface Part {
  readonly guild: string
  readonly members: ReadonlyArray<Member>
  readonly isFirst: boolean
  readonly isLast: boolean
}

export interface MemberCache {
  readonly put: (member: Member) => Effect.Effect<void, CacheError>
  /** With the last part of a response, members in none of its parts are removed. */
  readonly putPart: (part: Part) => Effect.Effect<void, CacheError>
  readonly remove: (guild: string, id: string) => Effect.Effect<void, CacheError>
  readonly removeGuild: (guild: string) => Effect.Effect<void, CacheError>

  readonly find: (guild: string, id: string) => Effect.Effect<Option.Option<Member>, CacheError>
  /** By the beginning of the name or of the nickname, in the order of their names. */
  readonly search: (guild: string, prefix: string) => Effect.Effect<ReadonlyArray<Member>, CacheError>
  readonly count: Effect.Effect<number, CacheError>
}

export const MemberCache = Context.GenericTag<MemberCache>("member-cache/MemberCache")

const createMembers = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql`CREATE TABLE members (
    guild TEXT NOT NULL,
    id TEXT NOT NULL,
    username TEXT NOT NULL COLLATE NOCASE,
    nick TEXT COLLATE NOCASE,
    roles TEXT NOT NULL,
    -- Known from before the answer that is coming in, and not in it so far.
    is_stale INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (guild, id)
  )`)

const layerTables = LibsqlMigrator.layer({ loader: LibsqlMigrator.fromRecord({ "1_members": createMembers }) })

/** Escapes the wildcards of LIKE, which are ordinary characters in a name. */
const prefixPattern = (prefix: string): string => `${prefix.replace(/[\\%_]/g, "\\$&")}%`

export const make: Effect.Effect<MemberCache, never, SqlClient.SqlClient> = Effect.map(
  SqlClient.SqlClient,
  (sql) => {
    const upsert = SqlSchema.void({
      Request: Schema.Array(Member),
      execute: (rows) =>
        sql`INSERT INTO members ${sql.insert(rows)}
          ON CONFLICT (guild, id) DO UPDATE SET
            username = excluded.username, nick = excluded.nick, roles = excluded.roles, is_stale = 0`
    })
    const findMember = SqlSchema.findOne({
      Request: Schema.Struct({ guild: Schema.String, id: Schema.String }),
      Result: Member,
      execute: ({ guild, id }) => sql`SELECT * FROM members WHERE guild = ${guild} AND id = ${id}`
    })
    const searchMembers = SqlSchema.findAll({
      Request: Schema.Struct({ guild: Schema.String, pattern: Schema.String }),
      Result: Member,
      execute: ({ guild, pattern }) =>
        sql`SELECT * FROM members
          WHERE guild = ${guild} AND (username LIKE ${pattern} ESCAPE '\\' OR nick LIKE ${pattern} ESCAPE '\\')
          ORDER BY username`
    })
    const count = SqlSchema.findAll({
      Request: Schema.Void,
      Result: Schema.Struct({ count: Schema.Number }),
      execute: () => sql`SELECT COUNT(*) AS count FROM members`
    })

    return {
      put: (member) => upsert([member]),
      putPart: ({ guild, isFirst, isLast, members }) =>
        Effect.gen(function*() {
          if (isFirst) {
            yield* sql`UPDATE members SET is_stale = 1 WHERE guild = ${guild}`
          }
          if (members.length > 0) {
            yield* upsert(members)
          }
          if (isLast) {
            yield* sql`DELETE FROM members WHERE guild = ${guild} AND is_stale = 1`
          }
        }).pipe(sql.withTransaction),
      remove: (guild, id) => Effect.asVoid(sql`DELETE FROM members WHERE guild = ${guild} AND id = ${id}`),
      removeGuild: (guild) => Effect.asVoid(sql`DELETE FROM members WHERE guild = ${guild}`),
      find: (guild, id) => findMember({ guild, id }),
      search: (guild, prefix) => searchMembers({ guild, pattern: prefixPattern(prefix) }),
      count: Effect.map(count(), ([row]) => row?.count ?? 0)
    }
  }
)

/** Makes the table if it is not there. */
export const layer = Layer.effect(MemberCache, make).pipe(Layer.provide(layerTables))
