/**
 * What the runners of a fleet know of each other, as statements: who owns which shard until when, what the shard's session
 * is, who is there, and how many shards there are. Each is one statement, so that it happens whole or not at all.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Session from "@vesper/gateway/Session"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FleetView from "./fleetView.js"
import { inTime, migrate, nowOf } from "./schema.js"

/** The right to a shard, until it runs out or another one takes it: then `fence` is an old number. */
export interface Claim {
  readonly shard: ShardId.ShardId
  readonly fence: number
  readonly session: Option.Option<Session.Session>
}

/** A claim that is still held. */
export interface Held {
  readonly total: number
  readonly shard: number
  readonly fence: number
}

export interface FleetStore {
  /** How many shards the fleet has; `total`, if nobody has said so before. */
  readonly begin: (total: number) => Effect.Effect<number, Error>
  /** None while somebody else owns the shard, or a shard of another total is still up. */
  readonly claim: (shard: ShardId.ShardId) => Effect.Effect<Option.Option<Claim>, Error>
  /** Prolongs those of the claims that are still held, and gives them. */
  readonly renew: (claims: ReadonlyArray<Claim>) => Effect.Effect<ReadonlyArray<Held>, Error>
  /** Says that this runner is there, and asks what is wanted. */
  readonly appear: Effect.Effect<{ readonly total: number; readonly isDraining: boolean }, Error>
  /** Whether the claim is still good; if not, nothing was written. */
  readonly save: (claim: Claim, session: Option.Option<Session.Session>) => Effect.Effect<boolean, Error>
  readonly tell: (claim: Claim, status: string) => Effect.Effect<void, Error>
  readonly release: (claim: Claim) => Effect.Effect<void, Error>
  readonly leave: Effect.Effect<void, Error>
}

interface SessionRow {
  readonly fence: number
  readonly session_id: string | null
  readonly sequence: number | null
  readonly resume_url: string | null
}

const sessionOf = ({ resume_url, sequence, session_id }: SessionRow): Option.Option<Session.Session> =>
  session_id === null || sequence === null ? Option.none() : Option.some(
    new Session.Session({
      id: session_id,
      sequence: Number(sequence),
      ...(resume_url !== null && { resumeUrl: resume_url })
    })
  )

export const make = (options: {
  readonly fleet: string
  /** Of this process, never used before. */
  readonly runner: { readonly id: string; readonly name: string }
  readonly lease: Duration.Duration
}): Effect.Effect<FleetStore, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    yield* migrate
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const { fleet, runner: { id: owner, name } } = options
    const now = nowOf(sql)
    const lease = Math.round(Duration.toMillis(options.lease))

    const whose = ({ fence, shard }: Claim) =>
      sql`fleet = ${fleet} AND total = ${shard.total} AND shard = ${shard.id} AND owner = ${owner} AND fence = ${fence}`

    const totalOf = Effect.map(FleetView.planOf(sql, fleet), ({ total }) => total)

    const claim: FleetStore["claim"] = (shard) =>
      Effect.map(
        inTime(sql<SessionRow>`
          INSERT INTO vesper_sessions (fleet, total, shard, owner, fence, expires_at)
          SELECT ${fleet}, total, CAST(${shard.id} AS INTEGER), ${owner}, 1, ${now} + CAST(${lease} AS BIGINT)
          FROM vesper_fleets
          WHERE fleet = ${fleet} AND total = ${shard.total} AND NOT EXISTS (
            SELECT 1 FROM vesper_sessions
            WHERE fleet = ${fleet} AND total <> ${shard.total} AND owner IS NOT NULL AND expires_at > ${now}
          )
          ON CONFLICT (fleet, total, shard) DO UPDATE
          SET owner = excluded.owner, fence = vesper_sessions.fence + 1, expires_at = excluded.expires_at
          WHERE vesper_sessions.owner IS NULL OR vesper_sessions.expires_at <= ${now}
          RETURNING fence, session_id, sequence, resume_url
        `),
        ([row]) =>
          Option.map(Option.fromNullable(row), (row): Claim => ({
            shard,
            fence: row.fence,
            session: sessionOf(row)
          }))
      )

    // What has run out is gone, even if nobody has taken it yet. And what nobody here knows of runs out: a claim whose
    // answer came too late would be this runner's for ever.
    const renew: FleetStore["renew"] = (claims) =>
      claims.length === 0 ? Effect.succeed([]) : inTime(sql<Held>`
        UPDATE vesper_sessions SET expires_at = ${now} + CAST(${lease} AS BIGINT)
        WHERE fleet = ${fleet} AND owner = ${owner} AND expires_at > ${now} AND (total, shard, fence) IN (VALUES ${
        sql.literal(claims.map(({ fence, shard }) => `(${shard.total}, ${shard.id}, ${fence})`).join(", "))
      })
        RETURNING total, shard, fence
      `)

    const appear = Effect.gen(function*() {
      const [seen] = yield* inTime(sql<{ readonly draining: number }>`
        INSERT INTO vesper_runners (id, fleet, name, expires_at)
        VALUES (${owner}, ${fleet}, ${name}, ${now} + CAST(${lease} AS BIGINT))
        ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at RETURNING draining
      `)
      return { total: yield* totalOf, isDraining: seen?.draining === 1 }
    })

    const save: FleetStore["save"] = (claim, session) => {
      const { id, resumeUrl, sequence } = Option.getOrElse(
        session,
        (): { id?: string; sequence?: number; resumeUrl?: string } => ({})
      )
      return Effect.map(
        inTime(sql`
          UPDATE vesper_sessions
          SET session_id = ${id ?? null}, sequence = ${sequence ?? null}, resume_url = ${resumeUrl ?? null}
          WHERE ${whose(claim)} AND expires_at > ${now}
          RETURNING shard
        `),
        (rows) => rows.length === 1
      )
    }

    return {
      begin: (total) =>
        Effect.zipRight(
          inTime(
            sql`INSERT INTO vesper_fleets (fleet, total) VALUES (${fleet}, ${total}) ON CONFLICT (fleet) DO NOTHING`
          ),
          totalOf
        ),
      claim,
      renew,
      appear,
      save,
      tell: (claim, status) =>
        Effect.asVoid(inTime(sql`UPDATE vesper_sessions SET status = ${status} WHERE ${whose(claim)}`)),
      release: (claim) =>
        Effect.asVoid(
          inTime(sql`UPDATE vesper_sessions SET owner = NULL, expires_at = 0, status = NULL WHERE ${whose(claim)}`)
        ),
      leave: Effect.asVoid(inTime(
        // Those that have been silent for a day were killed.
        sql`DELETE FROM vesper_runners WHERE fleet = ${fleet} AND (id = ${owner} OR expires_at < ${now} - 86400000)`
      ))
    }
  })
