/**
 * Who owns which shard of a fleet, as statements. Each is one statement, so that it is carried out whole or not at all, and
 * each is guarded so that a late one does no harm.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Session from "@vesper/gateway/Session"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as LeaseConnection from "../database/leaseConnection.js"
import * as Neighbours from "../database/neighbours.js"
import { forUpdate, inTime, nowOf, rowsOf } from "../database/statement.js"
import type * as Placement from "./placement.js"

/** The right to a shard, until it expires or another runner takes it: then `fence` is an old number. */
export interface Claim {
  readonly shard: ShardId.ShardId
  readonly fence: number
  readonly session: Option.Option<Session.Session>
  /** Of the last write under any owner. */
  readonly revision: number
}

/** What a claim's row is to contain. */
export interface Write {
  readonly claim: Claim
  readonly revision: number
  readonly session: Option.Option<Session.Session>
  readonly status: string | null
}

/** A runner as @effect/cluster encodes it. */
export interface RunnerRow {
  readonly id: string
  readonly runner: string
  readonly expiresAt: number
}

/** What a runner looks at again and again. */
export interface Look {
  readonly plan: Placement.Plan
  readonly runners: ReadonlyArray<RunnerRow>
  /** Whether this runner is asked to end. */
  readonly isDraining: boolean
  /** The database's time, in milliseconds. */
  readonly now: number
}

/** A claim by its shard and fence. */
export const keyOf = ({ id, total }: ShardId.ShardId): string => `${id}/${total}`

export interface OwnershipRows {
  /** Adds this runner or replaces it; its number, which no other life of a runner has. */
  readonly register: (runner: string) => Effect.Effect<number, Error>
  readonly unregister: Effect.Effect<void, Error>
  readonly look: Effect.Effect<Look, Error>
  /** Parts of a resharding that are done. */
  readonly doneParts: (plan: Placement.Plan) => Effect.Effect<ReadonlySet<number>, Error>
  /** Takes those of the shards that are free. None of them if the plan has changed, or the clock is after `latest`. */
  readonly claim: (
    plan: Placement.Plan,
    shards: ReadonlyArray<ShardId.ShardId>,
    latest: number
  ) => Effect.Effect<ReadonlyArray<Claim>, Error>
  /** Prolongs this runner's life and its claims; the keys of those that it still has. */
  readonly renew: (claims: ReadonlyArray<Claim>) => Effect.Effect<ReadonlySet<string>, Error>
  /** Writes all that have a newer revision than their row; the keys of those. */
  readonly save: (writes: ReadonlyArray<Write>) => Effect.Effect<ReadonlySet<string>, Error>
  readonly release: (claims: ReadonlyArray<Claim>) => Effect.Effect<void, Error>
  /** Takes away what runners own whose process is certainly gone. */
  readonly reclaimDead: Effect.Effect<void, Error>
}

const Document = Schema.parseJson(Session.Session)
const encode = Schema.encodeSync(Document)
/** A document that cannot be read is as good as none: the shard identifies. */
const decode = Schema.decodeUnknownOption(Document)

const columns = { total: "INTEGER", shard: "INTEGER", fence: "INTEGER" } as const

const rowOf = ({ fence, shard }: Claim) => ({ total: shard.total, shard: shard.id, fence })

interface Found {
  readonly total: number
  readonly shard: number
}

const keysOf = (rows: ReadonlyArray<Found>): ReadonlySet<string> =>
  new Set(rows.map(({ shard, total }) => `${shard}/${total}`))

export const make = (options: {
  readonly fleet: string
  /** Of this process, never used before. */
  readonly runner: { readonly id: string; readonly name: string }
  readonly lease: Duration.Duration
}): Effect.Effect<OwnershipRows, never, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const renewals = Option.getOrElse(yield* LeaseConnection.Current, () => sql).withoutTransforms()
    const neighbours = yield* Neighbours.Current
    const { fleet, runner: { id: owner, name } } = options
    yield* neighbours.join(owner)

    const now = nowOf(sql)
    const lease = sql`CAST(${Math.round(Duration.toMillis(options.lease))} AS BIGINT)`

    /** The rows of claims that this runner still has, locked. */
    const held = (claims: ReadonlyArray<Claim>) =>
      sql`held AS (
        SELECT s.total, s.shard FROM vesper_sessions AS s
        JOIN ${rowsOf(sql, columns, claims.map(rowOf))}
          ON s.total = v.total AND s.shard = v.shard AND s.fence = v.fence
        WHERE s.fleet = ${fleet} AND s.owner = ${owner}
        ORDER BY s.total, s.shard ${forUpdate(sql)}
      )`

    // An expiry further away than a lease is one of before the clock was set back: whose ever it is, it is shortened.
    const alive = sql`
      UPDATE vesper_runners SET expires_at = ${now} + ${lease}
      WHERE fleet = ${fleet} AND (id = ${owner} OR expires_at > ${now} + ${lease})
    `
    const prolong = (claims: ReadonlyArray<Claim>) =>
      sql`
        UPDATE vesper_sessions SET expires_at = ${now} + ${lease}
        WHERE fleet = ${fleet} AND (
          owner IS NOT NULL AND expires_at > ${now} + ${lease}
          OR EXISTS (SELECT 1 FROM held WHERE held.total = vesper_sessions.total AND held.shard = vesper_sessions.shard)
        )
        RETURNING total, shard, owner
      `.pipe((update) =>
        renewals.onDialectOrElse({
          pg: () => renewals<Found & { readonly owner: string }>`WITH alive AS (${alive}), ${held(claims)} ${update}`,
          orElse: () =>
            Effect.zipRight(alive, renewals<Found & { readonly owner: string }>`WITH ${held(claims)} ${update}`)
        })
      )

    const owners = Effect.map(
      inTime(sql<{ readonly owner: string }>`
        SELECT owner FROM vesper_sessions WHERE fleet = ${fleet} AND owner IS NOT NULL AND owner <> ${owner}
        UNION SELECT id FROM vesper_runners WHERE fleet = ${fleet} AND id <> ${owner}
      `),
      (rows) => rows.map((row) => row.owner)
    )
    const reclaimFrom = (dead: string) =>
      inTime(sql`
        UPDATE vesper_sessions SET owner = NULL, expires_at = 0, status = NULL WHERE fleet = ${fleet} AND owner = ${dead}
      `).pipe(
        Effect.zipRight(inTime(sql`DELETE FROM vesper_runners WHERE fleet = ${fleet} AND id = ${dead}`)),
        Effect.zipRight(Effect.logInfo(`runner ${dead} is dead: its shards are taken over at once`))
      )

    return {
      register: (runner) =>
        Effect.flatMap(
          inTime(sql<{ readonly machines: number }>`
            UPDATE vesper_fleets SET machines = machines + 1 WHERE fleet = ${fleet} RETURNING machines
          `),
          ([row]) =>
            Effect.as(
              inTime(sql`
                INSERT INTO vesper_runners (id, fleet, name, expires_at, runner)
                VALUES (${owner}, ${fleet}, ${name}, ${now} + ${lease}, ${runner})
                ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, runner = excluded.runner
              `),
              row?.machines ?? 0
            )
        ),
      unregister: Effect.asVoid(inTime(
        // Those that have been silent for a day were killed.
        sql`DELETE FROM vesper_runners WHERE fleet = ${fleet} AND (id = ${owner} OR expires_at < ${now} - 86400000)`
      )),
      look: Effect.map(
        inTime(sql<{
          readonly id: string | null
          readonly runner: string | null
          readonly expires_at: number | string | null
          readonly draining: number | null
          readonly total: number
          readonly next_total: number | null
          readonly slots: number
          readonly epoch: number
          readonly now: number | string
        }>`
          SELECT r.id, r.runner, r.expires_at, r.draining, f.total, f.next_total, COALESCE(f.slots, f.total) AS slots,
            f.epoch, ${now} AS now
          FROM vesper_fleets AS f LEFT JOIN vesper_runners AS r ON r.fleet = f.fleet AND r.runner IS NOT NULL
          WHERE f.fleet = ${fleet}
        `),
        (rows): Look => ({
          plan: {
            total: rows[0]?.total ?? 0,
            next: Option.fromNullable(rows[0]?.next_total),
            slots: rows[0]?.slots ?? 0,
            epoch: rows[0]?.epoch ?? 0
          },
          runners: rows.flatMap(({ expires_at, id, runner }) =>
            id === null || runner === null ? [] : [{ id, runner, expiresAt: Number(expires_at) }]
          ),
          isDraining: rows.some(({ draining, id }) => id === owner && draining === 1),
          now: Number(rows[0]?.now ?? 0)
        })
      ),
      doneParts: ({ epoch, next }) =>
        Option.isNone(next) ? Effect.succeed(new Set()) : Effect.map(
          inTime(sql<{ readonly part: number }>`
            SELECT part FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1
          `),
          (rows) => new Set(rows.map(({ part }) => part))
        ),
      claim: ({ epoch }, shards, latest) =>
        shards.length === 0 ? Effect.succeed([]) : Effect.map(
          inTime(sql<{
            readonly total: number
            readonly shard: number
            readonly fence: number
            readonly session: string | null
            readonly revision: number | string
          }>`
            INSERT INTO vesper_sessions (fleet, total, shard, owner, fence, expires_at)
            SELECT f.fleet, v.total, v.shard, CAST(${owner} AS TEXT), 1, ${now} + ${lease}
            FROM vesper_fleets AS f, ${
            rowsOf(sql, { total: "INTEGER", shard: "INTEGER" }, shards.map(({ id, total }) => ({ total, shard: id })))
          }
            WHERE f.fleet = ${fleet} AND f.epoch = ${epoch} AND (v.total = f.total OR v.total = f.next_total)
              AND NOT EXISTS (
                SELECT 1 FROM vesper_handovers AS h
                WHERE f.next_total IS NOT NULL AND v.total = f.total AND h.fleet = f.fleet AND h.epoch = f.epoch
                  AND h.part = v.shard % f.parts AND h.done = 1
              )
            ORDER BY v.total, v.shard
            ON CONFLICT (fleet, total, shard) DO UPDATE
            SET owner = excluded.owner, fence = vesper_sessions.fence + 1, expires_at = excluded.expires_at,
              status = NULL
            WHERE vesper_sessions.owner IS NULL OR vesper_sessions.owner = excluded.owner
              OR vesper_sessions.expires_at <= ${now} AND ${now} <= CAST(${Math.round(latest)} AS BIGINT)
            RETURNING total, shard, fence, session, revision
          `),
          (rows) =>
            rows.map((row): Claim => ({
              shard: ShardId.unsafeMake(row.shard, row.total),
              fence: row.fence,
              session: Option.flatMap(Option.fromNullable(row.session), decode),
              revision: Number(row.revision)
            }))
        ),
      renew: (claims) =>
        Effect.map(inTime(prolong(claims), 3), (rows) => keysOf(rows.filter((row) => row.owner === owner))),
      save: (writes) =>
        Effect.map(
          inTime(sql<Found>`
            WITH ${held(writes.map(({ claim }) => claim))}
            UPDATE vesper_sessions
            SET session = v.session, sequence = v.sequence, status = v.status, revision = v.revision
            FROM ${
            rowsOf(
              sql,
              { ...columns, revision: "BIGINT", session: "TEXT", sequence: "INTEGER", status: "TEXT" },
              writes.map(({ claim, revision, session, status }) => ({
                ...rowOf(claim),
                revision,
                status,
                session: Option.getOrNull(Option.map(session, encode)),
                sequence: Option.getOrNull(Option.map(session, ({ sequence }) => sequence))
              }))
            )
          } JOIN held ON held.total = v.total AND held.shard = v.shard
            WHERE vesper_sessions.fleet = ${fleet} AND vesper_sessions.total = v.total
              AND vesper_sessions.shard = v.shard AND vesper_sessions.owner = ${owner}
              AND vesper_sessions.fence = v.fence AND vesper_sessions.revision < v.revision
            RETURNING vesper_sessions.total, vesper_sessions.shard
          `),
          keysOf
        ),
      release: (claims) =>
        claims.length === 0 ? Effect.void : Effect.asVoid(inTime(sql`
          WITH ${held(claims)}
          UPDATE vesper_sessions SET owner = NULL, expires_at = 0, status = NULL
          WHERE fleet = ${fleet} AND EXISTS (
            SELECT 1 FROM held WHERE held.total = vesper_sessions.total AND held.shard = vesper_sessions.shard
          )
        `)),
      reclaimDead: neighbours.canProve
        ? Effect.flatMap(owners, (all) =>
          Effect.forEach(
            all,
            (other) =>
              Effect.if(neighbours.isGone(other), { onTrue: () => reclaimFrom(other), onFalse: () => Effect.void }),
            { discard: true }
          ))
        : Effect.void
    }
  })
