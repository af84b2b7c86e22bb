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
import type * as Scope from "effect/Scope"
import * as FleetView from "./fleetView.js"
import * as Neighbours from "./neighbours.js"
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
  readonly begin: (total: number) => Effect.Effect<FleetView.Plan, Error>
  readonly plan: Effect.Effect<FleetView.Plan, Error>
  /** None while somebody else owns the shard, and if there is no such shard, or none any more. */
  readonly claim: (shard: ShardId.ShardId) => Effect.Effect<Option.Option<Claim>, Error>
  /** Prolongs those of the claims that are still held, and gives them. */
  readonly renew: (claims: ReadonlyArray<Claim>) => Effect.Effect<ReadonlyArray<Held>, Error>
  /** Says that this runner is there; whether it is asked to go. */
  readonly appear: Effect.Effect<boolean, Error>
  /** Takes away what runners own whose process is certainly gone. */
  readonly bury: Effect.Effect<void, Error>
  /** Says that a part is being resharded; whether it is already. None if the plan is another one now. */
  readonly beginPart: (plan: FleetView.Plan, part: number) => Effect.Effect<Option.Option<boolean>, Error>
  /** Says that a part is not being resharded after all. */
  readonly abandonPart: (plan: FleetView.Plan, part: number) => Effect.Effect<void, Error>
  /**
   * Says that the new shards of a part have taken over, and with the last part makes them the fleet's. Whether that
   * was written: it is not without a claim on one of the new shards that is still good.
   */
  readonly finishPart: (plan: FleetView.Plan, part: number, claim: Claim) => Effect.Effect<boolean, Error>
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
}): Effect.Effect<FleetStore, never, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function*() {
    yield* migrate
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const { fleet, runner: { id: owner, name } } = options
    const now = nowOf(sql)
    const lease = Math.round(Duration.toMillis(options.lease))

    const whose = ({ fence, shard }: Claim) =>
      sql`fleet = ${fleet} AND total = ${shard.total} AND shard = ${shard.id} AND owner = ${owner} AND fence = ${fence}`

    const plan = FleetView.planOf(sql, fleet)
    const neighbours = yield* Neighbours.Current
    yield* neighbours.join(owner)

    const claim: FleetStore["claim"] = (shard) =>
      Effect.map(
        inTime(sql<SessionRow>`
          INSERT INTO vesper_sessions (fleet, total, shard, owner, fence, expires_at)
          SELECT ${fleet}, CAST(${shard.total} AS INTEGER), CAST(${shard.id} AS INTEGER), ${owner}, 1,
            ${now} + CAST(${lease} AS BIGINT)
          FROM vesper_fleets AS f
          WHERE f.fleet = ${fleet} AND (f.total = ${shard.total} OR f.next_total = ${shard.total}) AND NOT EXISTS (
            SELECT 1 FROM vesper_handovers AS h
            WHERE f.next_total IS NOT NULL AND f.total = ${shard.total} AND h.fleet = ${fleet} AND h.epoch = f.epoch
              AND h.part = CAST(${shard.id} AS INTEGER) % f.parts AND h.done = 1
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

    const appear = Effect.map(
      inTime(sql<{ readonly draining: number }>`
        INSERT INTO vesper_runners (id, fleet, name, expires_at)
        VALUES (${owner}, ${fleet}, ${name}, ${now} + CAST(${lease} AS BIGINT))
        ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at RETURNING draining
      `),
      ([seen]) => seen?.draining === 1
    )

    const owners = Effect.map(
      inTime(sql<{ readonly owner: string }>`
        SELECT DISTINCT owner FROM vesper_sessions
        WHERE fleet = ${fleet} AND owner IS NOT NULL AND owner <> ${owner} AND expires_at > ${now}
      `),
      (rows) => rows.map((row) => row.owner)
    )
    const buryOne = (dead: string) =>
      inTime(sql`
        UPDATE vesper_sessions SET owner = NULL, expires_at = 0, status = NULL WHERE fleet = ${fleet} AND owner = ${dead}
      `).pipe(
        Effect.zipRight(inTime(sql`DELETE FROM vesper_runners WHERE fleet = ${fleet} AND id = ${dead}`)),
        Effect.zipRight(Effect.logInfo(`runner ${dead} is dead: its shards are taken over at once`))
      )

    const completePlan = ({ epoch }: FleetView.Plan) =>
      inTime(sql`
        UPDATE vesper_fleets SET total = next_total, next_total = NULL, parts = NULL, epoch = epoch + 1
        WHERE fleet = ${fleet} AND epoch = ${epoch} AND next_total IS NOT NULL AND parts = (
          SELECT COUNT(*) FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1
        )
      `)

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
          plan
        ),
      plan,
      claim,
      renew,
      appear,
      bury: Effect.flatMap(owners, (all) =>
        Effect.forEach(
          all,
          (other) => Effect.if(neighbours.isGone(other), { onTrue: () => buryOne(other), onFalse: () => Effect.void }),
          { discard: true }
        )),
      beginPart: ({ epoch }, part) =>
        Effect.map(
          inTime(sql<{ readonly done: number }>`
            INSERT INTO vesper_handovers (fleet, epoch, part)
            SELECT ${fleet}, epoch, CAST(${part} AS INTEGER) FROM vesper_fleets
            WHERE fleet = ${fleet} AND epoch = ${epoch} AND next_total IS NOT NULL
            ON CONFLICT (fleet, epoch, part) DO UPDATE SET part = excluded.part
            RETURNING done
          `),
          ([row]) => Option.map(Option.fromNullable(row), ({ done }) => done === 1)
        ),
      abandonPart: ({ epoch }, part) =>
        Effect.asVoid(inTime(
          sql`DELETE FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND part = ${part} AND done = 0`
        )),
      finishPart: (plan, part, claim) =>
        inTime(sql`
          UPDATE vesper_handovers SET done = 1
          WHERE fleet = ${fleet} AND epoch = ${plan.epoch} AND part = ${part} AND EXISTS (
            SELECT 1 FROM vesper_sessions WHERE ${whose(claim)} AND expires_at > ${now}
          )
          RETURNING part
        `).pipe(
          Effect.tap(() => completePlan(plan)),
          Effect.map((rows) => rows.length === 1)
        ),
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
