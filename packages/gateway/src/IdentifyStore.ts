/**
 * Stores the identifies of a bot over restarts, so that a process that restarts in a loop spends one daily budget, and no
 * bucket's turn twice.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Guard from "./internal/foreign/guard.js"
import * as Persistence from "./internal/identify/persistence.js"

/**
 * The state of a queue. It contains no secret.
 *
 * @since 0.1.0
 * @category models
 */
export const State = Schema.Struct({
  /** The identifies of the last interval, with their time in milliseconds since 1970. */
  recent: Schema.Array(Schema.Struct({ shard: Schema.NonNegativeInt, at: Schema.Number })),
  /** The day's budget. Undefined in the stores of queues that knew none. */
  account: Schema.UndefinedOr(Schema.Struct({
    total: Schema.NonNegativeInt,
    remaining: Schema.Int,
    resetsAt: Schema.UndefinedOr(Schema.Number)
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type State = typeof State.Type

/**
 * Only one queue may use a store at a time. A store that fails, dies or hangs is reported in the log once, until it has
 * worked again; the queue continues with its state in memory.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyStore {
  /**
   * The state that an earlier process left. Its times are those of a wall clock, which may have been set since: a time in
   * the future counts as now, and the end of a window is at most a window away.
   */
  readonly initial: Option.Option<State>
  /** Called before each identify and after it, with at most five seconds. */
  readonly save: (state: State) => Effect.Effect<void, IdentifyStoreError>
}

/**
 * The store could not be read or written. An unreadable state is not taken for an empty one: that could cost the bot its
 * token.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdentifyStoreError
  extends Schema.TaggedError<IdentifyStoreError>("@vesper/gateway/IdentifyStoreError")("IdentifyStoreError", {
    operation: Schema.Literal("load", "save"),
    key: Schema.String,
    reason: Schema.String
  })
{
  override get message(): string {
    return this.operation === "load"
      ? `the identifies of earlier processes could not be read from "${this.key}": ${this.reason}; repair the store, or remove the key once a day has passed since the last identify`
      : `the identifies could not be written to "${this.key}": ${this.reason}`
  }
}

/**
 * The store of the queues that are built with it. Default: none, each process begins with a full budget.
 *
 * @since 0.1.0
 * @category tags
 */
export class CurrentIdentifyStore extends Context.Reference<CurrentIdentifyStore>()(
  "@vesper/gateway/IdentifyStore/CurrentIdentifyStore",
  { defaultValue: (): IdentifyStore => Persistence.noStore }
) {}

/** How long the store may take to read. */
const limit = Duration.seconds(5)

const Json = Schema.parseJson(State)
const decode = Schema.decode(Json)
const encode = Schema.encodeSync(Json)

const describe = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/**
 * Makes a store in a `KeyValueStore`, such as a folder or an SQL table, and reads it. Fails if it cannot be read within
 * five seconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore = (options: {
  /** The bot, such as its application's id. Each bot has a budget of its own. */
  readonly bot: string
}): Effect.Effect<IdentifyStore, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Effect.gen(function*() {
    const store = yield* KeyValueStore.KeyValueStore
    const key = `vesper-identify-${options.bot}`
    const failed = (operation: IdentifyStoreError["operation"]) => (cause: unknown) =>
      new IdentifyStoreError({ operation, key, reason: describe(cause) })
    const read = () => Effect.flatMap(store.get(key), Effect.transposeMapOption((text) => decode(text)))
    const initial = yield* Effect.mapError(
      Guard.runWithin(read, { limit, onDefect: (cause) => new Error(describe(cause)) }),
      failed("load")
    )
    return {
      initial,
      save: (state) => Effect.mapError(store.set(key, encode(state)), failed("save"))
    }
  })

/**
 * Stores the state of the queues that are built with it. `KeyValueStore.layerFileSystem` writes it to a folder.
 *
 * @example
 * ```ts
 * import { KeyValueStore } from "@effect/platform"
 * import { IdentifyQueue, IdentifyStore } from "@vesper/gateway"
 * import { Layer } from "effect"
 *
 * export const queue = IdentifyQueue.layerInMemory({ maxConcurrency: 1, budget: { total: 1_000 } }).pipe(
 *   Layer.provide(IdentifyStore.layerKeyValueStore({ bot: "1234" })),
 *   Layer.provide(KeyValueStore.layerMemory)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (options: {
  /** The bot, such as its application's id. Each bot has a budget of its own. */
  readonly bot: string
}): Layer.Layer<never, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Layer.effect(CurrentIdentifyStore, makeKeyValueStore(options))
