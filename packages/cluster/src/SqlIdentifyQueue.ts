/**
 * One identify queue for all runners of a cluster, with the day's budget in the database that they share.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardId from "@vesper/model/ShardId"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Statement from "./internal/database/statement.js"
import * as Account from "./internal/identify/index.js"

/** Options that do not depend on the limits of the bot. @since 0.1.0 @category models */
export interface LimitOptions {
  /** The time between two IDENTIFYs of a bucket, from the writing of the first. Default: 5.5 seconds. */
  readonly interval?: Duration.DurationInput | undefined
  /** IDENTIFYs that are left for a manual restart. Default: 5 percent of the day's. */
  readonly reserve?: number | undefined
  /** The fleet's name, if several bots share a database. Default: `vesper`. */
  readonly name?: string | undefined
}

/** The limits of the bot. @since 0.1.0 @category models */
export interface Options extends LimitOptions {
  /** IDENTIFYs allowed at a time; `session_start_limit.max_concurrency` of GET /gateway/bot. The same on all runners. */
  readonly maxConcurrency: number
  /** IDENTIFYs in 24 hours; `session_start_limit.total`. Default: 1,000. */
  readonly total?: number | undefined
}

/** The default of `interval`. @since 0.1.0 @category constants */
export const defaultInterval: Duration.Duration = Duration.millis(5_500)

/** An interrupted or broken attempt may have written the IDENTIFY: only a failure proves that it has not. */
const provesUnsent = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isFailure(exit.cause) && !Cause.isInterrupted(exit.cause) && !Cause.isDie(exit.cause)

/** An IDENTIFY without a turn could cost the token: a database that does not answer is awaited. */
const persist = <A>(statement: Effect.Effect<A, Error>) =>
  Statement.persist(statement, "the identify queue waits for its database", 1_000)

/** Sleeps with some randomness, so that shards that wait for the same do not ask at the same moment. */
const sleepFor = (millis: number) => Effect.flatMap(Random.nextIntBetween(5, 50), (more) => Effect.sleep(millis + more))

const makeWith = (
  options: Options,
  known?: { readonly remaining: number; readonly resetAfter: Duration.Duration }
): Effect.Effect<IdentifyQueue.IdentifyQueue, ConfigError.ConfigError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    yield* IdentifyQueue.checkOptions(options)
    const { maxConcurrency, name = "vesper", total = 1_000, reserve = IdentifyQueue.defaultReserve(total) } = options
    const interval = Duration.toMillis(options.interval ?? defaultInterval)
    const { begin, change } = yield* Account.make(name, total, interval)
    yield* persist(begin)
    if (known !== undefined) {
      yield* persist(change(Account.merge(known.remaining, known.resetAfter)))
    }
    /** Waits until the bucket and one of the day's IDENTIFYs are the holder's. */
    const awaitTurn = (request: Account.Request, wait: (millis: number) => Effect.Effect<void>): Effect.Effect<void> =>
      Effect.flatMap(persist(change(Account.take(request, reserve))), (answer) => {
        if (answer._tag === "Granted") {
          return Effect.void
        }
        const waiting = answer._tag === "Taken"
          // Until its identify is written a turn is taken for longer than it will last.
          ? wait(Math.min(answer.wait, Math.max(interval, 100)))
          : Effect.zipRight(
            Effect.logWarning(
              `the identify budget of ${total} a day is spent, except ${reserve} and those that a resharding holds: ` +
                "waiting for the next window"
            ),
            wait(Math.min(answer.wait, 30_000))
          )
        return Effect.zipRight(waiting, awaitTurn(request, wait))
      })
    const withPermit = (hold: string): IdentifyQueue.IdentifyQueue["withPermit"] => (shard) => (identify) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          const request = { bucket: ShardId.bucket(shard, maxConcurrency), holder: crypto.randomUUID(), hold }
          yield* awaitTurn(request, (millis) => restore(sleepFor(millis)))
          let isStarted = false
          const started = Effect.suspend(() => {
            isStarted = true
            return identify
          })
          return yield* Effect.onExit(
            restore(started),
            (exit) => persist(change(Account.end(request, isStarted && !provesUnsent(exit), interval)))
          )
        })
      )
    const view = Effect.map(persist(change((account) => account)), (account) => ({
      held: Account.heldIn(account),
      budget: {
        total,
        reserve,
        remaining: account.remaining,
        resetsAt: Option.liftPredicate(account.resetsAt, (at) => at !== 0)
      }
    }))
    const exhausted = Effect.flatMap(Effect.zip(view, Clock.currentTimeMillis), ([{ budget, held }, now]) =>
      Effect.fail(
        new IdentifyQueue.IdentifyBudgetExhausted({
          ...budget,
          remaining: Math.max(0, budget.remaining - held),
          until: Option.getOrElse(budget.resetsAt, () => now + Duration.toMillis(IdentifyQueue.budgetWindow))
        })
      ))
    const makeQueue = (hold: string): IdentifyQueue.IdentifyQueue =>
      IdentifyQueue.make(
        withPermit(hold),
        Effect.map(view, ({ budget }) => Option.some(budget)),
        (count) =>
          Effect.gen(function*() {
            const id = crypto.randomUUID()
            // Without an answer to its release the hold expires.
            yield* Effect.addFinalizer(() => Effect.ignoreLogged(change(Account.release(id))))
            if (!(yield* persist(change(Account.hold(id, count, reserve))))) {
              return yield* exhausted
            }
            const renewal = Effect.ignore(change(Account.renewHold(id)))
            yield* Effect.forkScoped(Effect.forever(Effect.delay(renewal, Account.holdPatience / 3)))
            return makeQueue(id)
          })
      )
    return makeQueue("")
  })

/**
 * Makes a queue with known limits, and missing tables. A `ConfigError` names an option.
 * @since 0.1.0 @category constructors
 */
export const make: (
  options: Options
) => Effect.Effect<IdentifyQueue.IdentifyQueue, ConfigError.ConfigError, SqlClient.SqlClient> = makeWith

/** Makes a queue with the limits that Discord grants the bot, requested once. @since 0.1.0 @category constructors */
export const makeFromApi = (options: LimitOptions = {}) =>
  Effect.flatMap(
    // The options are checked before Discord is asked.
    Effect.zipRight(
      IdentifyQueue.checkOptions(options),
      Effect.flatMap(GatewayApi.GatewayApi, ({ gatewayBot }) => gatewayBot)
    ),
    ({ sessionStartLimit: { maxConcurrency, total, ...known } }) =>
      makeWith({ ...options, maxConcurrency, total }, known)
  )

/** An identify queue with known limits. @since 0.1.0 @category layers */
export const layer = (options: Options) => Layer.effect(IdentifyQueue.IdentifyQueue, make(options))

/** An identify queue with the limits that Discord grants the bot. @since 0.1.0 @category layers */
export const layerFromApi = (options: LimitOptions = {}) =>
  Layer.effect(IdentifyQueue.IdentifyQueue, makeFromApi(options))
