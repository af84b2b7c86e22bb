/**
 * Stores the IDENTIFYs of a bot across restarts, so that a process that restarts in a loop respects the daily budget and the
 * interval of each bucket.
 *
 * @since 0.1.0
 */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Persistence from "./internal/identify/persistence.js"

/**
 * The state of a queue, which contains no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** The IDENTIFYs of the last interval, with their times in milliseconds since 1970. */
  readonly recent: ReadonlyArray<{ readonly shard: number; readonly at: number }>
  /** The budget of the day; undefined if the queue did not know it. */
  readonly account: {
    readonly total: number
    readonly remaining: number
    /** The end of the window in milliseconds since 1970; undefined before the first IDENTIFY of a window. */
    readonly resetsAt: number | undefined
  } | undefined
}

/**
 * Stores the state of one queue. If it fails, dies or hangs, the queue logs an error once and continues in memory.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdentifyStore {
  /**
   * The state of an earlier process. Its wall times are clamped, because the clock may have been changed: a time in the future
   * counts as now, and a window ends within 24 hours.
   */
  readonly initial: Option.Option<State>
  /** Saves the state, before and after each identify. Limited to five seconds. */
  readonly save: (state: State) => Effect.Effect<void, IdentifyStoreError>
}

/**
 * The store could not be read or written. An unreadable state is not replaced by an empty one, because the bot could exceed
 * its budget and lose its token.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdentifyStoreError extends Data.TaggedError("IdentifyStoreError")<{
  readonly operation: "load" | "save"
  readonly key: string
  readonly reason: string
}> {
  override get message(): string {
    return this.operation === "load"
      ? `the IDENTIFYs of earlier processes could not be read from "${this.key}": ${this.reason}; repair the store, or remove the key once a day has passed since the last IDENTIFY`
      : `the IDENTIFYs could not be written to "${this.key}": ${this.reason}`
  }
}

/**
 * The store of queues. By default nothing is stored, and each process begins with a full budget.
 *
 * @since 0.1.0
 * @category tags
 */
export class CurrentIdentifyStore extends Context.Reference<CurrentIdentifyStore>()(
  "@vesper/gateway/IdentifyStore/CurrentIdentifyStore",
  { defaultValue: (): IdentifyStore => Persistence.noStore }
) {}

/**
 * Makes a store in a `KeyValueStore`, such as a folder or an SQL table, and reads its state. Fails if the state cannot be read
 * within five seconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore = (options: {
  /** The key of the bot, such as its application id. Each bot has its own budget. */
  readonly bot: string
}): Effect.Effect<IdentifyStore, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Effect.flatMap(
    Effect.promise(() => import("./internal/stores/identifies.js")),
    (KeyValue) => KeyValue.make(options.bot, (failure) => new IdentifyStoreError(failure))
  )

/**
 * Stores the state of queues in a `KeyValueStore`. `KeyValueStore.layerFileSystem` writes it to a folder.
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
  /** The key of the bot, such as its application id. Each bot has its own budget. */
  readonly bot: string
}): Layer.Layer<never, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Layer.effect(CurrentIdentifyStore, makeKeyValueStore(options))
