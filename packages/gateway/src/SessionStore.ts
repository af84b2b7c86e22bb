/**
 * Keeps the sessions of shards over the end of the process, so that the next one resumes instead of identifying. A
 * shard uses the store of its context, if there is one: it loads at its start and saves as its session moves on.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Session from "./Session.js"

/**
 * Whose session it is. One that was made for another number of shards receives other guilds, and is another one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Key {
  /** The bot's id as its token tells it, or `bot` if it does not. Never the token. */
  readonly bot: string
  readonly shard: ShardId.ShardId
}

/**
 * What a shard asks of a store. The operations of one key come one after the other, with at most five seconds each.
 * A store that fails is reported in `Shard.diagnostics`, and does not stop the shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionStore {
  readonly load: (key: Key) => Effect.Effect<Option.Option<Session.Session>, SessionStoreError>
  /** Replaces what was saved before. A crash in the middle must leave either the old or the new one. */
  readonly save: (key: Key, session: Session.Session) => Effect.Effect<void, SessionStoreError>
  readonly remove: (key: Key) => Effect.Effect<void, SessionStoreError>
}

/**
 * The store did not do what it was asked to.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionStoreError
  extends Schema.TaggedError<SessionStoreError>("@vesper/gateway/SessionStoreError")("SessionStoreError", {
    operation: Schema.Literal("load", "save", "remove"),
    cause: Schema.Defect
  })
{
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    const then = this.operation === "load"
      ? "the shard identifies, as if nothing had been saved"
      : "the shard goes on; after a crash it may have to identify, or get again what it had"
    return `the session store could not ${this.operation} a session (${why}); ${then}`
  }
}

/**
 * Optional: a shard without a store keeps its session for as long as it lives.
 *
 * @since 0.1.0
 * @category tags
 */
export const SessionStore = Context.GenericTag<SessionStore>("@vesper/gateway/SessionStore")

const nameOf = ({ bot, shard }: Key): string => `vesper-session-${bot}-${shard.id}-of-${shard.total}`

/**
 * Keeps sessions in this process: for shards that are made anew, and for tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<SessionStore> = Effect.sync(() => {
  const sessions = new Map<string, Session.Session>()
  return {
    load: (key) => Effect.sync(() => Option.fromNullable(sessions.get(nameOf(key)))),
    save: (key, session) => Effect.sync(() => void sessions.set(nameOf(key), session)),
    remove: (key) => Effect.sync(() => void sessions.delete(nameOf(key)))
  }
})

/** What lies under a key. The greater number is the later one. */
const Slot = Schema.parseJson(Schema.Struct({ number: Schema.NonNegativeInt, session: Session.Session }))
type Slot = typeof Slot.Type

/**
 * Keeps sessions in the `KeyValueStore` of @effect/platform, each under two keys in turn: a process that is killed while
 * it writes one of them leaves the other as it was.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore: Effect.Effect<SessionStore, never, KeyValueStore.KeyValueStore> = Effect.map(
  KeyValueStore.KeyValueStore,
  (store) => {
    // The number of the last slot that was written, by name.
    const numbers = new Map<string, number>()
    const keyOf = (name: string, number: number) => `${name}-${number % 2 === 0 ? "a" : "b"}`
    const failed = (operation: SessionStoreError["operation"]) => (cause: unknown) =>
      new SessionStoreError({ operation, cause })

    const readSlot = (key: string) => Effect.map(store.get(key), Option.map(Schema.decodeEither(Slot)))

    /** The later of the slots that are whole; an error if there are some, and none is. */
    const read = (name: string): Effect.Effect<Option.Option<Slot>, unknown> =>
      Effect.flatMap(Effect.all([readSlot(keyOf(name, 0)), readSlot(keyOf(name, 1))]), (found) => {
        const slots = found.flatMap(Option.toArray)
        const [latest] = slots.flatMap((slot) => Either.isRight(slot) ? [slot.right] : [])
          .sort((a, b) => b.number - a.number)
        if (latest === undefined && slots.length > 0) {
          return Effect.fail(new Error("what was saved is damaged"))
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
        Effect.mapBoth(read(nameOf(key)), {
          onFailure: failed("load"),
          onSuccess: Option.map(({ session }) => session)
        }),
      save: (key, session) =>
        Effect.gen(function*() {
          const name = nameOf(key)
          const number = (yield* lastNumber(name)) + 1
          yield* store.set(keyOf(name, number), yield* Schema.encode(Slot)({ number, session }))
          // Not before it is written: what fails is tried again in the same place, and the other stays whole.
          numbers.set(name, number)
        }).pipe(Effect.mapError(failed("save"))),
      remove: (key) =>
        Effect.forEach([0, 1], (number) => store.remove(keyOf(nameOf(key), number)), { discard: true }).pipe(
          Effect.mapError(failed("remove"))
        )
    }
  }
)

/**
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SessionStore> = Layer.effect(SessionStore, makeMemory)

/**
 * Sessions in any `KeyValueStore`: in memory, in files, or in what an application brings. One shard must not run in two
 * processes at a time.
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
