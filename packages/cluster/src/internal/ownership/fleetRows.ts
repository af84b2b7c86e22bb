/** A fleet's own rows, as statements: whose it is, how many shards it has, and how far a resharding is. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ForeignFleetError } from "../../ClusterError.js"
import { inTime } from "../database/statement.js"
import { type Claim } from "./ownershipRows.js"
import type * as Placement from "./placement.js"

export interface FleetRows {
  /** Creates the fleet, unless it exists. Fails if it is another bot's. */
  readonly begin: (fleet: {
    readonly total: number
    readonly slots: number
    readonly bot: string
  }) => Effect.Effect<Placement.Plan, Error | ForeignFleetError>
  /** Notes that a part is being resharded; whether it is done. None if the plan has changed. */
  readonly beginPart: (plan: Placement.Plan, part: number) => Effect.Effect<Option.Option<boolean>, Error>
  /** Notes that a part is not being resharded after all. */
  readonly abandonPart: (plan: Placement.Plan, part: number) => Effect.Effect<void, Error>
  /**
   * Notes that the new shards of a part have taken over, and with the last part makes them the fleet's. Whether that was
   * written: it is not without a claim on one of the new shards.
   */
  readonly finishPart: (plan: Placement.Plan, part: number, claim: Claim) => Effect.Effect<boolean, Error>
}

export const make = (fleet: string, owner: string): Effect.Effect<FleetRows, never, SqlClient.SqlClient> =>
  Effect.map(SqlClient.SqlClient, (client) => {
    const sql = client.withoutTransforms()
    const completePlan = ({ epoch }: Placement.Plan) =>
      inTime(sql`
        UPDATE vesper_fleets
        SET total = next_total, next_total = NULL, parts = NULL, epoch = epoch + 1,
          slots = CASE WHEN next_total % COALESCE(slots, total) = 0 THEN COALESCE(slots, total) ELSE next_total END
        WHERE fleet = ${fleet} AND epoch = ${epoch} AND next_total IS NOT NULL AND parts = (
          SELECT COUNT(*) FROM vesper_handovers WHERE fleet = ${fleet} AND epoch = ${epoch} AND done = 1
        )
      `)
    return {
      begin: ({ bot, slots, total }) =>
        Effect.flatMap(
          inTime(sql<{
            readonly total: number
            readonly next_total: number | null
            readonly slots: number
            readonly epoch: number
            readonly bot: string
          }>`
            INSERT INTO vesper_fleets (fleet, total, slots, bot) VALUES (${fleet}, ${total}, ${slots}, ${bot})
            ON CONFLICT (fleet) DO UPDATE SET bot = COALESCE(vesper_fleets.bot, excluded.bot),
              slots = COALESCE(vesper_fleets.slots, vesper_fleets.total)
            RETURNING total, next_total, slots, epoch, bot
          `),
          ([row]) =>
            row !== undefined && row.bot !== bot
              ? Effect.fail(new ForeignFleetError({ fleet, owner: row.bot, bot }))
              : Effect.succeed({
                total: row?.total ?? total,
                next: Option.fromNullable(row?.next_total),
                slots: row?.slots ?? slots,
                epoch: row?.epoch ?? 0
              })
        ),
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
      finishPart: (plan, part, { fence, shard }) =>
        inTime(sql`
          UPDATE vesper_handovers SET done = 1
          WHERE fleet = ${fleet} AND epoch = ${plan.epoch} AND part = ${part} AND EXISTS (
            SELECT 1 FROM vesper_sessions
            WHERE fleet = ${fleet} AND total = ${shard.total} AND shard = ${shard.id} AND owner = ${owner}
              AND fence = ${fence}
          )
          RETURNING part
        `).pipe(
          Effect.tap(() => completePlan(plan)),
          Effect.map((rows) => rows.length === 1)
        )
    }
  })
