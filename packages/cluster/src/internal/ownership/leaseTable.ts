/** The owners of a fleet's shards, as rows. Each operation is one statement, guarded so that a late one does no harm. */
import * as SqlClient from "@effect/sql/SqlClient"
import type * as Session from "@vesper/gateway/Session"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Database from "../database/index.js"
import * as DatabaseClock from "./databaseClock.js"
import * as FleetRows from "./fleetRows.js"
import type * as Placement from "./placement.js"

/** The right to a shard, until it expires or another runner takes it with a higher fence. */
export interface Claim {
  readonly shard: ShardId.ShardId
  readonly fence: number
  readonly session: Option.Option<Session.Session>
  /** Of the last write under any owner. */
  readonly revision: number
}

/** New contents of a claim's row. */
export interface Write {
  readonly claim: Claim
  readonly revision: number
  readonly session: Option.Option<Session.Session>
  readonly status: string | null
}

/** The answer of the database to a runner that polls it. */
export interface Look {
  readonly plan: Placement.Plan
  /** Runners as @effect/cluster encodes them; alive until their row expires. */
  readonly runners: ReadonlyArray<{ readonly id: string; readonly runner: string; readonly isAlive: boolean }>
  /** True if the database's clock was set forward, so that rows may look expired. */
  readonly isSuspect: boolean
  /** True once this runner was asked to end. */
  readonly isDraining: boolean
}

export const toKey = ({ id, total }: ShardId.ShardId): string => `${id}/${total}`

export interface LeaseTable {
  /** Adds or replaces this runner, and returns a number that no other registration has. */
  readonly register: (runner: string) => Effect.Effect<number, Error>
  readonly unregister: Effect.Effect<void, Error>
  readonly look: Effect.Effect<Look, Error>
  /** Parts of a resharding that are done. */
  readonly doneParts: (plan: Placement.Plan) => Effect.Effect<ReadonlySet<number>, Error>
  /**
   * Takes free ones of the shards; none if the plan has changed, and no expired ones if the database's clock is after
   * `latest`. Default: the latest time that it can have unless it was set.
   */
  readonly claim: (
    plan: Placement.Plan,
    shards: ReadonlyArray<ShardId.ShardId>,
    latest?: number
  ) => Effect.Effect<ReadonlyArray<Claim>, Error>
  /** Renews this runner's row and its claims, and returns the keys of those that it still has. */
  readonly renew: (claims: ReadonlyArray<Claim>) => Effect.Effect<ReadonlySet<string>, Error>
  /** Carries out writes with a newer revision than their row, and returns their keys. */
  readonly save: (writes: ReadonlyArray<Write>) => Effect.Effect<ReadonlySet<string>, Error>
  readonly release: (claims: ReadonlyArray<Claim>) => Effect.Effect<void, Error>
  /** Releases the shards of runners whose process has certainly ended. */
  readonly reclaimDead: Effect.Effect<void, Error>
}

const columns = "total INTEGER, shard INTEGER"
const claimColumns = `${columns}, fence INTEGER`
const writeColumns = `${claimColumns}, revision BIGINT, session TEXT, sequence INTEGER, status TEXT`
const toRow = ({ fence, shard }: Claim) => ({ total: shard.total, shard: shard.id, fence })

const toWriteRow = ({ claim, revision, session, status }: Write) => ({
  ...toRow(claim),
  revision,
  status,
  session: Option.getOrNull(Option.map(session, Database.encodeSession)),
  sequence: Option.getOrNull(Option.map(session, ({ sequence }) => sequence))
})

type Found = Readonly<Record<"total" | "shard", number>>

/** Large numbers are text in PostgreSQL's answers. */
type Large = number | string

type ClaimedRow = Found & { readonly fence: number; readonly session: string | null; readonly revision: Large }

type PolledRow =
  & FleetRows.PlanRow
  & { readonly id: string; readonly runner: string | null }
  & Readonly<Record<"expires_at" | "draining" | "now", Large>>

const toClaim = ({ fence, revision, session, shard, total }: ClaimedRow): Claim => ({
  shard: ShardId.unsafeMake(shard, total),
  fence,
  session: Database.decodeSession(session),
  revision: Number(revision)
})

const toKeys = (rows: ReadonlyArray<Found>): ReadonlySet<string> =>
  new Set(rows.map(({ shard, total }) => `${shard}/${total}`))

/** Makes the rows of a runner whose id was never used before. */
export const make = ({ fleet, lease, runner: { id: owner, name } }: {
  readonly fleet: string
  readonly runner: { readonly id: string; readonly name: string }
  readonly lease: Duration.Duration
}) =>
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const renewals = Option.getOrElse(yield* Database.LeaseConnection, () => sql).withoutTransforms()
    const locks = yield* Database.ProcessLocks.Current
    yield* locks.join(owner)
    const clock = DatabaseClock.make(lease)
    const now = Database.currentTime(sql)
    const expiry = sql`${now} + CAST(${Math.round(Duration.toMillis(lease))} AS BIGINT)`
    const isMine = sql`vesper_sessions.fleet = ${fleet} AND vesper_sessions.owner = ${owner}`
    const isHeld = sql.literal("held.total = vesper_sessions.total AND held.shard = vesper_sessions.shard")
    const free = sql.literal("owner = NULL, expires_at = 0, status = NULL")
    /** Claims that this runner still has, with their rows locked. */
    const held = (rows: ReadonlyArray<object>, columns = claimColumns) =>
      sql`held AS MATERIALIZED (
        SELECT v.* FROM vesper_sessions AS s
        JOIN ${Database.selectRows(sql, columns, rows)} ON s.total = v.total AND s.shard = v.shard AND s.fence = v.fence
        WHERE s.fleet = ${fleet} AND s.owner = ${owner} ORDER BY s.total, s.shard ${Database.forUpdate(sql)}
      )`
    // An expiry in more than a lease was written before the clock was set back; it is shortened for any owner.
    const alive = sql`UPDATE vesper_runners SET expires_at = ${expiry}
      WHERE fleet = ${fleet} AND (id = ${owner} OR expires_at > ${expiry})`
    const prolong = sql`
      UPDATE vesper_sessions SET expires_at = ${expiry} WHERE fleet = ${fleet} AND (
        owner IS NOT NULL AND expires_at > ${expiry} OR EXISTS (SELECT 1 FROM held WHERE ${isHeld})
      ) RETURNING total, shard, owner
    `
    const renew = (claims: ReadonlyArray<Claim>) => {
      const own = held(claims.map(toRow))
      return renewals.onDialectOrElse({
        pg: () => renewals<Found & { readonly owner: string }>`WITH alive AS (${alive}), ${own} ${prolong}`,
        orElse: () => Effect.zipRight(alive, renewals<Found & { readonly owner: string }>`WITH ${own} ${prolong}`)
      })
    }
    const claim = ({ epoch }: Placement.Plan, shards: ReadonlyArray<ShardId.ShardId>, latest: number) => {
      const wanted = Database.selectRows(sql, columns, shards.map(({ id, total }) => ({ total, shard: id })))
      const claimed = Database.inTime(sql<ClaimedRow>`
        INSERT INTO vesper_sessions (fleet, total, shard, owner, fence, expires_at)
        SELECT f.fleet, v.total, v.shard, CAST(${owner} AS TEXT), 1, ${expiry} FROM vesper_fleets AS f, ${wanted}
        WHERE f.fleet = ${fleet} AND f.epoch = ${epoch} AND (v.total = f.total OR v.total = f.next_total)
          AND NOT EXISTS (
            SELECT 1 FROM vesper_handovers AS h
            WHERE f.next_total IS NOT NULL AND v.total = f.total AND h.fleet = f.fleet AND h.epoch = f.epoch
              AND h.part = v.shard % f.parts AND h.done = 1
          )
        ORDER BY v.total, v.shard
        ON CONFLICT (fleet, total, shard) DO UPDATE
        SET owner = excluded.owner, fence = vesper_sessions.fence + 1, expires_at = excluded.expires_at, status = NULL
        WHERE vesper_sessions.owner IS NULL OR vesper_sessions.owner = excluded.owner
          OR vesper_sessions.expires_at <= ${now} AND ${now} <= CAST(${Math.round(latest)} AS BIGINT)
        RETURNING total, shard, fence, session, revision
      `)
      return Effect.map(claimed, (rows) => rows.map(toClaim))
    }
    const owners = Database.inTime(sql<{ readonly owner: string }>`
      SELECT owner FROM vesper_sessions WHERE fleet = ${fleet} AND owner IS NOT NULL AND owner <> ${owner}
      UNION SELECT id FROM vesper_runners WHERE fleet = ${fleet} AND id <> ${owner}
    `)
    const reclaimFrom = (dead: string) =>
      Database.inTime(sql`UPDATE vesper_sessions SET ${free} WHERE fleet = ${fleet} AND owner = ${dead}`).pipe(
        Effect.zipRight(Database.inTime(sql`DELETE FROM vesper_runners WHERE fleet = ${fleet} AND id = ${dead}`)),
        Effect.zipRight(Effect.logInfo(`runner ${dead} is dead: its shards are taken over at once`))
      )
    const rows: LeaseTable = {
      register: (runner) =>
        Effect.gen(function*() {
          const [row] = yield* Database.inTime(sql<{ readonly machines: number }>`
            UPDATE vesper_fleets SET machines = machines + 1 WHERE fleet = ${fleet} RETURNING machines
          `)
          yield* Database.inTime(sql`
            INSERT INTO vesper_runners (id, fleet, name, expires_at, runner)
            VALUES (${owner}, ${fleet}, ${name}, ${expiry}, ${runner})
            ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, runner = excluded.runner
          `)
          return row?.machines ?? 0
        }),
      unregister: Effect.asVoid(Database.inTime(
        // The rows of killed runners stay for a day.
        sql`DELETE FROM vesper_runners WHERE fleet = ${fleet} AND (id = ${owner} OR expires_at < ${now} - 86400000)`
      )),
      look: Effect.gen(function*() {
        const rows = yield* Database.inTime(sql<PolledRow>`
          SELECT r.id, r.runner, r.expires_at, r.draining, ${sql.literal(FleetRows.planColumns)}, ${now} AS now
          FROM vesper_fleets AS f LEFT JOIN vesper_runners AS r ON r.fleet = f.fleet AND r.runner IS NOT NULL
          WHERE f.fleet = ${fleet}
        `)
        const moment = yield* DatabaseClock.instant
        clock.observe(Number(rows[0]?.now ?? 0), moment)
        return {
          plan: FleetRows.toPlan(rows[0]),
          runners: rows.flatMap(({ expires_at, id, now, runner }) =>
            runner === null ? [] : [{ id, runner, isAlive: Number(expires_at) > Number(now) }]
          ),
          isSuspect: clock.isSuspect(moment),
          isDraining: rows.some(({ draining, id }) => id === owner && Number(draining) === 1)
        }
      }),
      doneParts: (plan) => FleetRows.findDone(sql, fleet, plan),
      claim: (plan, shards, latest) =>
        shards.length === 0 ? Effect.succeed([]) : Effect.flatMap(
          DatabaseClock.instant,
          (moment) => claim(plan, shards, latest ?? clock.latest(moment))
        ),
      renew: (claims) =>
        Effect.map(Database.inTime(renew(claims), 3), (rows) => toKeys(rows.filter((row) => row.owner === owner))),
      save: (writes) =>
        Effect.map(
          Database.inTime(sql<Found>`
            WITH ${held(writes.map(toWriteRow), writeColumns)}
            UPDATE vesper_sessions
            SET session = held.session, sequence = held.sequence, status = held.status, revision = held.revision
            FROM held WHERE ${isMine} AND ${isHeld} AND vesper_sessions.fence = held.fence
              AND vesper_sessions.revision < held.revision
            RETURNING vesper_sessions.total, vesper_sessions.shard
          `),
          toKeys
        ),
      release: (claims) =>
        claims.length === 0 ? Effect.void : Effect.asVoid(Database.inTime(sql`
          WITH ${held(claims.map(toRow))} UPDATE vesper_sessions SET ${free} FROM held WHERE ${isMine} AND ${isHeld}
        `)),
      reclaimDead: !locks.canProve ? Effect.void : Effect.flatMap(owners, (rows) =>
        Effect.forEach(
          rows,
          (row) => Effect.whenEffect(reclaimFrom(row.owner), locks.isGone(row.owner)),
          { discard: true }
        ))
    }
    return rows
  })
