/**
 * One identify queue for all runners of a cluster, with the day's budget, in the database that they share: it outlives
 * each of them.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyBudget from "@vesper/gateway/IdentifyBudget"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { inTime, migrate, nowOf } from "./internal/schema.js"

/**
 * What may be set whatever the limits are.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitOptions {
  /**
   * The time between two identifies of a bucket, counted from the moment the first was written. It is more than the 5
   * seconds that Discord wants, for two runners do not reach it equally fast. Default: 5.5 seconds.
   */
  readonly interval?: Duration.DurationInput | undefined
  /** Identifies that are left for a human. Default: 5 percent of the day's. */
  readonly reserve?: number | undefined
  /** The fleet's name, if several bots share a database. Default: `vesper`. */
  readonly name?: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends LimitOptions {
  /** Identifies at a time; `session_start_limit.max_concurrency` of GET /gateway/bot. The same on all runners. */
  readonly maxConcurrency: number
  /** Identifies in 24 hours; `session_start_limit.total`. Default: 1,000. */
  readonly total?: number | undefined
}

/**
 * The time between two identifies of a bucket, if no other is given.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.millis(5_500)

/** How long a bucket is kept by a runner that does not come back. */
const hold = Duration.toMillis("15 seconds")
const window = Duration.toMillis(IdentifyBudget.window)

/** How long to wait before the next look, at most: what is waited for may change. */
const longestWait = Duration.toMillis("30 seconds")

interface Waiting {
  /** Milliseconds. */
  readonly wait: number
}

/** Interrupted or broken while it was writing, the identify may still arrive: only a plain failure is a proof. */
const provesUnsent = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isFailure(exit.cause) && !Cause.isInterrupted(exit.cause) && !Cause.isDie(exit.cause)

interface Limits {
  readonly maxConcurrency: number
  readonly total: number
  /** What Discord says is left, if it was asked. */
  readonly known?: { readonly remaining: number; readonly resetAfter: Duration.Duration } | undefined
}

const makeWith = (
  { maxConcurrency, known, total }: Limits,
  options: LimitOptions
): Effect.Effect<IdentifyQueue.IdentifyQueue, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    yield* migrate
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const now = nowOf(sql)
    const fleet = options.name ?? "vesper"
    const interval = Math.round(Duration.toMillis(options.interval ?? defaultInterval))
    const reserve = options.reserve ?? IdentifyBudget.defaultReserve(total)
    const millis = (value: number) => sql`CAST(${Math.round(value)} AS BIGINT)`

    /** A database that is away is waited for: an identify without leave could cost the token. */
    const persist = <A>(statement: Effect.Effect<A, Error>): Effect.Effect<A> =>
      Effect.catchAll(statement, (error) =>
        Effect.logWarning(`the identify queue waits for its database: ${error.message}`).pipe(
          Effect.zipRight(Effect.sleep("1 second")),
          Effect.zipRight(Effect.suspend(() =>
            persist(statement)
          ))
        ))

    yield* persist(inTime(sql`
      INSERT INTO vesper_budgets (fleet, total, remaining, resets_at) VALUES (${fleet}, ${total}, ${total}, 0)
      ON CONFLICT (fleet) DO UPDATE SET total = excluded.total
    `))
    if (known !== undefined) {
      const { remaining, resetAfter } = known
      // In the same window the lower number counts: an identify that is under way may not be in Discord's answer.
      yield* persist(inTime(sql`
        UPDATE vesper_budgets SET
          remaining = CASE WHEN resets_at > ${now} AND remaining < ${remaining}
            THEN remaining ELSE CAST(${remaining} AS INTEGER) END,
          resets_at = ${now} + ${millis(Duration.toMillis(resetAfter))}
        WHERE fleet = ${fleet}
      `))
    }

    const takeBucket = (bucket: number, holder: string) =>
      inTime(sql`
        INSERT INTO vesper_identifies (fleet, bucket, free_at, holder)
        VALUES (${fleet}, ${bucket}, ${now} + ${millis(hold)}, ${holder})
        ON CONFLICT (fleet, bucket) DO UPDATE SET free_at = excluded.free_at, holder = excluded.holder
        WHERE vesper_identifies.free_at <= ${now}
        RETURNING bucket
      `)
    const freeBucket = (holder: string, after: number) =>
      inTime(sql`UPDATE vesper_identifies SET free_at = ${now} + ${millis(after)} WHERE holder = ${holder}`)
    const bucketWait = (bucket: number) =>
      inTime(sql<Waiting>`
        SELECT free_at - ${now} AS wait FROM vesper_identifies WHERE fleet = ${fleet} AND bucket = ${bucket}
      `)
    // A window begins with its first identify.
    const spend = inTime(sql`
      UPDATE vesper_budgets SET
        remaining = CASE WHEN resets_at <= ${now} THEN total - 1 ELSE remaining - 1 END,
        resets_at = CASE WHEN resets_at <= ${now} THEN ${now} + ${millis(window)} ELSE resets_at END
      WHERE fleet = ${fleet} AND (resets_at <= ${now} OR remaining > ${reserve})
      RETURNING remaining
    `)
    const refund = inTime(sql`
      UPDATE vesper_budgets SET remaining = remaining + 1 WHERE fleet = ${fleet} AND remaining < total
    `)
    const budgetWait = inTime(
      sql<Waiting>`SELECT resets_at - ${now} AS wait FROM vesper_budgets WHERE fleet = ${fleet}`
    )

    /** Until about the time, so that those who wait for the same do not all come at once. */
    const sleepFor = ([row]: ReadonlyArray<Waiting>) =>
      Effect.flatMap(
        Random.nextIntBetween(5, 50),
        (more) => Effect.sleep(Math.min(longestWait, Math.max(0, Number(row?.wait ?? 0))) + more)
      )

    /** Completes when the bucket and an identify of the day are the holder's. */
    const awaitTurn = (
      bucket: number,
      holder: string,
      restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    ): Effect.Effect<void> =>
      Effect.gen(function*() {
        while (true) {
          const taken = yield* persist(takeBucket(bucket, holder))
          if (taken.length === 0) {
            yield* restore(Effect.flatMap(persist(bucketWait(bucket)), sleepFor))
            continue
          }
          const spent = yield* persist(spend)
          if (spent.length > 0) {
            return
          }
          yield* persist(freeBucket(holder, 0))
          yield* Effect.logWarning(
            `the identify budget of ${total} a day is spent, but for ${reserve}: waiting for the next window`
          )
          yield* restore(Effect.flatMap(persist(budgetWait), sleepFor))
        }
      })

    const finish = (holder: string, exit: Exit.Exit<unknown, unknown>) =>
      provesUnsent(exit)
        ? Effect.zipRight(persist(refund), persist(freeBucket(holder, 0)))
        : persist(freeBucket(holder, interval))

    const budget = Effect.map(
      persist(inTime(sql<{ readonly total: number; readonly remaining: number; readonly resets_at: number | string }>`
        SELECT total, CASE WHEN resets_at <= ${now} THEN total ELSE remaining END AS remaining,
          CASE WHEN resets_at <= ${now} THEN 0 ELSE resets_at END AS resets_at
        FROM vesper_budgets WHERE fleet = ${fleet}
      `)),
      ([row]) =>
        Option.map(Option.fromNullable(row), ({ remaining, resets_at, total }): IdentifyBudget.IdentifyBudget => ({
          total,
          remaining,
          reserve,
          // Large numbers come as text from PostgreSQL.
          resetsAt: Number(resets_at) === 0 ? undefined : Number(resets_at)
        }))
    )

    return IdentifyQueue.make((shard) => (identify) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const holder = crypto.randomUUID()
          yield* awaitTurn(ShardId.bucket(shard, maxConcurrency), holder, restore)
          return yield* Effect.onExit(restore(identify), (exit) => finish(holder, exit))
        })
      ), budget)
  })

/**
 * A queue with limits that are known. Makes the tables if they are not there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<IdentifyQueue.IdentifyQueue, never, SqlClient.SqlClient> =>
  makeWith({
    maxConcurrency: Math.max(1, Math.floor(options.maxConcurrency)),
    total: options.total ?? 1_000
  }, options)

/**
 * A queue with the limits that Discord gives the bot, asked for once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFromApi = (
  options: LimitOptions = {}
): Effect.Effect<
  IdentifyQueue.IdentifyQueue,
  GatewayApi.GatewayApiError,
  SqlClient.SqlClient | GatewayApi.GatewayApi
> =>
  Effect.gen(function*() {
    const api = yield* GatewayApi.GatewayApi
    const { sessionStartLimit: { maxConcurrency, remaining, resetAfter, total } } = yield* api.gatewayBot
    return yield* makeWith({ maxConcurrency, total, known: { remaining, resetAfter } }, options)
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<IdentifyQueue.IdentifyQueue, never, SqlClient.SqlClient> =>
  Layer.effect(IdentifyQueue.IdentifyQueue, make(options))

/**
 * @since 0.1.0
 * @category layers
 */
export const layerFromApi = (
  options: LimitOptions = {}
): Layer.Layer<
  IdentifyQueue.IdentifyQueue,
  GatewayApi.GatewayApiError,
  SqlClient.SqlClient | GatewayApi.GatewayApi
> => Layer.effect(IdentifyQueue.IdentifyQueue, makeFromApi(options))
