/**
 * Grants permission to identify. Discord allows one IDENTIFY for each bucket (`shard id % max concurrency`) every
 * 5 seconds, and a number of them a day, shared by all shards of a bot.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as GatewayApi from "./GatewayApi.js"
import * as IdentifyStore from "./IdentifyStore.js"
import type { IdentifyBudgetExhausted } from "./internal/identify/budgetExhausted.js"
import * as BudgetRefresh from "./internal/identify/budgetRefresh.js"
import * as CheckOptions from "./internal/identify/checkOptions.js"
import * as Budget from "./internal/identify/budget.js"
import * as Permits from "./internal/identify/permits.js"
import * as StoredState from "./internal/identify/storedState.js"

/**
 * The current budget of a bot.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyBudget {
  /** IDENTIFYs allowed in a window. */
  readonly total: number
  /** Remaining IDENTIFYs of this window, including the reserve and all reservations. */
  readonly remaining: number
  /** IDENTIFYs that the queue does not grant. */
  readonly reserve: number
  /** The end of the window, in milliseconds since 1970. None before the first IDENTIFY of a window. */
  readonly resetsAt: Option.Option<number>
}

/**
 * The initial budget of a queue. `session_start_limit` of GET /gateway/bot contains the current values.
 *
 * @since 0.1.0
 * @category models
 */
export interface BudgetOptions {
  /** IDENTIFYs allowed in a window of 24 hours. Default: 1,000. */
  readonly total?: number | undefined
  /** Remaining IDENTIFYs of the window. Default: all. */
  readonly remaining?: number | undefined
  /** The time to the end of the window. Default: no window has begun; one of 24 hours begins with the first IDENTIFY. */
  readonly resetAfter?: Duration.DurationInput | undefined
  /**
   * IDENTIFYs that are reserved for a manual restart; set it to 0 for it. At most one less than the total.
   * Default: 5 percent of the total.
   */
  readonly reserve?: number | undefined
}

export {
  /**
   * Returns the default reserve of a total: 5 percent, rounded up.
   *
   * @example
   * ```ts
   * import * as assert from "node:assert"
   * import { IdentifyQueue } from "@vesper/gateway"
   *
   * assert.strictEqual(IdentifyQueue.defaultReserve(1_000), 50)
   * ```
   *
   * @since 0.1.0
   * @category getters
   */
  defaultReserve,
  /**
   * The daily identify budget is exhausted: only reserved IDENTIFYs remain, or fewer than requested. A shard fails with this
   * error only with `whenExhausted: "fail"`; by default it waits.
   *
   * @since 0.1.0
   * @category errors
   */
  IdentifyBudgetExhausted,
  /**
   * Returns the IDENTIFYs that the queue may still grant in this window.
   *
   * @since 0.1.0
   * @category getters
   */
  spendable,
  /**
   * The duration of a window.
   *
   * @since 0.1.0
   * @category constants
   */
  window as budgetWindow
} from "./internal/identify/budgetExhausted.js"

/**
 * The type identifier of `IdentifyQueue`.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@vesper/gateway/IdentifyQueue")

/**
 * The type of `TypeId`.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Serializes the IDENTIFY calls of a bot. All its shards share one queue; a RESUME does not use it.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyQueue {
  readonly [TypeId]: TypeId
  /**
   * Waits for a permit, then runs `identify`, which writes the payload. If `identify` fails, as when the socket has closed
   * before, the permit is refunded and the next shard receives it. Interrupting the wait passes the permit on. Fails with
   * `IdentifyBudgetExhausted` only with `whenExhausted: "fail"`.
   */
  readonly withPermit: (
    shard: ShardId.ShardId
  ) => <A, E, R>(identify: Effect.Effect<A, E, R>) => Effect.Effect<A, E | IdentifyBudgetExhausted, R>
  /** Returns the budget of the day, including the reserve; none if the queue does not know it. */
  readonly budget: Effect.Effect<Option.Option<IdentifyBudget>>
  /**
   * Reserves `count` IDENTIFYs of the day until the scope closes, and returns a view of this queue whose permits use them
   * first. Other shards cannot use them. Fails immediately with `IdentifyBudgetExhausted` if fewer than `count` remain after
   * the reserve, other reservations and one per waiting shard are deducted. When the scope closes, unused IDENTIFYs are
   * available to all shards again.
   *
   * A queue without a budget reserves nothing and returns itself: `layerUnlimited`, `layerHttp`, whose server has the budget,
   * and `make` without a `reserve`.
   */
  readonly reserve: (
    count: number
  ) => Effect.Effect<IdentifyQueue, IdentifyBudgetExhausted, Scope.Scope>
}

/**
 * The queue that shards identify with.
 *
 * @since 0.1.0
 * @category tags
 */
export const IdentifyQueue = Context.GenericTag<IdentifyQueue>("@vesper/gateway/IdentifyQueue")

/**
 * The time that Discord requires between two IDENTIFYs of a bucket.
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
   * The time between two IDENTIFYs of a bucket, from the write of the first. Discord counts 5 seconds between arrivals, so a
   * longer interval allows for network jitter. Default: 5 seconds.
   */
  readonly interval?: Duration.DurationInput | undefined
  /**
   * With `wait`, a shard waits for the reset when only the reserve is left of the day's budget, and a warning is logged. With
   * `fail`, it fails with `IdentifyBudgetExhausted`. Default: `wait`.
   */
  readonly whenExhausted?: "wait" | "fail" | undefined
}

/**
 * Options of a queue for one process.
 *
 * @since 0.1.0
 * @category models
 */
export interface InMemoryOptions extends LimitOptions {
  /** IDENTIFYs that Discord allows at a time; `session_start_limit.max_concurrency` of GET /gateway/bot. */
  readonly maxConcurrency: number
  /** The bot's daily budget. Default: 1,000 IDENTIFYs, of which 50 are reserved. */
  readonly budget?: BudgetOptions | undefined
}

/**
 * A change of the limits of a queue. An omitted field keeps its value.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly maxConcurrency?: number | undefined
  readonly interval?: Duration.DurationInput | undefined
  /** IDENTIFYs that remain reserved; 0 makes the reserve available. */
  readonly reserve?: number | undefined
  /** The budget that Discord reports. */
  readonly budget?: Omit<BudgetOptions, "reserve"> | undefined
}

/**
 * A queue whose limits can change while shards wait. Waiting shards keep their order.
 *
 * @since 0.1.0
 * @category models
 */
export interface AdjustableQueue extends IdentifyQueue {
  /** Changes the limits. Fails with a `ConfigError` that names an invalid field, and then changes nothing. */
  readonly update: (change: Change) => Effect.Effect<void, ConfigError.ConfigError>
}

/**
 * Makes a queue from its functions, such as one whose limits are in another service. By default it has no budget, and
 * `reserve` returns the queue itself.
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

const toWindow = (budget: BudgetOptions, now: number): Budget.BudgetWindow => {
  const total = budget.total ?? defaultTotal
  return {
    total,
    remaining: Math.min(total, budget.remaining ?? total),
    resetsAt: budget.resetAfter === undefined ? undefined : now + Duration.toMillis(budget.resetAfter)
  }
}

/**
 * Checks the options of a queue that are set: `maxConcurrency`, `total`, `interval`, `reserve`. Fails with a `ConfigError` that names
 * the option. For implementations of other queues.
 *
 * @since 0.1.0
 * @category validation
 */
export const checkOptions: (options: unknown) => Either.Either<void, ConfigError.ConfigError> = CheckOptions.check

const toLimits = ({ interval, maxConcurrency, reserve }: Change): Partial<Budget.Limits> => ({
  ...(maxConcurrency !== undefined && { maxConcurrency }),
  ...(interval !== undefined && { interval: Duration.toMillis(interval) }),
  ...(reserve !== undefined && { reserve })
})

/** Prefers the stored budget to the options, unless the options are Discord's values. */
const initialLedger = (
  stored: ReturnType<typeof StoredState.restore>,
  configured: Budget.BudgetWindow,
  trust: "store" | "options",
  now: number
): Budget.Ledger =>
  Option.match(stored.account, {
    onNone: () => ({ recent: stored.recent, account: configured }),
    onSome: (account) =>
      trust === "store"
        ? { recent: stored.recent, account: { ...account, total: configured.total } }
        : Budget.merge({ recent: stored.recent, account }, configured, 0, now)
  })

const makeAdjustable = (
  options: InMemoryOptions,
  trust: "store" | "options"
): Effect.Effect<AdjustableQueue, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    yield* CheckOptions.checkInMemory(options)
    const store = yield* IdentifyStore.CurrentIdentifyStore
    const now = yield* Permits.currentTime
    const limits: Budget.Limits = {
      maxConcurrency: options.maxConcurrency,
      interval: Duration.toMillis(options.interval ?? defaultInterval),
      reserve: options.budget?.reserve
    }
    const permits = Permits.make({
      limits,
      store,
      initial: initialLedger(
        StoredState.restore(store.initial, now),
        toWindow(options.budget ?? {}, now.monotonic),
        trust,
        now.monotonic
      ),
      whenExhausted: options.whenExhausted ?? "wait"
    })
    const makeView = (reservation: number | undefined): IdentifyQueue =>
      make(
        ({ id }) => (identify) => permits.run({ shard: id, reservation }, identify),
        Effect.asSome(permits.budget),
        (count) => Effect.map(permits.reserve(count), makeView)
      )
    return {
      ...makeView(undefined),
      update: (change) =>
        Effect.gen(function*() {
          yield* CheckOptions.check(change)
          const { monotonic } = yield* Permits.currentTime
          yield* permits.update({
            limits: toLimits(change),
            account: change.budget && toWindow(change.budget, monotonic)
          })
        })
    }
  })

/**
 * Makes a queue for the shards of one process. It saves its state in the `IdentifyStore` of the context, if any. A stored
 * budget takes precedence over `remaining` and `resetAfter` of the options. Fails with a `ConfigError` that names an invalid
 * option.
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
 * Options of a queue with the limits that Discord reports.
 *
 * @since 0.1.0
 * @category models
 */
export interface FromApiOptions extends LimitOptions {
  /** IDENTIFYs that are reserved for a manual restart. Default: 5 percent of the total. */
  readonly reserve?: number | undefined
}

/**
 * Makes a queue with the limits of GET /gateway/bot, which are requested now and after each window of the budget. Fails if
 * Discord does not answer, and with a `ConfigError` that names an invalid option.
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
 * A queue with the max concurrency and the budget of GET /gateway/bot. The HTTP client of `GatewayApi` sends the requests.
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
 * Makes a client of a queue that is shared over HTTP, such as `vesper queue serve` or twilight-http-queue. A failed request
 * is logged and repeated. An IDENTIFY that fails after the permit was granted spends the permit, because HTTP cannot return it.
 * The server has the budget. Fails with a `ConfigError` if the URL is invalid.
 *
 * Some HTTP clients time out after minutes, such as Node's fetch after five; the shard then repeats the request and loses its
 * place. `NodeHttpClient.layer` of @effect/platform-node has no timeout.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttp = (
  url: string
): Effect.Effect<IdentifyQueue, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const checked = yield* CheckOptions.checkUrl(url)
    const HttpQueue = yield* Effect.promise(() => import("./internal/http/identifyPermit.js"))
    const awaitPermit = yield* HttpQueue.make(checked)
    return make((shard) => (identify) => Effect.zipRight(awaitPermit(shard.id), identify))
  })

/**
 * A queue that is shared over HTTP. Requests use the HTTP client of the context.
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
 * A queue without limits, for tests and for a proxy that has the limits. On Discord's gateway, IDENTIFYs in fast succession
 * are refused, and the token is reset after about 1,000 in a day.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerUnlimited: Layer.Layer<IdentifyQueue> = Layer.succeed(
  IdentifyQueue,
  make(() => (identify) => identify)
)
