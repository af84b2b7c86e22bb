/**
 * Stores the sessions of shards, so that the next process resumes them instead of identifying. A shard uses the store of its
 * context, if any: it loads the session at its start and saves it while it runs.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Session from "./Session.js"

/**
 * The key of a session. The total is part of it, because a shard of another total receives other guilds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Key {
  /** The bot's id from its token, or `bot` if the token does not contain it. Never the token. */
  readonly bot: string
  readonly shard: ShardId.ShardId
}

/**
 * Stores sessions. A shard runs the operations of a key one at a time, limited to five seconds each. A failing store is
 * reported in `Shard.diagnostics` and does not stop the shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionStore {
  readonly load: (key: Key) => Effect.Effect<Option.Option<Session.Session>, SessionStoreError>
  /** Replaces the stored session. A crash during the operation must leave either the old or the new one. */
  readonly save: (key: Key, session: Session.Session) => Effect.Effect<void, SessionStoreError>
  readonly remove: (key: Key) => Effect.Effect<void, SessionStoreError>
}

/**
 * An operation of the store failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionStoreError extends Data.TaggedError("SessionStoreError")<{
  readonly operation: "load" | "save" | "remove"
  readonly cause: unknown
}> {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    const then = this.operation === "load"
      ? "the shard identifies, as without a stored session"
      : "the shard continues; after a crash it may identify, or receive events again"
    return `the session store could not ${this.operation} a session (${why}); ${then}`
  }
}

/**
 * The store of shards. It is optional: without one, a session ends with its shard.
 *
 * @since 0.1.0
 * @category tags
 */
export const SessionStore = Context.GenericTag<SessionStore>("@vesper/gateway/SessionStore")

const makeName = ({ bot, shard }: Key): string => `vesper-session-${bot}-${shard.id}-of-${shard.total}`

/**
 * Makes a store in the memory of this process, for shards that are replaced and for tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<SessionStore> = Effect.sync(() => {
  const sessions = new Map<string, Session.Session>()
  return {
    load: (key) => Effect.sync(() => Option.fromNullable(sessions.get(makeName(key)))),
    save: (key, session) => Effect.sync(() => void sessions.set(makeName(key), session)),
    remove: (key) => Effect.sync(() => void sessions.delete(makeName(key)))
  }
})

/** The value of a key. The slot with the greater number is newer. */
const Slot = Schema.parseJson(Schema.Struct({ number: Schema.NonNegativeInt, session: Session.Session }))
type Slot = typeof Slot.Type

/**
 * Makes a store in the `KeyValueStore` of @effect/platform. Each session has two keys that are written alternately, so that a
 * crash during a write leaves the other one intact.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore: Effect.Effect<SessionStore, never, KeyValueStore.KeyValueStore> = Effect.map(
  KeyValueStore.KeyValueStore,
  (store) => {
    // The number of the last written slot, by name.
    const numbers = new Map<string, number>()
    const makeKey = (name: string, number: number) => `${name}-${number % 2 === 0 ? "a" : "b"}`
    const failed = (operation: SessionStoreError["operation"]) => (cause: unknown) =>
      new SessionStoreError({ operation, cause })

    const readSlot = (key: string) => Effect.map(store.get(key), Option.map(Schema.decodeEither(Slot)))

    /** Reads the newer of the valid slots. Fails if all existing slots are invalid. */
    const read = (name: string): Effect.Effect<Option.Option<Slot>, unknown> =>
      Effect.flatMap(Effect.all([readSlot(makeKey(name, 0)), readSlot(makeKey(name, 1))]), (found) => {
        const slots = found.flatMap(Option.toArray)
        const [latest] = slots.flatMap((slot) => Either.isRight(slot) ? [slot.right] : [])
          .sort((a, b) => b.number - a.number)
        if (latest === undefined && slots.length > 0) {
          return Effect.fail(new Error("the stored session is damaged"))
        }
        numbers.set(name, latest?.number ?? 0)
        return Effect.succeed(Option.fromNullable(latest))
      })

    const lastNumber = (name: string): Effect.Effect<number> =>
      Effect.suspend(() => {
        const known = numbers.get(name)
        return known !== undefined ? Effect.succeed(known) : Effect.map(
          Effect.orElseSucceed(read(name), () => Option.none<Slot>()),
          Option.match({ onNone: () => 0, onSome: ({ number }) => number })
        )
      })

    return {
      load: (key) =>
        Effect.mapBoth(read(makeName(key)), {
          onFailure: failed("load"),
          onSuccess: Option.map(({ session }) => session)
        }),
      save: (key, session) =>
        Effect.gen(function*() {
          const name = makeName(key)
          const number = (yield* lastNumber(name)) + 1
          yield* store.set(makeKey(name, number), yield* Schema.encode(Slot)({ number, session }))
          // After the write: a failed one is repeated in the same slot, and the other remains valid.
          numbers.set(name, number)
        }).pipe(Effect.mapError(failed("save"))),
      remove: (key) =>
        Effect.forEach([0, 1], (number) => store.remove(makeKey(makeName(key), number)), { discard: true }).pipe(
          Effect.mapError(failed("remove"))
        )
    }
  }
)

/**
 * A store in the memory of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SessionStore> = Layer.effect(SessionStore, makeMemory)

/**
 * A store in any `KeyValueStore`, such as memory, files or a database. A shard must not run in two processes at a time.
 *
 * @example
 * ```ts
 * import { KeyValueStore } from "@effect/platform"
 * import { NodeContext } from "@effect/platform-node"
 * import { SessionStore } from "@vesper/gateway"
 * import { Layer } from "effect"
 *
 * // Files in a directory, on Node.
 * export const layer = SessionStore.layerKeyValueStore.pipe(
 *   Layer.provide(KeyValueStore.layerFileSystem("./sessions")),
 *   Layer.provide(NodeContext.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore: Layer.Layer<SessionStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  SessionStore,
  makeKeyValueStore
)
