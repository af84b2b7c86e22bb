/**
 * Keeps what a bot has identified over restarts, so that a process that is started again and again spends neither the
 * budget of the day nor a bucket's turn a second time.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * What is kept: no secret is in it.
 *
 * @since 0.1.0
 * @category models
 */
export const State = Schema.Struct({
  /** Who identified within the last interval, and when; in milliseconds since 1970. */
  recent: Schema.Array(Schema.Struct({ shard: Schema.NonNegativeInt, at: Schema.Number })),
  /** What is left of the day's budget, if it is known. */
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
 * Only one queue may use a store at a time.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyStore {
  /** What an earlier process left. */
  readonly initial: Option.Option<State>
  /**
   * Called before each identify and after it. It must not fail: a store that cannot write says so in the log, and the
   * queue goes on with what it has in memory.
   */
  readonly save: (state: State) => Effect.Effect<void>
}

/**
 * What an earlier process left could not be read. It is not taken for nothing: that could cost the bot its token.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdentifyStoreError
  extends Schema.TaggedError<IdentifyStoreError>("@vesper/gateway/IdentifyStoreError")("IdentifyStoreError", {
    key: Schema.String,
    reason: Schema.String
  })
{
  override get message(): string {
    return `what was identified earlier could not be read from "${this.key}": ${this.reason}; repair the store, or remove the key once a day has passed since the last identify`
  }
}

/**
 * Where queues keep their state. Default: nowhere, each process starts afresh.
 *
 * @since 0.1.0
 * @category tags
 */
export class CurrentIdentifyStore extends Context.Reference<CurrentIdentifyStore>()(
  "@vesper/gateway/IdentifyStore/CurrentIdentifyStore",
  { defaultValue: (): IdentifyStore => ({ initial: Option.none(), save: () => Effect.void }) }
) {}

const Json = Schema.parseJson(State)
const decode = Schema.decode(Json)
const encode = Schema.encodeSync(Json)

/**
 * A store in a `KeyValueStore`, such as a folder or an SQL table, read now.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore = (options: {
  /** Which bot it is for, such as its application's id. Each bot has a budget of its own. */
  readonly bot: string
}): Effect.Effect<IdentifyStore, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Effect.gen(function*() {
    const store = yield* KeyValueStore.KeyValueStore
    const key = `vesper-identify-${options.bot}`
    const broken = (error: { readonly message: string }) => new IdentifyStoreError({ key, reason: error.message })
    const text = yield* Effect.mapError(store.get(key), broken)
    const initial = yield* Effect.mapError(Effect.transposeMapOption(text, (text) => decode(text)), broken)
    return {
      initial,
      save: (state) =>
        Effect.catchAll(store.set(key, encode(state)), (error) =>
          Effect.logError(`the identify budget could not be kept in "${key}": ${error.message}`))
    }
  })

/**
 * Lets the queues that are built with it keep their state. `KeyValueStore.layerFileSystem` keeps it in a folder.
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
  /** Which bot it is for, such as its application's id. Each bot has a budget of its own. */
  readonly bot: string
}): Layer.Layer<never, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Layer.effect(CurrentIdentifyStore, makeKeyValueStore(options))
