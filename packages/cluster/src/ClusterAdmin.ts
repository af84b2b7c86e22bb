/** Shows and changes a cluster from outside. It needs the cluster's database alone. @since 0.1.0 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ClusterError from "./ClusterError.js"
import type * as ClusterStatus from "./ClusterStatus.js"
import { requireCurrent } from "./internal/database/schema.js"
import { currentTime, inTime } from "./internal/database/statement.js"
import * as FleetRows from "./internal/ownership/fleetRows.js"
import * as Status from "./internal/fleet/status.js"

/** A client of a database with the tables. Only a runner creates or changes them. */
const database = Effect.map(Effect.zipRight(requireCurrent, SqlClient.SqlClient), (sql) => sql.withoutTransforms())

/** The plan of a fleet. Fails for a name that no runner has used, which is most likely a typing error. */
const requirePlan = (sql: SqlClient.SqlClient, fleet: string) =>
  Effect.tap(FleetRows.findPlan(sql, fleet), ({ total }) =>
    total > 0 ? Effect.void : Effect.flatMap(
      inTime(sql<{ readonly fleet: string }>`SELECT fleet FROM vesper_fleets ORDER BY fleet LIMIT 20`),
      (rows) => Effect.fail(new ClusterError.UnknownFleetError({ fleet, known: rows.map((row) => row.fleet) }))
    ))

type OwnedRow = Readonly<Record<"total" | "shard", number>> & { readonly owner: string; readonly status: string | null }

const listPlaces = (rows: ReadonlyArray<OwnedRow>, total: number): ReadonlyArray<ClusterStatus.ShardPlace> => {
  const byId = new Map(rows.filter((row) => row.total === total).map((row) => [row.shard, row]))
  return ShardId.all(total).map((id): ClusterStatus.ShardPlace => {
    const row = Option.fromNullable(byId.get(id.id))
    const report = Option.flatMap(row, ({ status }) => Status.decode(status))
    return {
      id,
      runner: Option.map(row, ({ owner }) => owner),
      status: Option.map(report, ({ status }) => status),
      ping: Option.flatMap(report, ({ ping }) => Option.map(Option.fromNullable(ping), Duration.millis))
    }
  })
}

/** Returns the runners and shards of a fleet. An unknown fleet has no shards. @since 0.1.0 @category operations */
export const status = (fleet = "vesper") =>
  Effect.gen(function*() {
    const sql = yield* database
    const now = currentTime(sql)
    const plan = yield* FleetRows.findPlan(sql, fleet)
    const { next, total } = plan
    const done = yield* FleetRows.findDone(sql, fleet, plan)
    const rows = yield* inTime(sql<OwnedRow>`
      SELECT total, shard, owner, status FROM vesper_sessions
      WHERE fleet = ${fleet} AND owner IS NOT NULL AND expires_at > ${now}
    `)
    const runners = yield* inTime(sql<{ readonly id: string; readonly name: string; readonly draining: number }>`
      SELECT id, name, draining FROM vesper_runners WHERE fleet = ${fleet} AND expires_at > ${now} ORDER BY name, id
    `)
    const [identifies] = yield* inTime(sql<{ readonly remaining: number; readonly total: number }>`
      SELECT total, CASE WHEN resets_at <= ${now} THEN total ELSE remaining END AS remaining
      FROM vesper_budgets WHERE fleet = ${fleet}
    `)
    const shards = listPlaces(rows, total)
    return {
      total,
      shards,
      identifies: Option.fromNullable(identifies),
      runners: runners.map(({ draining, id, name }) => ({
        id,
        name,
        isDraining: draining === 1,
        shards: shards.filter(({ runner }) => Option.contains(runner, id)).map(({ id }) => id.id)
      })),
      resharding: Option.map(next, (next) => ({
        total: next,
        parts: ShardId.parts(total, next),
        done: done.size,
        shards: listPlaces(rows, next)
      }))
    } satisfies ClusterStatus.ClusterStatus
  })

/** Asks the runners of a name or id to end, and returns their number. @since 0.1.0 @category operations */
export const drain = (runner: string, fleet = "vesper") =>
  Effect.gen(function*() {
    const sql = yield* database
    yield* requirePlan(sql, fleet)
    const asked = yield* inTime(sql`
      UPDATE vesper_runners SET draining = 1
      WHERE fleet = ${fleet} AND (name = ${runner} OR id = ${runner}) AND expires_at > ${currentTime(sql)} RETURNING id
    `)
    return asked.length
  })

/** Changes the number of shards of the bot, as `ClusterFleet.reshard` does. @since 0.1.0 @category operations */
export const reshard = (
  total: number,
  fleet = "vesper"
): Effect.Effect<void, ClusterError.ReshardError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* database
    const plan = yield* requirePlan(sql, fleet)
    const wanted = Option.getOrElse(plan.next, () => plan.total)
    if (wanted === total) {
      return
    }
    // A change that a runner has begun cannot be changed.
    const written = yield* inTime(sql`
      UPDATE vesper_fleets
      SET next_total = ${total === plan.total ? null : total}, parts = ${ShardId.parts(plan.total, total)},
        epoch = epoch + 1
      WHERE fleet = ${fleet} AND epoch = ${plan.epoch}
        AND NOT EXISTS (SELECT 1 FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${plan.epoch})
      RETURNING total
    `)
    if (written.length === 0) {
      const { epoch } = yield* FleetRows.findPlan(sql, fleet)
      return yield* epoch === plan.epoch
        ? Effect.fail(new ClusterError.ReshardUnderWayError({ from: plan.total, to: wanted }))
        : reshard(total, fleet)
    }
  })
