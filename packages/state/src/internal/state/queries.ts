/** Queries of a store. */
import type * as Permissions from "@vesper/model/Permissions"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as GuildState from "../../GuildState.js"
import type * as GuildStore from "../../GuildStore.js"
import * as PermissionRules from "../../PermissionRules.js"
import type { Kept } from "../changes/index.js"

type Read<A> = Effect.Effect<A, GuildStore.GuildStoreError>

/** A channel and the function that computes permissions in it. */
interface Place {
  readonly channel: GuildStore.Channel
  readonly compute: typeof PermissionRules.inChannel
}

export const make = (store: GuildStore.GuildStore, kept: Kept): Omit<GuildState.GuildState, "after"> => {
  const need = (...kinds: ReadonlyArray<GuildStore.Kind | "guilds">): Effect.Effect<void> => {
    const missing = kinds.filter((kind) => kind === "guilds" ? !kept.guilds : !kept.kinds.has(kind))
    return missing.length === 0 ? Effect.void : Effect.dieMessage(
      `the state does not keep ${missing.join(", ")}: add ${missing.map((kind) => `\`${kind}: true\``).join(", ")} ` +
        "to the options of GuildState"
    )
  }

  const get = <K extends GuildStore.Kind>(kind: K) => (guildId: string, id: string) =>
    Effect.zipRight(need(kind), store.get(kind, guildId, id))

  const list = <K extends GuildStore.Kind>(kind: K) => (guildId: string): Read<Array<GuildStore.Entities[K]>> =>
    Effect.map(Effect.zipRight(need(kind), store.list(kind, guildId)), (entities) => Array.from(entities.values()))

  const getGuild = (id: string): Read<Option.Option<GuildStore.Guild>> =>
    // A kept guild has all of its fields.
    Effect.zipRight(need("guilds"), store.guild(id)) as Read<Option.Option<GuildStore.Guild>>

  const findMember = (
    guildId: string,
    member: GuildState.MemberInput
  ): Read<Option.Option<PermissionRules.MemberRoles>> =>
    typeof member === "string" ? get("members")(guildId, member) : Effect.succeedSome(member)

  /** The rules of a guild; none without its roles. */
  const findRules = (id: string): Read<Option.Option<PermissionRules.GuildRoles>> =>
    Effect.gen(function*() {
      yield* need("guilds", "roles")
      const guild = yield* store.guild(id)
      const roles = yield* store.list("roles", id)
      return Option.flatMap(
        guild,
        ({ owner_id: ownerId }) =>
          ownerId === undefined || !roles.has(id) ? Option.none() : Option.some({ id, ownerId, roles })
      )
    })

  const findPlace = (guildId: string, id: string): Read<Option.Option<Place>> =>
    Effect.gen(function*() {
      yield* need("channels")
      const channel = yield* store.get("channels", guildId, id)
      if (Option.isSome(channel) || !kept.kinds.has("threads")) {
        return Option.map(channel, (channel) => ({ channel, compute: PermissionRules.inChannel }))
      }
      const thread = yield* store.get("threads", guildId, id)
      const parentId = Option.flatMapNullable(thread, ({ parent_id }) => parent_id)
      const parent = Option.isNone(parentId) ? Option.none() : yield* store.get("channels", guildId, parentId.value)
      return Option.map(parent, (channel) => ({ channel, compute: PermissionRules.inThread }))
    })

  const permissions: GuildState.GuildState["permissions"] = (guildId, input) =>
    Effect.gen(function*() {
      const rules = yield* findRules(guildId)
      const member = yield* findMember(guildId, input)
      const now = yield* Clock.currentTimeMillis
      return Option.zipWith(rules, member, (rules, member) => PermissionRules.inGuild(rules, member, now))
    })

  const permissionsIn = (
    guildId: string,
    channelId: string,
    input: GuildState.MemberInput
  ): Read<Option.Option<Permissions.Permissions>> =>
    Effect.gen(function*() {
      const rules = yield* findRules(guildId)
      const place = yield* findPlace(guildId, channelId)
      const member = yield* findMember(guildId, input)
      const now = yield* Clock.currentTimeMillis
      return Option.map(
        Option.all({ rules, place, member }),
        ({ member, place, rules }) => place.compute(rules, toRulesChannel(place.channel), member, now)
      )
    })

  return {
    guildIds: store.guildIds,
    guild: getGuild,
    channel: get("channels"),
    channels: list("channels"),
    thread: get("threads"),
    threads: list("threads"),
    role: get("roles"),
    roles: list("roles"),
    member: get("members"),
    members: list("members"),
    voiceState: get("voiceStates"),
    voiceStates: list("voiceStates"),
    size: (kind) => Effect.zipRight(need(kind), store.size(kind)),
    permissions,
    permissionsIn
  }
}

const toRulesChannel = (channel: GuildStore.Channel): PermissionRules.ChannelOverwrites => ({
  type: channel.type,
  permission_overwrites: "permission_overwrites" in channel ? channel.permission_overwrites : []
})
