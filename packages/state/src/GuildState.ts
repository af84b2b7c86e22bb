/**
 * The guilds of a bot, from the events of the gateway: channels, threads, roles, members and voice states by choice, each with a bound,
 * and the permissions of members. Nothing is kept that is not chosen.
 *
 * A resumed session changes nothing, because Discord replays its events. A new session removes the guilds that READY does not list, and
 * GUILD_CREATE replaces the others. A guild in an outage is kept.
 *
 * @since 0.1.0
 */
import * as Events from "@vesper/gateway/Events"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as Permissions from "@vesper/model/Permissions"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as GuildStore from "./GuildStore.js"
import { selectEvents } from "./internal/changes/selectEvents.js"
import * as Applier from "./internal/state/applier.js"
import * as Queries from "./internal/state/queries.js"
import type * as PermissionRules from "./PermissionRules.js"

/**
 * The bound of a kind.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bound {
  /** The largest number in all guilds together. Default: the kind's, in the docstring of `Options`. */
  readonly capacity?: number | undefined
}

/**
 * The bound of a kind of which single entities are removed.
 *
 * @since 0.1.0
 * @category models
 */
export interface GuildBound extends Bound {
  /** The largest number in one guild. Default: no limit of its own. */
  readonly perGuild?: number | undefined
}

/**
 * The kinds to keep, `true` with their default bounds. Above a bound, entities that were written least recently are removed: whole
 * guilds, all channels or all roles of a guild, and single threads, members and voice states.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Guilds without their lists. The capacity bounds the guilds of the other kinds too. Default: none; capacity 10,000. */
  readonly guilds?: boolean | Bound | undefined
  /** Channels. Default: none; capacity 500,000. */
  readonly channels?: boolean | Bound | undefined
  /** Active threads. Default: none; capacity 100,000. */
  readonly threads?: boolean | GuildBound | undefined
  /** Roles. Default: none; capacity 500,000. */
  readonly roles?: boolean | Bound | undefined
  /**
   * Members that GUILD_CREATE, events of members and requests for members contain. Needs the privileged intent GuildMembers. Default:
   * none; capacity 100,000.
   */
  readonly members?: boolean | GuildBound | undefined
  /** Voice states. Needs the intent GuildVoiceStates. Default: none; capacity 100,000. */
  readonly voiceStates?: boolean | GuildBound | undefined
}

/**
 * A member by the id of its user, or the part of one that decides on permissions, such as the author of an event. By id it is looked up
 * among the kept members.
 *
 * @since 0.1.0
 * @category models
 */
export type MemberInput = string | PermissionRules.MemberRoles

/**
 * The state. Each query returns none for an entity that is not known, and is a defect if its kind is not kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface GuildState {
  /** The ids of the known guilds. */
  readonly guildIds: Effect.Effect<ReadonlyArray<string>, GuildStore.GuildStoreError>
  readonly guild: (id: string) => Effect.Effect<Option.Option<GuildStore.Guild>, GuildStore.GuildStoreError>
  readonly channel: (
    guildId: string,
    id: string
  ) => Effect.Effect<Option.Option<GuildStore.Channel>, GuildStore.GuildStoreError>
  /** The channels of a guild, without threads. */
  readonly channels: (guildId: string) => Effect.Effect<ReadonlyArray<GuildStore.Channel>, GuildStore.GuildStoreError>
  readonly thread: (
    guildId: string,
    id: string
  ) => Effect.Effect<Option.Option<GuildStore.Thread>, GuildStore.GuildStoreError>
  /** The active threads of a guild. */
  readonly threads: (guildId: string) => Effect.Effect<ReadonlyArray<GuildStore.Thread>, GuildStore.GuildStoreError>
  readonly role: (
    guildId: string,
    id: string
  ) => Effect.Effect<Option.Option<GuildStore.Role>, GuildStore.GuildStoreError>
  readonly roles: (guildId: string) => Effect.Effect<ReadonlyArray<GuildStore.Role>, GuildStore.GuildStoreError>
  readonly member: (
    guildId: string,
    userId: string
  ) => Effect.Effect<Option.Option<GuildStore.Member>, GuildStore.GuildStoreError>
  /** The kept members of a guild, which are not all: GUILD_CREATE omits most offline members of a large guild. */
  readonly members: (guildId: string) => Effect.Effect<ReadonlyArray<GuildStore.Member>, GuildStore.GuildStoreError>
  readonly voiceState: (
    guildId: string,
    userId: string
  ) => Effect.Effect<Option.Option<GuildStore.VoiceState>, GuildStore.GuildStoreError>
  readonly voiceStates: (
    guildId: string
  ) => Effect.Effect<ReadonlyArray<GuildStore.VoiceState>, GuildStore.GuildStoreError>
  /** The number of entities of a kind in all guilds. */
  readonly size: (kind: GuildStore.Kind) => Effect.Effect<number, GuildStore.GuildStoreError>

  /** Returns the permissions of a member in a guild, with its timeout. Needs guilds and roles, and members for an id. */
  readonly permissions: (
    guildId: string,
    member: MemberInput
  ) => Effect.Effect<Option.Option<Permissions.Permissions>, GuildStore.GuildStoreError>
  /**
   * Returns the permissions of a member in a channel or a thread, as `PermissionRules.inChannel` and `inThread` define them. None if
   * the channel, its guild, its roles or the member are not known. Needs guilds, roles and channels, threads for a thread, and members
   * for an id.
   */
  readonly permissionsIn: (
    guildId: string,
    channelId: string,
    member: MemberInput
  ) => Effect.Effect<Option.Option<Permissions.Permissions>, GuildStore.GuildStoreError>
  /**
   * Waits until an event that a handler received is applied, or has failed to be. An event that changes no kept kind is not waited
   * for.
   */
  readonly after: (event: Dispatch.Dispatch | Dispatch.Of<EventType.EventType>) => Effect.Effect<void>
}

/**
 * The tag of the state.
 *
 * @since 0.1.0
 * @category tags
 */
export const GuildState = Context.GenericTag<GuildState>("@vesper/state/GuildState")

/**
 * A state, and the handlers that apply events to it.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateWithHandlers {
  readonly state: GuildState
  readonly handlers: Events.Handlers<GuildStore.GuildStoreError>
}

const defaults: { readonly [K in keyof Options]-?: number } = {
  guilds: 10_000,
  channels: 500_000,
  threads: 100_000,
  roles: 500_000,
  members: 100_000,
  voiceStates: 100_000
}

const toBound = (kind: keyof Options, option: boolean | GuildBound | undefined) => {
  const { capacity = defaults[kind], perGuild = Number.POSITIVE_INFINITY } = typeof option === "object" ? option : {}
  return { capacity, perGuild }
}

const isValid = (bound: number): boolean =>
  bound === Number.POSITIVE_INFINITY || (Number.isInteger(bound) && bound >= 1)

const check = (options: Options): Effect.Effect<void, ConfigError.ConfigError> =>
  Effect.forEach(
    [...GuildStore.kinds, "guilds" as const],
    (kind) => {
      const bounds = Object.entries(toBound(kind, options[kind]))
      const wrong = bounds.find(([, bound]) => !isValid(bound))
      return wrong === undefined ? Effect.void : Effect.fail(
        ConfigError.InvalidData([kind, wrong[0]], `the bound has to be an integer of at least 1, not ${wrong[1]}`)
      )
    },
    { discard: true }
  )

const isKept = (options: Options, kind: keyof Options): boolean =>
  options[kind] !== undefined && options[kind] !== false

const handle = (
  events: ReadonlyArray<EventType.EventType>,
  apply: (event: Dispatch.Dispatch) => Effect.Effect<void, GuildStore.GuildStoreError>
): Events.Handlers<GuildStore.GuildStoreError> =>
  Events.merge(
    ...events.map((event) =>
      Events.on<EventType.EventType, GuildStore.GuildStoreError, never>(
        event,
        // An event of any name is a dispatch.
        (received) => apply(received as Dispatch.Dispatch)
      )
    )
  )

/**
 * Makes a state and its handlers, for `Events.run` and the like. Handlers that are merged after these receive each event once it is
 * applied.
 *
 * @example
 * ```ts
 * import { Events } from "@vesper/gateway"
 * import { GuildState, GuildStore } from "@vesper/state"
 * import { Effect } from "effect"
 *
 * export const bot = Effect.gen(function*() {
 *   const { handlers, state } = yield* GuildState.make({ roles: true })
 *   const log = Events.on("GUILD_ROLE_CREATE", (event) =>
 *     Effect.flatMap(state.roles(event.d.guild_id), (roles) => Effect.log(`${roles.length} roles`)))
 *   yield* Events.run(Events.merge(handlers, log))
 * }).pipe(Effect.provide(GuildStore.layerMemory))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<StateWithHandlers, ConfigError.ConfigError, GuildStore.GuildStore> =>
  Effect.gen(function*() {
    yield* check(options)
    const store = yield* GuildStore.GuildStore
    const kinds = GuildStore.kinds.filter((kind) => isKept(options, kind))
    const kept = { guilds: isKept(options, "guilds"), kinds: new Set(kinds) }
    const bounds: GuildStore.Bounds = {
      guilds: toBound("guilds", options.guilds).capacity,
      lists: new Map(kinds.map((kind) => [kind, toBound(kind, options[kind])]))
    }
    const events = kept.guilds || kinds.length > 0 ? selectEvents(kinds) : []
    const { after, apply } = Applier.make(store, kept, bounds, new Set(events))
    return { state: { ...Queries.make(store, kept), after }, handlers: handle(events, apply) }
  })

/**
 * Provides the state on a `GuildStore`, and registers its handlers with the bot: the intents and events of the kept kinds are added to
 * those of the bot. The privileged intent of members has to be granted, as for any handler.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStore = (
  options: Options
): Layer.Layer<GuildState, ConfigError.ConfigError, GuildStore.GuildStore | Events.Registry> =>
  Layer.unwrapEffect(
    Effect.map(make(options), ({ handlers, state }) =>
      Layer.merge(Layer.succeed(GuildState, state), Events.layer(handlers)))
  )

/**
 * Provides the state in memory, for features of an assembled bot. Provide it to the features that use it: they are built after it, so
 * that an event is applied before their handlers run. If more than 256 events of kept kinds arrive in one packet, the handlers of the
 * later ones may run before their event is applied: `after` waits for it.
 *
 * @example
 * ```ts
 * import { Events } from "@vesper/gateway"
 * import { Permissions } from "@vesper/model"
 * import { GuildState } from "@vesper/state"
 * import { Effect, Layer, Option } from "effect"
 *
 * const Moderation = Events.layer(
 *   Events.on("MESSAGE_CREATE", ({ d }) =>
 *     Effect.gen(function*() {
 *       if (d.guild_id === undefined || d.member === undefined) {
 *         return
 *       }
 *       const state = yield* GuildState.GuildState
 *       const author = { ...d.member, user: d.author }
 *       const permissions = yield* state.permissionsIn(d.guild_id, d.channel_id, author)
 *       if (Option.exists(permissions, Permissions.allows("ManageMessages"))) {
 *         yield* Effect.log("a moderator has written")
 *       }
 *     }))
 * )
 *
 * export const Bot = Moderation.pipe(
 *   Layer.provide(GuildState.layer({ guilds: true, roles: true, channels: true }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<GuildState, ConfigError.ConfigError, Events.Registry> =>
  Layer.provide(layerStore(options), GuildStore.layerMemory)
