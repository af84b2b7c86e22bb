/**
 * Grants permission to identify. Discord allows one IDENTIFY for each bucket (`shard id % max concurrency`) every
 * 5 seconds, and a number of them a day, shared by all shards of a bot.
 *
 * @see https://docs.discord.com/developers/events/gateway#rate-limiting
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as ShardId from "@vesper/model/ShardId"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as GatewayApi from "./GatewayApi.js"
import type * as IdentifyBudget from "./IdentifyBudget.js"
import * as IdentifyStore from "./IdentifyStore.js"
import * as HttpQueue from "./internal/httpQueue.js"
import * as Ledger from "./internal/identifyLedger.js"
import * as Scheduler from "./internal/identifyScheduler.js"

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
 * One queue is to be shared by all shards of a bot: every first identify and every later one passes it, a resume never
 * does.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyQueue {
  readonly [TypeId]: TypeId
  /**
   * Waits for the shard's turn, then runs `identify`, which writes the payload. The turn is used up unless `identify`
   * fails, as when the socket has died meanwhile: then it costs nothing, and the next in line has it at once.
   * Interrupting the wait gives the place back. Fails with `IdentifyBudgetExhausted` only if the queue was told so.
   */
  readonly withPermit: (
    shard: ShardId.ShardId
  ) => <A, E, R>(identify: Effect.Effect<A, E, R>) => Effect.Effect<A, E | IdentifyBudget.IdentifyBudgetExhausted, R>
  /** What the bot may still spend today, if the queue knows; what is reserved is among it. */
  readonly budget: Effect.Effect<Option.Option<IdentifyBudget.IdentifyBudget>>
  /**
   * Holds so many of the day's identifies until the scope closes, and gives a view of this queue whose permits are spent
   * from them first, in line with all others. For whoever asks elsewhere they are as good as spent. Fails at once with
   * `IdentifyBudgetExhausted` if fewer are left besides the reserve, other holds, and one for each shard that waits.
   * Once the scope is closed the rest of them is everybody's again, and the view is like the queue.
   *
   * A queue that keeps no budget has nothing to hold: there the view is the queue. That is so with `layerUnlimited`,
   * with `layerHttp`, whose server alone knows what is left, and with `make` unless it is told how.
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
 * The time that Discord wants between two identifies of a bucket.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultInterval: Duration.Duration = Duration.seconds(5)

/**
 * What every queue that keeps the limits itself can be told.
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
   * What becomes of a shard when nothing but the reserve is left of the day's budget: it waits for the reset, which the
   * log tells, or fails with `IdentifyBudgetExhausted`. Default: `wait`.
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
  /** What the bot may spend a day. Default: the queue keeps no budget. */
  readonly budget?: IdentifyBudget.Options | undefined
}

/**
 * What may change while shards wait; what is left out stays as it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly maxConcurrency?: number | undefined
  readonly interval?: Duration.DurationInput | undefined
  /** A human who wants to spend the reserve gives 0. */
  readonly reserve?: number | undefined
  /** What Discord says of the budget now. */
  readonly budget?: Omit<IdentifyBudget.Options, "reserve"> | undefined
}

/**
 * A queue whose limits can change while shards wait. Those that wait keep their order.
 *
 * @since 0.1.0
 * @category models
 */
export interface AdjustableQueue extends IdentifyQueue {
  readonly update: (change: Change) => Effect.Effect<void>
}

/**
 * A queue from its functions, for a limit that is kept elsewhere. By default it knows no budget, and a reservation holds
 * nothing.
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

const atLeastOne = (maxConcurrency: number) => Math.max(1, Math.floor(maxConcurrency))

const limitsOf = ({ interval, maxConcurrency, reserve }: Change): Partial<Ledger.Limits> => ({
  ...(maxConcurrency !== undefined && { maxConcurrency: atLeastOne(maxConcurrency) }),
  ...(interval !== undefined && { interval: Duration.toMillis(interval) }),
  ...(reserve !== undefined && { reserve })
})

/** What the store remembers counts more than what the options assume, unless the options come from Discord. */
const makeAdjustable = (
  options: InMemoryOptions,
  trust: "store" | "options"
): Effect.Effect<AdjustableQueue> =>
  Effect.gen(function*() {
    const store = yield* IdentifyStore.CurrentIdentifyStore
    const now = yield* Clock.currentTimeMillis
    const limits: Ledger.Limits = {
      maxConcurrency: atLeastOne(options.maxConcurrency),
      interval: Duration.toMillis(options.interval ?? defaultInterval),
      reserve: options.budget?.reserve
    }
    const told = options.budget && accountOf(options.budget, now)
    const empty: Ledger.Ledger = { recent: [], account: undefined }
    const kept = Ledger.restore(Option.getOrElse(store.initial, () => empty), now)
    const initial = told === undefined
      ? { recent: kept.recent, account: undefined }
      : trust === "store" && kept.account !== undefined
      ? { recent: kept.recent, account: { ...kept.account, total: told.total } }
      : Ledger.learn(kept, told, 0, now)
    const scheduler = Scheduler.make({
      limits,
      store,
      initial,
      whenExhausted: options.whenExhausted ?? "wait"
    })
    const viewOf = (hold: number | undefined): IdentifyQueue =>
      make(
        ({ id }) => (identify) => scheduler.run({ shard: id, hold }, identify),
        Effect.map(scheduler.budget, Option.fromNullable),
        (count) => Effect.map(scheduler.reserve(count), viewOf)
      )
    return {
      ...viewOf(undefined),
      update: (change) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          scheduler.update({
            limits: limitsOf(change),
            account: change.budget && accountOf(change.budget, now)
          }))
    }
  })

/**
 * A queue for the shards of one process. What it did is kept in the `IdentifyStore` that it is built with, if any; then
 * the budget that it finds there counts more than `remaining` and `resetAfter` of the options.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeInMemory = (options: InMemoryOptions): Effect.Effect<AdjustableQueue> =>
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
export const layerInMemory = (options: InMemoryOptions): Layer.Layer<IdentifyQueue> =>
  Layer.effect(IdentifyQueue, makeInMemory(options))

/**
 * @since 0.1.0
 * @category models
 */
export interface FromApiOptions extends LimitOptions {
  /** How many identifies to leave for a human. Default: 5 percent of the total. */
  readonly reserve?: number | undefined
}

/** How long to leave Discord alone when it did not answer. */
const refreshRetry = Duration.minutes(1)

/** The end of a window as Discord says it, and some time more: until then, it is asked again. */
const toldBy = ({ remaining, resetAfter, total }: GatewayApi.SessionStartLimit): IdentifyBudget.Options => ({
  total,
  remaining,
  resetAfter: Duration.toMillis(resetAfter) === 0
    ? undefined
    : Duration.sum(resetAfter, Duration.millis(Ledger.lateness))
})

/** Asks Discord again when a window is over, for ever. */
const refreshing = (
  api: GatewayApi.GatewayApi,
  queue: AdjustableQueue,
  { resetAfter }: GatewayApi.SessionStartLimit
): Effect.Effect<never> => {
  const pause = Duration.toMillis(resetAfter) === 0 ? Duration.days(1) : Duration.max(resetAfter, Duration.seconds(1))
  const ask = api.gatewayBot.pipe(
    Effect.tapError((error) =>
      Effect.logError(`the identify budget could not be refreshed, what is known of it still counts: ${error.message}`)
    ),
    Effect.retry({ schedule: Schedule.spaced(refreshRetry) }),
    Effect.orDie
  )
  return Effect.sleep(pause).pipe(
    Effect.zipRight(ask),
    Effect.flatMap(({ sessionStartLimit: limit }) =>
      Effect.zipRight(
        queue.update({ maxConcurrency: limit.maxConcurrency, budget: toldBy(limit) }),
        refreshing(api, queue, limit)
      )
    )
  )
}

/**
 * A queue with the limits that Discord gives the bot, asked for now and again whenever a window of the budget is over.
 * Fails if Discord does not answer: what a bot may do is never guessed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFromApi = (
  options: FromApiOptions = {}
): Effect.Effect<AdjustableQueue, GatewayApi.GatewayApiError, GatewayApi.GatewayApi | Scope.Scope> =>
  Effect.gen(function*() {
    const api = yield* GatewayApi.GatewayApi
    const { sessionStartLimit: limit } = yield* api.gatewayBot
    const queue = yield* makeAdjustable({
      ...options,
      maxConcurrency: limit.maxConcurrency,
      budget: { ...toldBy(limit), reserve: options.reserve }
    }, "options")
    yield* Effect.forkScoped(refreshing(api, queue, limit))
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
): Layer.Layer<IdentifyQueue, GatewayApi.GatewayApiError, GatewayApi.GatewayApi> =>
  Layer.scoped(IdentifyQueue, makeFromApi(options))

/**
 * A queue that is shared over HTTP, such as `vesper queue serve` or twilight-http-queue, by its URL. It is asked again
 * for as long as it is away; the log says so. An identify that fails after the turn was given costs that turn and one
 * of the day's identifies: plain HTTP has no way to give it back.
 *
 * Some HTTP clients give up on an answer that takes minutes, as Node's fetch does after five; then the shard asks
 * anew, behind those that wait. `NodeHttpClient.layer` of @effect/platform-node waits for as long as it takes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttp = (url: string): Effect.Effect<IdentifyQueue, never, HttpClient.HttpClient> =>
  Effect.map(
    HttpClient.HttpClient,
    (client) => make((shard) => (identify) => Effect.zipRight(HttpQueue.awaitTurn(client, url, shard.id), identify))
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
export const layerHttp = (url: string): Layer.Layer<IdentifyQueue, never, HttpClient.HttpClient> =>
  Layer.effect(IdentifyQueue, makeHttp(url))

/**
 * No limit: for tests, and for a proxy that keeps the limit itself.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerUnlimited: Layer.Layer<IdentifyQueue> = Layer.succeed(
  IdentifyQueue,
  make(() => (identify) => identify)
)
