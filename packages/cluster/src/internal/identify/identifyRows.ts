/**
 * The rows of the identify queue: when each bucket is free, how many identifies are left today, and how many of those are
 * held for somebody. What has to change together changes in one statement, or in one transaction.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as IdentifyBudget from "@vesper/gateway/IdentifyBudget"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { migrate } from "../database/schema.js"
import { inTime, nowOf, remainingOf } from "../database/statement.js"

/** Where an identify was taken from. */
export type Source = "hold" | "budget"

export interface IdentifyRows {
  /** Makes the row of the budget, or says anew what the day's total is. */
  readonly begin: Effect.Effect<void, Error>
  /** Takes the bucket if it is free. It is free again after 15 seconds, if the holder does not come back. */
  readonly takeBucket: (bucket: number, holder: string) => Effect.Effect<boolean, Error>
  readonly freeBucket: (holder: string, after: Duration.Duration) => Effect.Effect<void, Error>
  /** How long until the bucket is free. */
  readonly bucketWait: (bucket: number) => Effect.Effect<Duration.Duration, Error>
  /** Takes one of the day's identifies, from the hold if there is one with something in it; none if none is left. */
  readonly spend: (hold: Option.Option<string>) => Effect.Effect<Option.Option<Source>, Error>
  /** Gives one back that was not used, to where it came from. */
  readonly refund: (source: Source, hold: Option.Option<string>) => Effect.Effect<void, Error>
  readonly budget: Effect.Effect<IdentifyBudget.IdentifyBudget & { readonly held: number }, Error>
  /** How long until all identifies are there again. */
  readonly budgetWait: Effect.Effect<Duration.Duration, Error>
  /** What Discord says is left, which counts if it is less. */
  readonly learn: (remaining: number, resetAfter: Duration.Duration) => Effect.Effect<void, Error>
  /** Holds so many, for as long as `keep` is called; whether there are so many that nobody holds. Twice is once. */
  readonly hold: (id: string, count: number) => Effect.Effect<boolean, Error>
  readonly keep: (id: string) => Effect.Effect<void, Error>
  readonly release: (id: string) => Effect.Effect<void, Error>
}

/** How long a bucket is kept by a runner that does not come back. */
const bucketPatience = Duration.seconds(15)

/** How long a hold is kept by a runner that does not come back. */
export const holdPatience = Duration.seconds(30)

const window = IdentifyBudget.window

export const make = (
  options: { readonly fleet: string; readonly total: number; readonly reserve: number }
): Effect.Effect<IdentifyRows, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    yield* migrate
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const now = nowOf(sql)
    const left = remainingOf(sql)
    const { fleet, reserve, total } = options
    const millis = (value: Duration.Duration) => sql`CAST(${Math.round(Duration.toMillis(value))} AS BIGINT)`
    const integer = (value: number) => sql`CAST(${value} AS INTEGER)`
    const waitOf = ([row]: ReadonlyArray<{ readonly wait: number | string }>) =>
      Duration.millis(Math.max(0, Number(row?.wait ?? 0)))

    const begin = Effect.asVoid(inTime(sql`
      INSERT INTO vesper_budgets (fleet, total, remaining, resets_at) VALUES (${fleet}, ${total}, ${total}, 0)
      ON CONFLICT (fleet) DO UPDATE SET total = excluded.total
    `))

    // A window begins with its first identify.
    const take = (isHeld: boolean) =>
      sql`
        UPDATE vesper_budgets SET
          held = held - ${integer(isHeld ? 1 : 0)},
          remaining = ${left} - 1,
          resets_at = CASE WHEN resets_at <= ${now} THEN ${now} + ${millis(window)} ELSE resets_at END
        WHERE fleet = ${fleet} AND ${left}
          > ${integer(reserve)} + held - ${integer(isHeld ? 1 : 0)}
        RETURNING remaining
      `

    const changeHeld = (by: number) =>
      sql`UPDATE vesper_budgets SET held = held + ${integer(by)} WHERE fleet = ${fleet}`

    const draw = (id: string) =>
      sql.withTransaction(Effect.gen(function*() {
        const drawn = yield* sql`
          UPDATE vesper_holds SET count = count - 1 WHERE id = ${id} AND count > 0 AND expires_at > ${now} RETURNING id
        `
        if (drawn.length === 0) {
          return false
        }
        const taken = yield* take(true)
        if (taken.length === 0) {
          // Discord has said that less is left than is held.
          yield* sql`UPDATE vesper_holds SET count = count + 1 WHERE id = ${id}`
        }
        return taken.length > 0
      }))

    /** What is held by runners that do not come back is everybody's. */
    const purge = sql.withTransaction(Effect.flatMap(
      sql<{ readonly count: number }>`
        DELETE FROM vesper_holds WHERE fleet = ${fleet} AND expires_at <= ${now} RETURNING count
      `,
      (gone) => gone.length === 0 ? Effect.void : changeHeld(-gone.reduce((sum, { count }) => sum + count, 0))
    ))

    const takeOne = Effect.flatMap(
      take(false),
      (taken) => taken.length > 0 ? Effect.succeed(taken) : Effect.zipRight(purge, take(false))
    )

    const spend: IdentifyRows["spend"] = (hold) =>
      inTime(Effect.gen(function*() {
        if (Option.isSome(hold) && (yield* draw(hold.value))) {
          return Option.some<Source>("hold")
        }
        return (yield* takeOne).length > 0 ? Option.some<Source>("budget") : Option.none()
      }))

    const giveBack = sql`
      UPDATE vesper_budgets SET remaining = remaining + 1 WHERE fleet = ${fleet} AND remaining < total
    `

    return {
      begin,
      takeBucket: (bucket, holder) =>
        Effect.map(
          inTime(sql`
            INSERT INTO vesper_identifies (fleet, bucket, free_at, holder)
            VALUES (${fleet}, ${bucket}, ${now} + ${millis(bucketPatience)}, ${holder})
            ON CONFLICT (fleet, bucket) DO UPDATE SET free_at = excluded.free_at, holder = excluded.holder
            WHERE vesper_identifies.free_at <= ${now}
            RETURNING bucket
          `),
          (taken) => taken.length > 0
        ),
      freeBucket: (holder, after) =>
        Effect.asVoid(
          inTime(sql`UPDATE vesper_identifies SET free_at = ${now} + ${millis(after)} WHERE holder = ${holder}`)
        ),
      bucketWait: (bucket) =>
        Effect.map(
          inTime(sql<{ readonly wait: number | string }>`
            SELECT free_at - ${now} AS wait FROM vesper_identifies WHERE fleet = ${fleet} AND bucket = ${bucket}
          `),
          waitOf
        ),
      spend,
      refund: (source, hold) =>
        Effect.asVoid(inTime(sql.withTransaction(Effect.gen(function*() {
          if (source === "hold" && Option.isSome(hold)) {
            const rows = yield* sql`UPDATE vesper_holds SET count = count + 1 WHERE id = ${hold.value} RETURNING id`
            yield* rows.length > 0 ? changeHeld(1) : Effect.void
          }
          yield* giveBack
        })))),
      budget: Effect.map(
        inTime(sql<{
          readonly total: number
          readonly remaining: number
          readonly held: number
          readonly resets_at: number | string
        }>`
          SELECT total, held, ${left} AS remaining,
            CASE WHEN resets_at <= ${now} THEN 0 ELSE resets_at END AS resets_at
          FROM vesper_budgets WHERE fleet = ${fleet}
        `),
        ([row]) => ({
          total: row?.total ?? total,
          remaining: row?.remaining ?? total,
          held: row?.held ?? 0,
          reserve,
          // Large numbers come as text from PostgreSQL.
          resetsAt: Number(row?.resets_at ?? 0) === 0 ? undefined : Number(row?.resets_at)
        })
      ),
      budgetWait: Effect.map(
        inTime(sql<{ readonly wait: number | string }>`
          SELECT resets_at - ${now} AS wait FROM vesper_budgets WHERE fleet = ${fleet}
        `),
        waitOf
      ),
      learn: (remaining, resetAfter) =>
        // In the same window the lower number counts: an identify that is under way may not be in Discord's answer.
        Effect.asVoid(inTime(sql`
          UPDATE vesper_budgets SET
            remaining = CASE WHEN resets_at > ${now} AND remaining < ${remaining}
              THEN remaining ELSE ${integer(remaining)} END,
            resets_at = ${now} + ${millis(resetAfter)}
          WHERE fleet = ${fleet}
        `)),
      hold: (id, count) =>
        inTime(Effect.zipRight(
          purge,
          sql.withTransaction(Effect.gen(function*() {
            const begun = yield* sql`
              INSERT INTO vesper_holds (id, fleet, count, expires_at)
              VALUES (${id}, ${fleet}, ${count}, ${now} + ${millis(holdPatience)})
              ON CONFLICT (id) DO NOTHING RETURNING id
            `
            if (begun.length === 0) {
              // It was written before, and the answer came too late.
              return true
            }
            const held = yield* sql`
              UPDATE vesper_budgets SET held = held + ${integer(count)}
              WHERE fleet = ${fleet} AND ${left}
                >= ${integer(reserve)} + held + ${integer(count)}
              RETURNING fleet
            `
            if (held.length === 0) {
              yield* sql`DELETE FROM vesper_holds WHERE id = ${id}`
            }
            return held.length > 0
          }))
        )),
      keep: (id) =>
        Effect.asVoid(
          inTime(sql`UPDATE vesper_holds SET expires_at = ${now} + ${millis(holdPatience)} WHERE id = ${id}`)
        ),
      release: (id) =>
        Effect.asVoid(inTime(sql.withTransaction(Effect.flatMap(
          sql<{ readonly count: number }>`DELETE FROM vesper_holds WHERE id = ${id} RETURNING count`,
          ([gone]) => gone === undefined ? Effect.void : changeHeld(-gone.count)
        ))))
    }
  })
