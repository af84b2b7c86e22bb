/**
 * One identify queue for all runners of a cluster, with the day's budget, in the database that they share: it outlives
 * each of them.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyBudget from "@vesper/gateway/IdentifyBudget"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as IdentifyRows from "./internal/identify/identifyRows.js"

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

/** How long to wait before the next look, at most: what is waited for may change. */
const longestWait = Duration.seconds(30)

/** Interrupted or broken while it was writing, the identify may still arrive: only a plain failure is a proof. */
const provesUnsent = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isFailure(exit.cause) && !Cause.isInterrupted(exit.cause) && !Cause.isDie(exit.cause)

interface Limits {
  readonly maxConcurrency: number
  readonly total: number
  /** What Discord says is left, if it was asked. */
  readonly known?: { readonly remaining: number; readonly resetAfter: Duration.Duration } | undefined
}

/** A database that is away is waited for: an identify without leave could cost the token. */
const persist = <A>(statement: Effect.Effect<A, Error>): Effect.Effect<A> =>
  Effect.catchAll(
    statement,
    (error) =>
      Effect.logWarning(`the identify queue waits for its database: ${error.message}`).pipe(
        Effect.zipRight(Effect.sleep("1 second")),
        Effect.zipRight(Effect.suspend(() => persist(statement)))
      )
  )

/** Until about the time, so that those who wait for the same do not all come at once. */
const sleepFor = (wait: Duration.Duration) =>
  Effect.flatMap(
    Random.nextIntBetween(5, 50),
    (more) => Effect.sleep(Duration.sum(Duration.min(longestWait, wait), Duration.millis(more)))
  )

const makeWith = (
  { maxConcurrency, known, total }: Limits,
  options: LimitOptions
): Effect.Effect<IdentifyQueue.IdentifyQueue, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const interval = Duration.decode(options.interval ?? defaultInterval)
    const reserve = options.reserve ?? IdentifyBudget.defaultReserve(total)
    const rows = yield* IdentifyRows.make({ fleet: options.name ?? "vesper", total, reserve })
    yield* persist(rows.begin)
    if (known !== undefined) {
      yield* persist(rows.learn(known.remaining, known.resetAfter))
    }

    /** Completes when the bucket and an identify of the day are the holder's. */
    const awaitTurn = (
      bucket: number,
      holder: string,
      hold: Option.Option<string>,
      restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    ): Effect.Effect<IdentifyRows.Source> =>
      Effect.gen(function*() {
        while (true) {
          if (!(yield* persist(rows.takeBucket(bucket, holder)))) {
            // While somebody identifies it is taken for longer than it will be: that is over in a moment.
            yield* restore(
              Effect.flatMap(
                persist(rows.bucketWait(bucket)),
                (wait) => sleepFor(Duration.min(wait, Duration.max(interval, "100 millis")))
              )
            )
            continue
          }
          const source = yield* persist(rows.spend(hold))
          if (Option.isSome(source)) {
            return source.value
          }
          yield* persist(rows.freeBucket(holder, Duration.zero))
          yield* Effect.logWarning(
            `the identify budget of ${total} a day is spent, but for ${reserve} and those that a resharding holds: ` +
              "waiting for the next window"
          )
          yield* restore(Effect.flatMap(persist(rows.budgetWait), sleepFor))
        }
      })

    const withPermit =
      (hold: Option.Option<string>): IdentifyQueue.IdentifyQueue["withPermit"] => (shard) => (identify) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            const holder = crypto.randomUUID()
            const source = yield* awaitTurn(ShardId.bucket(shard, maxConcurrency), holder, hold, restore)
            let isStarted = false
            const started = Effect.suspend(() => {
              isStarted = true
              return identify
            })
            return yield* Effect.onExit(restore(started), (exit) =>
              isStarted && !provesUnsent(exit)
                ? persist(rows.freeBucket(holder, interval))
                : Effect.zipRight(
                  // Not tried again: if only the answer is missing, one too many would be given back.
                  Effect.ignoreLogged(rows.refund(source, hold)),
                  persist(rows.freeBucket(holder, Duration.zero))
                ))
          })
        )

    const exhausted = Effect.flatMap(Effect.zip(persist(rows.budget), Clock.currentTimeMillis), ([budget, now]) =>
      Effect.fail(
        new IdentifyBudget.IdentifyBudgetExhausted({
          total: budget.total,
          remaining: Math.max(0, budget.remaining - budget.held),
          reserve,
          until: budget.resetsAt ?? now + Duration.toMillis(IdentifyBudget.window)
        })
      ))

    const viewOf = (hold: Option.Option<string>): IdentifyQueue.IdentifyQueue =>
      IdentifyQueue.make(
        withPermit(hold),
        Effect.asSome(Effect.map(persist(rows.budget), ({ held: _, ...budget }) =>
          budget)),
        (count) =>
          Effect.gen(function*() {
            const id = crypto.randomUUID()
            const isHeld = yield* Effect.acquireRelease(
              persist(rows.hold(id, count)),
              // If it cannot be told, the hold runs out by itself.
              (isHeld) =>
                isHeld ? Effect.ignoreLogged(rows.release(id)) : Effect.void
            )
            if (!isHeld) {
              return yield* exhausted
            }
            yield* Effect.forkScoped(Effect.forever(
              Effect.zipRight(
                Effect.sleep(Duration.times(IdentifyRows.holdPatience, 1 / 3)),
                Effect.ignore(rows.keep(id))
              )
            ))
            return viewOf(Option.some(id))
          })
      )

    return viewOf(Option.none())
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
