/**
 * Grants permission to identify. Discord allows one IDENTIFY for each bucket (`shard id % max concurrency`) every
 * 5 seconds, and a number of them a day, shared by all shards of a bot.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as GatewayApi from "./GatewayApi.js"
import type * as IdentifyBudget from "./IdentifyBudget.js"
import * as IdentifyStore from "./IdentifyStore.js"
import * as BudgetRefresh from "./internal/identify/budgetRefresh.js"
import * as CheckOptions from "./internal/identify/checkOptions.js"
import * as HttpQueue from "./internal/identify/httpQueue.js"
import * as Ledger from "./internal/identify/ledger.js"
import * as Scheduler from "./internal/identify/scheduler.js"
import * as StoredState from "./internal/identify/storedState.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/IdentifyQueue")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * One queue is shared by all shards of a bot: each IDENTIFY passes it, and no RESUME does.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyQueue {
  readonly [TypeId]: TypeId
  /**
   * Waits for the shard's turn, then runs `identify`, which writes the payload. The turn is spent unless `identify`
   * fails, as when the socket has closed before: then it costs nothing, and the next in line has it at once.
   * Interrupting the wait passes the place on. Fails with `IdentifyBudgetExhausted` only if the queue is configured so.
   */
  readonly withPermit: (
    shard: ShardId.ShardId
  ) => <A, E, R>(identify: Effect.Effect<A, E, R>) => Effect.Effect<A, E | IdentifyBudget.IdentifyBudgetExhausted, R>
  /** The day's budget, if the queue knows it; the reserve is part of it. */
  readonly budget: Effect.Effect<Option.Option<IdentifyBudget.IdentifyBudget>>
  /**
   * Holds so many of the day's identifies until the scope closes, and returns a view of this queue whose permits are
   * spent from them first, in line with all others. To other shards they are as good as spent. Fails at once with
   * `IdentifyBudgetExhausted` if fewer are left besides the reserve, other holds, and one for each shard that waits.
   * Once the scope is closed, the rest is available to all again, and the view is like the queue.
   *
   * A queue that keeps no budget has nothing to hold: there the view is the queue. That is so with `layerUnlimited`,
   * with `layerHttp`, whose server alone knows the budget, and with `make` unless it is given a `reserve`.
   */
  readonly reserve: (
    count: number
  ) => Effect.Effect<IdentifyQueue, IdentifyBudget.IdentifyBudgetExhausted, Scope.Scope>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const IdentifyQueue = Context.GenericTag<IdentifyQueue>("@vesper/gateway/IdentifyQueue")

/**
 * The time that Discord requires between two identifies of a bucket.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.seconds(5)

/**
 * Options of every queue that keeps the limits itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitOptions {
  /**
   * The time between two identifies of a bucket, counted from the moment the first was written. Discord counts 5
   * seconds at its own end: a longer interval leaves room for an uneven network. Default: 5 seconds.
   */
  readonly interval?: Duration.DurationInput | undefined
  /**
   * The fate of a shard when nothing but the reserve is left of the day's budget: it waits for the reset, with a line in
   * the log, or fails with `IdentifyBudgetExhausted`. Default: `wait`.
   */
  readonly whenExhausted?: "wait" | "fail" | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface InMemoryOptions extends LimitOptions {
  /** Identifies that Discord allows at a time; `session_start_limit.max_concurrency` of GET /gateway/bot. */
  readonly maxConcurrency: number
  /** The bot's daily budget. Default: 1,000 identifies, of which 50 are reserved. */
  readonly budget?: IdentifyBudget.Options | undefined
}

/**
 * A change of the limits while shards wait. A field that is left out keeps its value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly maxConcurrency?: number | undefined
  readonly interval?: Duration.DurationInput | undefined
  /** 0 spends the reserve. */
  readonly reserve?: number | undefined
  /** The budget as Discord reports it. */
  readonly budget?: Omit<IdentifyBudget.Options, "reserve"> | undefined
}

/**
 * A queue whose limits can change while shards wait. Waiting shards keep their order.
 *
 * @since 0.1.0
 * @category models
 */
export interface AdjustableQueue extends IdentifyQueue {
  /** Fails with a `ConfigError` that names the field, and then changes nothing. */
  readonly update: (change: Change) => Effect.Effect<void, ConfigError.ConfigError>
}

/**
 * Makes a queue from its functions, for a limit that is kept elsewhere. By default it knows no budget, and a reservation
 * holds nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  withPermit: IdentifyQueue["withPermit"],
  budget: IdentifyQueue["budget"] = Effect.succeedNone,
  reserve?: IdentifyQueue["reserve"]
): IdentifyQueue => {
  const queue: IdentifyQueue = {
    [TypeId]: TypeId,
    withPermit,
    budget,
    reserve: reserve ?? (() => Effect.succeed(queue))
  }
  return queue
}

const defaultTotal = 1_000

const accountOf = (budget: IdentifyBudget.Options, now: number): Ledger.Account => {
  const total = budget.total ?? defaultTotal
  return {
    total,
    remaining: Math.min(total, budget.remaining ?? total),
    resetsAt: budget.resetAfter === undefined ? undefined : now + Duration.toMillis(budget.resetAfter)
  }
}

const limitsOf = ({ interval, maxConcurrency, reserve }: Change): Partial<Ledger.Limits> => ({
  ...(maxConcurrency !== undefined && { maxConcurrency }),
  ...(interval !== undefined && { interval: Duration.toMillis(interval) }),
  ...(reserve !== undefined && { reserve })
})

/** The stored account takes precedence over the options, unless the options are Discord's own figures. */
const initialLedger = (
  stored: ReturnType<typeof StoredState.restore>,
  given: Ledger.Account,
  trust: "store" | "options",
  now: number
): Ledger.Ledger =>
  Option.match(stored.account, {
    onNone: () => ({ recent: stored.recent, account: given }),
    onSome: (account) =>
      trust === "store"
        ? { recent: stored.recent, account: { ...account, total: given.total } }
        : Ledger.merge({ recent: stored.recent, account }, given, 0, now)
  })

const makeAdjustable = (
  options: InMemoryOptions,
  trust: "store" | "options"
): Effect.Effect<AdjustableQueue, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    yield* CheckOptions.checkInMemory(options)
    const store = yield* IdentifyStore.CurrentIdentifyStore
    const now = yield* Scheduler.currentTime
    const limits: Ledger.Limits = {
      maxConcurrency: options.maxConcurrency,
      interval: Duration.toMillis(options.interval ?? defaultInterval),
      reserve: options.budget?.reserve
    }
    const scheduler = Scheduler.make({
      limits,
      store,
      initial: initialLedger(
        StoredState.restore(store.initial, now),
        accountOf(options.budget ?? {}, now.monotonic),
        trust,
        now.monotonic
      ),
      whenExhausted: options.whenExhausted ?? "wait"
    })
    const viewOf = (hold: number | undefined): IdentifyQueue =>
      make(
        ({ id }) => (identify) => scheduler.run({ shard: id, hold }, identify),
        Effect.asSome(scheduler.budget),
        (count) => Effect.map(scheduler.reserve(count), viewOf)
      )
    return {
      ...viewOf(undefined),
      update: (change) =>
        Effect.gen(function*() {
          yield* CheckOptions.check(change)
          const { monotonic } = yield* Scheduler.currentTime
          yield* scheduler.update({
            limits: limitsOf(change),
            account: change.budget && accountOf(change.budget, monotonic)
          })
        })
    }
  })

/**
 * Makes a queue for the shards of one process. It saves its state in the `IdentifyStore` that it is built with, if any;
 * a budget that is found there takes precedence over `remaining` and `resetAfter` of the options. Fails with a
 * `ConfigError` that names the option.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeInMemory = (options: InMemoryOptions): Effect.Effect<AdjustableQueue, ConfigError.ConfigError> =>
  makeAdjustable(options, "store")

/**
 * A queue for the shards of one process.
 *
 * @example
 * ```ts
 * import { IdentifyQueue } from "@vesper/gateway"
 * import { ShardId } from "@vesper/model"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* IdentifyQueue.IdentifyQueue
 *   yield* queue.withPermit(ShardId.single)(Effect.log("identifying"))
 * })
 *
 * Effect.runPromise(Effect.provide(program, IdentifyQueue.layerInMemory({ maxConcurrency: 1 })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerInMemory = (options: InMemoryOptions): Layer.Layer<IdentifyQueue, ConfigError.ConfigError> =>
  Layer.effect(IdentifyQueue, makeInMemory(options))

/**
 * @since 0.1.0
 * @category models
 */
export interface FromApiOptions extends LimitOptions {
  /** Identifies that are left for a restart by hand. Default: 5 percent of the total. */
  readonly reserve?: number | undefined
}

/**
 * Makes a queue with the limits that Discord grants the bot, requested now and again whenever a window of the budget is
 * over. Fails if Discord does not answer, and with a `ConfigError` that names an option.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFromApi = (
  options: FromApiOptions = {}
): Effect.Effect<
  AdjustableQueue,
  GatewayApi.GatewayApiError | ConfigError.ConfigError,
  GatewayApi.GatewayApi | Scope.Scope
> =>
  Effect.gen(function*() {
    // Before Discord is asked.
    yield* CheckOptions.check(options)
    const api = yield* GatewayApi.GatewayApi
    const { sessionStartLimit: limit } = yield* api.gatewayBot
    const queue = yield* makeAdjustable({
      ...options,
      maxConcurrency: limit.maxConcurrency,
      budget: { ...BudgetRefresh.toBudget(limit), reserve: options.reserve }
    }, "options")
    yield* Effect.forkScoped(BudgetRefresh.forever(api, queue.update, limit))
    return queue
  })

/**
 * The same as a layer: max concurrency and the day's budget come from GET /gateway/bot.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { GatewayApi, IdentifyQueue, ShardConfig } from "@vesper/gateway"
 * import { Layer } from "effect"
 *
 * export const queue = IdentifyQueue.layerFromApi().pipe(
 *   Layer.provide(GatewayApi.layerConfig({ token: ShardConfig.tokenConfig })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromApi = (
  options: FromApiOptions = {}
): Layer.Layer<IdentifyQueue, GatewayApi.GatewayApiError | ConfigError.ConfigError, GatewayApi.GatewayApi> =>
  Layer.scoped(IdentifyQueue, makeFromApi(options))

/**
 * Makes a queue that is shared over HTTP, such as `vesper queue serve` or twilight-http-queue, by its URL. A request
 * without an answer is repeated, with a line in the log. An identify that fails after the turn was granted costs that
 * turn and one of the day's identifies: plain HTTP has no way to return it. The budget is the server's. Fails with a
 * `ConfigError` if the URL is none.
 *
 * Some HTTP clients abandon a request that takes minutes, as Node's fetch does after five; then the shard asks again,
 * behind those that wait. `NodeHttpClient.layer` of @effect/platform-node waits for as long as it takes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttp = (
  url: string
): Effect.Effect<IdentifyQueue, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.map(
    Effect.all([HttpClient.HttpClient, CheckOptions.checkUrl(url)]),
    ([client, url]) =>
      make((shard) => (identify) => Effect.zipRight(HttpQueue.awaitTurn(client, url, shard.id), identify))
  )

/**
 * A queue that is shared over HTTP, by its URL.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { IdentifyQueue } from "@vesper/gateway"
 * import { Layer } from "effect"
 *
 * export const queue = IdentifyQueue.layerHttp("http://127.0.0.1:7878/").pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (
  url: string
): Layer.Layer<IdentifyQueue, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(IdentifyQueue, makeHttp(url))

/**
 * Keeps neither the interval nor the day's budget. A bot that uses it on Discord's gateway is closed for identifies that
 * follow too fast, and has its token reset after some 1,000 in a day. It is for tests, and for a proxy that keeps both
 * limits itself.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerUnlimited: Layer.Layer<IdentifyQueue> = Layer.succeed(
  IdentifyQueue,
  make(() => (identify) => identify)
)
