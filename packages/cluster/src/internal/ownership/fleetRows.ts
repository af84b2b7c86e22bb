/** A fleet's own rows: its bot, its plan, and the parts of a resharding. Runners and operators change them. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ForeignFleetError } from "../../ClusterError.js"
import { inTime } from "../database/index.js"
import { type Claim } from "./leaseTable.js"
import type * as Placement from "./placement.js"

export type FleetRows = Effect.Effect.Success<ReturnType<typeof make>>

/** The columns of a plan in `vesper_fleets AS f`. */
export const planColumns = "f.total, f.next_total, COALESCE(f.slots, f.total) AS slots, f.epoch"

export type PlanRow = Readonly<Record<"total" | "slots" | "epoch", number>> & { readonly next_total: number | null }

/** A fleet that does not exist has no shards. */
export const toPlan = (row: PlanRow = { total: 0, next_total: null, slots: 0, epoch: 0 }): Placement.Plan => ({
  total: row.total,
  next: Option.fromNullable(row.next_total),
  slots: row.slots,
  epoch: row.epoch
})

export const findPlan = (sql: SqlClient.SqlClient, fleet: string) =>
  Effect.map(
    inTime(sql<PlanRow>`SELECT ${sql.literal(planColumns)} FROM vesper_fleets AS f WHERE fleet = ${fleet}`),
    ([row]) => toPlan(row)
  )

/** Parts of a resharding that are done. */
export const findDone = (sql: SqlClient.SqlClient, fleet: string, { epoch, next }: Placement.Plan) =>
  Option.isNone(next) ? Effect.succeed<ReadonlySet<number>>(new Set()) : Effect.map(
    inTime(sql<{ readonly part: number }>`
      SELECT part FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1
    `),
    (rows): ReadonlySet<number> => new Set(rows.map(({ part }) => part))
  )

export const make = (fleet: string, owner: string) =>
  Effect.map(SqlClient.SqlClient, (client) => {
    const sql = client.withoutTransforms()
    return {
      /** Creates the fleet unless it exists. Fails if it belongs to another bot. */
      begin: ({ bot, slots, total }: { readonly total: number; readonly slots: number; readonly bot: string }) =>
        Effect.flatMap(
          inTime(sql<PlanRow & { readonly bot: string }>`
            INSERT INTO vesper_fleets AS f (fleet, total, slots, bot) VALUES (${fleet}, ${total}, ${slots}, ${bot})
            ON CONFLICT (fleet) DO UPDATE SET bot = COALESCE(f.bot, excluded.bot), slots = COALESCE(f.slots, f.total)
            RETURNING total, next_total, slots, epoch, bot
          `),
          ([row]) =>
            row !== undefined && row.bot !== bot
              ? Effect.fail(new ForeignFleetError({ fleet, owner: row.bot, bot }))
              : Effect.succeed(toPlan(row))
        ),
      /** Marks a part as started; returns true if it is done, and none if the plan has changed. */
      beginPart: ({ epoch }: Placement.Plan, part: number) =>
        Effect.map(
          inTime(sql<{ readonly done: number }>`
            INSERT INTO vesper_handovers (fleet, epoch, part)
            SELECT ${fleet}, epoch, CAST(${part} AS INTEGER) FROM vesper_fleets
            WHERE fleet = ${fleet} AND epoch = ${epoch} AND next_total IS NOT NULL
            ON CONFLICT (fleet, epoch, part) DO UPDATE SET part = excluded.part RETURNING done
          `),
          ([row]) => Option.map(Option.fromNullable(row), ({ done }) => done === 1)
        ),
      abandonPart: ({ epoch }: Placement.Plan, part: number) =>
        Effect.asVoid(inTime(sql`
          DELETE FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND part = ${part} AND done = 0
        `)),
      /** Marks a part as done, and completes the plan with the last part; false if the claim has become invalid. */
      finishPart: ({ epoch }: Placement.Plan, part: number, { fence, shard }: Claim) =>
        Effect.gen(function*() {
          const written = yield* inTime(sql`
            UPDATE vesper_handovers SET done = 1
            WHERE fleet = ${fleet} AND epoch = ${epoch} AND part = ${part} AND EXISTS (
              SELECT 1 FROM vesper_sessions WHERE fleet = ${fleet} AND total = ${shard.total} AND shard = ${shard.id}
                AND owner = ${owner} AND fence = ${fence}
            ) RETURNING part
          `)
          yield* inTime(sql`
            UPDATE vesper_fleets
            SET total = next_total, next_total = NULL, parts = NULL, epoch = epoch + 1,
              slots = CASE WHEN next_total % COALESCE(slots, total) = 0 THEN COALESCE(slots, total) ELSE next_total END
            WHERE fleet = ${fleet} AND epoch = ${epoch} AND next_total IS NOT NULL AND parts = (
              SELECT COUNT(*) FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1
            )
          `)
          return written.length === 1
        })
    }
  })
