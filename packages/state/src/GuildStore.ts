/**
 * The storage of `GuildState`: entities of guilds by kind, changed by the events of the gateway. `layerMemory` keeps them in the process,
 * and `@vesper/state/SqlGuildStore` in a database.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Memory from "./internal/memory/memoryStore.js"

type Available = Extract<Dispatch.DataOf<"GUILD_CREATE">, { readonly members: unknown }>

/**
 * A guild without its lists, which are kinds of their own or are not kept.
 *
 * @since 0.1.0
 * @category models
 */
export type Guild = Omit<Dispatch.DataOf<"GUILD_UPDATE">, "emojis" | "roles" | "stickers"> & {
  /** True during an outage of the guild. */
  readonly unavailable?: boolean
}

/**
 * A channel of a guild that is not a thread.
 *
 * @since 0.1.0
 * @category models
 */
export type Channel = Available["channels"][number] & { readonly guild_id: string }

/**
 * An active thread.
 *
 * @since 0.1.0
 * @category models
 */
export type Thread = Dispatch.DataOf<"THREAD_UPDATE">

/**
 * A role of a guild.
 *
 * @since 0.1.0
 * @category models
 */
export type Role = Dispatch.DataOf<"GUILD_ROLE_CREATE">["role"]

/**
 * A member of a guild.
 *
 * @since 0.1.0
 * @category models
 */
export type Member = Omit<Available["members"][number], "deaf" | "flags" | "joined_at" | "mute"> & {
  readonly joined_at: string | null
  /** This and the next two are unknown if only an update of the member was received, and it lacked them. */
  readonly deaf?: boolean
  readonly mute?: boolean
  readonly flags?: Available["members"][number]["flags"]
}

/**
 * The connection of a member to a voice channel.
 *
 * @since 0.1.0
 * @category models
 */
export type VoiceState = Omit<Dispatch.DataOf<"VOICE_STATE_UPDATE">, "channel_id" | "guild_id" | "member"> & {
  readonly guild_id: string
  readonly channel_id: string
}

/**
 * The lists of a guild, by kind.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entities {
  readonly channels: Channel
  readonly threads: Thread
  readonly roles: Role
  /** By the id of the user. */
  readonly members: Member
  /** By the id of the user. */
  readonly voiceStates: VoiceState
}

/**
 * The name of a list.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = keyof Entities

/**
 * The names of all lists.
 *
 * @since 0.1.0
 * @category constants
 */
export const kinds: ReadonlyArray<Kind> = ["channels", "threads", "roles", "members", "voiceStates"]

/**
 * Entities by id. Those of one kind in a `Change` have the type of this kind.
 *
 * @since 0.1.0
 * @category models
 */
export type Entries = ReadonlyMap<string, Entities[Kind]>

/**
 * A change of the state.
 *
 * - `SetGuild`: replaces the guild and all of its lists.
 * - `UpdateGuild`: merges fields into a guild.
 * - `RemoveGuild`: removes the guild and its lists.
 * - `RetainGuilds`: removes the guilds of a shard that are not listed.
 * - `Put`: sets entities, or merges their fields into the earlier ones. Roles are ignored while the guild has none, because its other
 *   roles are unknown.
 * - `Remove`: removes entities.
 * - `RemoveThreads`: removes the threads of the parent channels, all without parents.
 * - `RemoveRole`: removes a role, from the members too.
 *
 * All but `SetGuild` are ignored for a guild that the store does not have.
 *
 * @since 0.1.0
 * @category models
 */
export type Change = Data.TaggedEnum<{
  SetGuild: { readonly guild: Partial<Guild> & { readonly id: string }; readonly lists: ReadonlyMap<Kind, Entries> }
  UpdateGuild: { readonly guildId: string; readonly fields: Partial<Guild> }
  RemoveGuild: { readonly guildId: string }
  RetainGuilds: { readonly shard: ShardId.ShardId; readonly guildIds: ReadonlySet<string> }
  Put: { readonly guildId: string; readonly kind: Kind; readonly entries: Entries; readonly merges: boolean }
  Remove: { readonly guildId: string; readonly kind: Kind; readonly ids: ReadonlyArray<string> }
  RemoveThreads: { readonly guildId: string; readonly parents: Option.Option<ReadonlyArray<string>> }
  RemoveRole: { readonly guildId: string; readonly roleId: string }
}>

/**
 * Constructors of changes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Change = Data.taggedEnum<Change>()

/**
 * The largest numbers of entities of one kind: in all guilds, and in each.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListBound {
  readonly capacity: number
  readonly perGuild: number
}

/**
 * The largest numbers of entities. Above `guilds`, a guild is removed with all of its lists. Above `capacity` of channels or roles, all
 * of a guild are removed, so that a guild has all of its roles or none. Above `capacity` or `perGuild` of another kind, single entities
 * are removed. Those that were written least recently are removed first.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bounds {
  readonly guilds: number
  readonly lists: ReadonlyMap<Kind, ListBound>
}

/**
 * The store failed. The state misses changes until the guild is received again, with the next session.
 *
 * @since 0.1.0
 * @category errors
 */
export class GuildStoreError extends Data.TaggedError("GuildStoreError")<{
  readonly operation: "read" | "write"
  readonly cause: unknown
}> {
  override get message(): string {
    const cause = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the state of guilds could not be ${this.operation === "read" ? "read" : "written"}: ${cause}; ` +
      "check the database, and start a new session if changes are missing"
  }
}

/**
 * A store of guilds.
 *
 * @since 0.1.0
 * @category models
 */
export interface GuildStore {
  /** Applies changes in their order, all or none, and then removes entities above the bounds. */
  readonly write: (changes: ReadonlyArray<Change>, bounds: Bounds) => Effect.Effect<void, GuildStoreError>
  /** Does the same at once. A store without I/O has it: its state changes before the next event is read. */
  readonly unsafeWrite?: ((changes: ReadonlyArray<Change>, bounds: Bounds) => void) | undefined
  /** The ids of all guilds. */
  readonly guildIds: Effect.Effect<ReadonlyArray<string>, GuildStoreError>
  /** A guild; only its id is certain if guilds are not kept. */
  readonly guild: (id: string) => Effect.Effect<Option.Option<Partial<Guild>>, GuildStoreError>
  readonly get: <K extends Kind>(
    kind: K,
    guildId: string,
    id: string
  ) => Effect.Effect<Option.Option<Entities[K]>, GuildStoreError>
  /** The entities of a guild, in no particular order. */
  readonly list: <K extends Kind>(
    kind: K,
    guildId: string
  ) => Effect.Effect<ReadonlyMap<string, Entities[K]>, GuildStoreError>
  /** The number of entities of a kind in all guilds. */
  readonly size: (kind: Kind) => Effect.Effect<number, GuildStoreError>
}

/**
 * The tag of a store.
 *
 * @since 0.1.0
 * @category tags
 */
export const GuildStore = Context.GenericTag<GuildStore>("@vesper/state/GuildStore")

/**
 * Makes a store in memory. It is empty at the start of a process, also after a resume of a session: Discord sends the guilds of a new
 * session only.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<GuildStore> = Memory.make

/**
 * Provides a store in memory.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<GuildStore> = Layer.effect(GuildStore, makeMemory)
