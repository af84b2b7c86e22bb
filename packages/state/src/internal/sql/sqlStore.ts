import * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as GuildStore from "../../GuildStore.js"

type Sql = Effect.Effect<void, SqlError.SqlError>

interface Row {
  readonly id: string
  readonly value: string
}

/** Rows of one statement, below the number of parameters that databases accept. */
const maxRows = 200

/** The rows of guilds have this kind, and the id of the guild twice. */
const guilds = "guilds"

type ListKind = GuildStore.Kind | typeof guilds

const isWhole = (kind: ListKind): boolean => kind !== "members" && kind !== "threads" && kind !== "voiceStates"

const chunk = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / maxRows) }, (_, at) => all.slice(at * maxRows, (at + 1) * maxRows))

/** Reads a value that this module has written. */
const decode = <A>({ value }: Row): A => JSON.parse(value) as A

/** Statements on the table. */
const makeStatements = (sql: SqlClient.SqlClient) => {
  const table = sql("vesper_guild_state")

  const put = (kind: ListKind, guild: string, entries: ReadonlyArray<readonly [id: string, value: object]>): Sql =>
    Effect.flatMap(Clock.currentTimeMillis, (written) =>
      Effect.forEach(
        chunk(entries),
        (part) =>
          sql`INSERT INTO ${table} ${
            sql.insert(part.map(([id, value]) => ({ kind, guild, id, value: JSON.stringify(value), written })))
          } ON CONFLICT (kind, guild, id) DO UPDATE SET value = excluded.value, written = excluded.written`,
        { discard: true }
      ))

  const find = (kind: ListKind, guild: string, ids: ReadonlyArray<string>) =>
    Effect.map(
      Effect.forEach(
        chunk(ids),
        (part) =>
          sql<Row>`SELECT id, value FROM ${table} WHERE kind = ${kind} AND guild = ${guild} AND ${sql.in("id", part)}`
      ),
      (rows) => rows.flat()
    )

  const list = (kind: ListKind, guild: string) =>
    sql<Row>`SELECT id, value FROM ${table} WHERE kind = ${kind} AND guild = ${guild}`

  const remove = (kind: ListKind, guild: string, ids: ReadonlyArray<string>): Sql =>
    Effect.forEach(
      chunk(ids),
      (part) => sql`DELETE FROM ${table} WHERE kind = ${kind} AND guild = ${guild} AND ${sql.in("id", part)}`,
      { discard: true }
    )

  return {
    create: Effect.zipRight(
      sql`CREATE TABLE IF NOT EXISTS ${table} (
        kind TEXT NOT NULL, guild TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, written BIGINT NOT NULL,
        PRIMARY KEY (kind, guild, id))`,
      sql`CREATE INDEX IF NOT EXISTS vesper_guild_state_written ON ${table} (kind, written)`
    ),
    put,
    find,
    list,
    remove,
    removeGuild: (guild: string): Sql => Effect.asVoid(sql`DELETE FROM ${table} WHERE guild = ${guild}`),
    guildIds: Effect.map(
      sql<{ readonly id: string }>`SELECT id FROM ${table} WHERE kind = ${guilds}`,
      (rows) => rows.map(({ id }) => id)
    ),
    size: (kind: ListKind) =>
      Effect.map(
        sql<{ readonly size: number | string }>`SELECT COUNT(*) AS size FROM ${table} WHERE kind = ${kind}`,
        ([row]) => Number(row?.size ?? 0)
      ),
    sizeIn: (kind: ListKind, guild: string) =>
      Effect.map(
        sql<{ readonly size: number | string }>`SELECT COUNT(*) AS size FROM ${table}
          WHERE kind = ${kind} AND guild = ${guild}`,
        ([row]) => Number(row?.size ?? 0)
      ),
    removeOldest: (kind: ListKind, count: number): Sql =>
      Effect.asVoid(sql`DELETE FROM ${table} WHERE kind = ${kind} AND (guild, id) IN (
        SELECT guild, id FROM ${table} WHERE kind = ${kind} ORDER BY written, id LIMIT ${count})`),
    removeOldestIn: (kind: ListKind, guild: string, count: number): Sql =>
      Effect.asVoid(sql`DELETE FROM ${table} WHERE kind = ${kind} AND guild = ${guild} AND id IN (
        SELECT id FROM ${table} WHERE kind = ${kind} AND guild = ${guild} ORDER BY written, id LIMIT ${count})`),
    /** The guild whose entities of a kind were written least recently. */
    oldestGuild: (kind: ListKind) =>
      Effect.map(
        sql<{ readonly guild: string }>`SELECT guild FROM ${table} WHERE kind = ${kind}
          GROUP BY guild ORDER BY MAX(written), guild LIMIT 1`,
        ([row]) => row?.guild
      ),
    removeKind: (kind: ListKind, guild: string): Sql =>
      Effect.asVoid(sql`DELETE FROM ${table} WHERE kind = ${kind} AND guild = ${guild}`)
  }
}

type Statements = ReturnType<typeof makeStatements>

/** Entities of a kind that a change has added to a guild. */
interface Addition {
  readonly kind: ListKind
  readonly guild: string
  readonly count: number
}

const toAdditions = (change: GuildStore.Change): ReadonlyArray<Addition> => {
  switch (change._tag) {
    case "SetGuild": {
      const guild = change.guild.id
      const lists = Array.from(change.lists, ([kind, { size }]) => ({ kind, guild, count: size }))
      return [{ kind: guilds, guild, count: 1 }, ...lists]
    }
    case "Put":
      return [{ kind: change.kind, guild: change.guildId, count: change.entries.size }]
    default:
      return []
  }
}

const unbounded: GuildStore.ListBound = { capacity: Number.POSITIVE_INFINITY, perGuild: Number.POSITIVE_INFINITY }

const toBound = ({ guilds: capacity, lists }: GuildStore.Bounds, kind: ListKind): GuildStore.ListBound =>
  kind === guilds ? { ...unbounded, capacity } : lists.get(kind) ?? unbounded

/**
 * Removes entities above the bounds. Counting reads the whole index, so a kind is counted when the entries since the last count may
 * exceed its capacity, and a twentieth more is removed.
 */
class Limits {
  private readonly atMost = new Map<ListKind, number>()
  private readonly statements: Statements

  constructor(statements: Statements) {
    this.statements = statements
  }

  /** Counts the additions, and returns true if entities may have to be removed for them. */
  isExceeded(additions: ReadonlyArray<Addition>, bounds: GuildStore.Bounds): boolean {
    for (const { count, kind } of additions) {
      this.atMost.set(kind, this.read(kind) + count)
    }
    return additions.some(({ kind }) => {
      const { capacity, perGuild } = toBound(bounds, kind)
      return this.read(kind) > capacity || Number.isFinite(perGuild)
    })
  }

  enforce(additions: ReadonlyArray<Addition>, bounds: GuildStore.Bounds): Sql {
    return Effect.forEach(additions, ({ guild, kind }) => {
      const { capacity, perGuild } = toBound(bounds, kind)
      return Effect.zipRight(
        Number.isFinite(perGuild) ? this.enforceIn(kind, guild, perGuild) : Effect.void,
        this.read(kind) > capacity ? this.recount(kind, capacity) : Effect.void
      )
    }, { discard: true }).pipe(Effect.onError(() => Effect.sync(() => this.atMost.clear())))
  }

  private read(kind: ListKind): number {
    return this.atMost.get(kind) ?? Number.POSITIVE_INFINITY
  }

  private enforceIn(kind: ListKind, guild: string, perGuild: number): Sql {
    const { removeOldestIn, sizeIn } = this.statements
    return Effect.flatMap(
      sizeIn(kind, guild),
      (size) => size <= perGuild ? Effect.void : removeOldestIn(kind, guild, size - perGuild)
    )
  }

  private recount(kind: ListKind, capacity: number): Sql {
    const { removeOldest, size } = this.statements
    return Effect.flatMap(size(kind), (before) => {
      if (before <= capacity) {
        this.atMost.set(kind, before)
        return Effect.void
      }
      const count = before - capacity + Math.floor(capacity / 20)
      return Effect.zipRight(
        isWhole(kind) ? this.removeOldestGuild(kind) : removeOldest(kind, count),
        this.recount(kind, capacity)
      )
    })
  }

  private removeOldestGuild(kind: ListKind): Sql {
    const { oldestGuild, removeGuild, removeKind } = this.statements
    return Effect.flatMap(
      oldestGuild(kind),
      (guild) => guild === undefined ? Effect.void : kind === guilds ? removeGuild(guild) : removeKind(kind, guild)
    )
  }
}

/** Applies changes to the table. */
const makeApply = (statements: Statements) => {
  const { find, guildIds, list, put, remove, removeGuild } = statements

  const putEntries = (
    guild: string,
    kind: GuildStore.Kind,
    entries: GuildStore.Entries,
    merges: boolean
  ): Sql =>
    Effect.gen(function*() {
      const earlier = merges
        ? new Map((yield* find(kind, guild, Array.from(entries.keys()))).map((row) => [row.id, decode<object>(row)]))
        : new Map<string, object>()
      yield* put(kind, guild, Array.from(entries, ([id, entity]) => [id, { ...earlier.get(id), ...entity }]))
    })

  const removeThreads = (guild: string, parents: Option.Option<ReadonlyArray<string>>): Sql =>
    Effect.flatMap(list("threads", guild), (rows) => {
      const isRemoved = ({ parent_id: parent }: GuildStore.Thread) =>
        Option.match(parents, {
          onNone: () => true,
          onSome: (ids) => typeof parent === "string" && ids.includes(parent)
        })
      return remove("threads", guild, rows.filter((row) => isRemoved(decode(row))).map(({ id }) => id))
    })

  const removeRole = (guild: string, role: string): Sql =>
    Effect.flatMap(list("members", guild), (rows) => {
      const members = rows.map((row) => [row.id, decode<GuildStore.Member>(row)] as const)
      const changed = members.filter(([, { roles }]) => roles.includes(role))
      return Effect.zipRight(
        remove("roles", guild, [role]),
        put(
          "members",
          guild,
          changed.map(([id, member]) => [id, { ...member, roles: member.roles.filter((id) => id !== role) }])
        )
      )
    })

  const applyInGuild = (
    change: Exclude<GuildStore.Change, { readonly _tag: "SetGuild" | "RemoveGuild" | "RetainGuilds" }>,
    guild: Row
  ): Sql => {
    const { guildId } = change
    switch (change._tag) {
      case "UpdateGuild":
        return put(guilds, guildId, [[guildId, { ...decode<object>(guild), ...change.fields, id: guildId }]])
      case "Put": {
        const { entries, kind, merges } = change
        const write = putEntries(guildId, kind, entries, merges)
        return kind === "roles"
          ? Effect.flatMap(statements.sizeIn("roles", guildId), (size) => size === 0 ? Effect.void : write)
          : write
      }
      case "Remove":
        return remove(change.kind, guildId, change.ids)
      case "RemoveThreads":
        return removeThreads(guildId, change.parents)
      case "RemoveRole":
        return removeRole(guildId, change.roleId)
    }
  }

  return (change: GuildStore.Change): Sql => {
    switch (change._tag) {
      case "SetGuild":
        return Effect.gen(function*() {
          const { guild, lists } = change
          yield* removeGuild(guild.id)
          yield* put(guilds, guild.id, [[guild.id, guild]])
          yield* Effect.forEach(lists, ([kind, entries]) => putEntries(guild.id, kind, entries, false))
        })
      case "RemoveGuild":
        return removeGuild(change.guildId)
      case "RetainGuilds":
        return Effect.flatMap(guildIds, (ids) => {
          const { guildIds, shard } = change
          const gone = ids.filter((id) => ShardId.shardOf(id, shard.total) === shard.id && !guildIds.has(id))
          return Effect.forEach(gone, removeGuild, { discard: true })
        })
      default:
        return Effect.flatMap(
          find(guilds, change.guildId, [change.guildId]),
          ([guild]) => guild === undefined ? Effect.void : applyInGuild(change, guild)
        )
    }
  }
}

/** Two transactions may wait for the rows of each other, until the database ends one of them. */
const retryTransaction = Schedule.intersect(Schedule.jittered(Schedule.exponential("20 millis")), Schedule.recurs(5))

const failed = (operation: "read" | "write") => (cause: unknown) => new GuildStore.GuildStoreError({ operation, cause })

/** Creates the table if it does not exist. */
export const make: Effect.Effect<GuildStore.GuildStore, SqlError.SqlError, SqlClient.SqlClient> = Effect.gen(
  function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const statements = makeStatements(sql)
    yield* statements.create
    const apply = makeApply(statements)
    const limits = new Limits(statements)
    const oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)
    const inTransaction = (effect: Sql): Sql => Effect.retry(sql.withTransaction(effect), retryTransaction)

    /** Follows the transaction of the changes. Transactions of other guilds count the same entities, so one runs at a time. */
    const enforce = (changes: ReadonlyArray<GuildStore.Change>, bounds: GuildStore.Bounds): Sql =>
      Effect.suspend(() => {
        const additions = changes.flatMap(toAdditions)
        return limits.isExceeded(additions, bounds)
          ? oneAtATime(inTransaction(limits.enforce(additions, bounds)))
          : Effect.void
      })

    return {
      write: (changes, bounds) =>
        changes.length === 0
          ? Effect.void
          : inTransaction(Effect.forEach(changes, apply, { discard: true })).pipe(
            Effect.zipRight(enforce(changes, bounds)),
            Effect.mapError(failed("write"))
          ),
      guildIds: Effect.mapError(statements.guildIds, failed("read")),
      guild: (id) =>
        statements.find(guilds, id, [id]).pipe(
          Effect.map(([row]) => Option.map(Option.fromNullable(row), decode<Partial<GuildStore.Guild>>)),
          Effect.mapError(failed("read"))
        ),
      get: <K extends GuildStore.Kind>(kind: K, guildId: string, id: string) =>
        statements.find(kind, guildId, [id]).pipe(
          Effect.map(([row]) => Option.map(Option.fromNullable(row), decode<GuildStore.Entities[K]>)),
          Effect.mapError(failed("read"))
        ),
      list: <K extends GuildStore.Kind>(kind: K, guildId: string) =>
        statements.list(kind, guildId).pipe(
          Effect.map((rows) => new Map(rows.map((row) => [row.id, decode<GuildStore.Entities[K]>(row)]))),
          Effect.mapError(failed("read"))
        ),
      size: (kind) => Effect.mapError(statements.size(kind), failed("read"))
    }
  }
)
