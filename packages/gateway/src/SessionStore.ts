/**
 * Stores the sessions of shards, so that the next process resumes them instead of identifying. A shard uses the store of its
 * context, if any: it loads the session at its start and saves it while it runs.
 *
 * @since 0.1.0
 */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PeerText from "./internal/wire/peerText.js"
import type * as Session from "./Session.js"

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
    const then = this.operation === "load"
      ? "the shard identifies, as without a stored session"
      : "the shard continues; after a crash it may identify, or receive events again"
    return `the session store could not ${this.operation} a session (${PeerText.describe(this.cause)}); ${then}`
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

/**
 * Makes a store in the `KeyValueStore` of @effect/platform. Each session has two keys that are written alternately, so that a
 * crash during a write leaves the other one intact.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore: Effect.Effect<SessionStore, never, KeyValueStore.KeyValueStore> =
  // A bundler leaves out the import, and effect/Schema with it, if this is not used.
  /*#__PURE__*/ Effect.suspend(() =>
    Effect.flatMap(
      Effect.promise(() => import("./internal/stores/sessions.js")),
      (KeyValue) => KeyValue.make(makeName, (operation) => (cause) => new SessionStoreError({ operation, cause }))
    )
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
export const layerKeyValueStore: Layer.Layer<SessionStore, never, KeyValueStore.KeyValueStore> = /*#__PURE__*/ Layer
  .effect(
    SessionStore,
    makeKeyValueStore
  )
