/** Derives the changes of the state from an event. Pure functions. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Struct from "effect/Struct"
import * as GuildStore from "../../GuildStore.js"

/** The kinds that are kept. */
export interface Kept {
  readonly guilds: boolean
  readonly kinds: ReadonlySet<GuildStore.Kind>
}

type Changes = ReadonlyArray<GuildStore.Change>

const { Put, Remove, RemoveGuild, RemoveRole, RemoveThreads, RetainGuilds, SetGuild, UpdateGuild } = GuildStore.Change

const none: Changes = []

const byId = <A extends { readonly id: string }>(entities: ReadonlyArray<A>): ReadonlyMap<string, A> =>
  new Map(entities.map((entity) => [entity.id, entity]))

type GuildBody = Extract<Dispatch.DataOf<"GUILD_CREATE">, { readonly members: unknown }>

/** The fields of a guild that are not lists of it. */
const toGuild = (guild: GuildBody | Dispatch.DataOf<"GUILD_UPDATE">): GuildStore.Guild => {
  const { emojis: _emojis, roles: _roles, stickers: _stickers, ...own } = guild
  return Struct.omit(
    // GUILD_CREATE has further lists and counts, which GUILD_UPDATE does not.
    own as Omit<GuildBody, "emojis" | "roles" | "stickers">,
    "channels",
    "guild_scheduled_events",
    "joined_at",
    "large",
    "member_count",
    "members",
    "presences",
    "soundboard_sounds",
    "stage_instances",
    "threads",
    "unavailable",
    "voice_states"
  )
}

const toVoiceState = (
  guildId: string,
  state: GuildBody["voice_states"][number] | Dispatch.DataOf<"VOICE_STATE_UPDATE">
): Option.Option<GuildStore.VoiceState> => {
  // A voice state of GUILD_CREATE has no member.
  const { member: _, ...own } = state as Dispatch.DataOf<"VOICE_STATE_UPDATE">
  const { channel_id } = own
  return channel_id === null ? Option.none() : Option.some({ ...own, channel_id, guild_id: guildId })
}

const toVoiceStates = ({ id, voice_states }: GuildBody): ReadonlyMap<string, GuildStore.VoiceState> =>
  new Map(
    voice_states.flatMap((state) => Option.toArray(toVoiceState(id, state))).map((state) => [state.user_id, state])
  )

const toMembers = (members: ReadonlyArray<GuildStore.Member>) =>
  new Map(members.map((member) => [member.user.id, member]))

const toThread = (guildId: string, thread: GuildBody["threads"][number]): GuildStore.Thread =>
  // Both have the fields of a thread; that of GUILD_CREATE may lack its guild.
  ({ ...thread, guild_id: guildId }) as GuildStore.Thread

const toEntries = (kind: GuildStore.Kind, guild: GuildBody): GuildStore.Entries => {
  switch (kind) {
    case "channels":
      return byId(guild.channels.map((channel) => ({ ...channel, guild_id: guild.id })))
    case "threads":
      return byId(guild.threads.map((thread) => toThread(guild.id, thread)))
    case "roles":
      return byId(guild.roles)
    case "members":
      return toMembers(guild.members)
    case "voiceStates":
      return toVoiceStates(guild)
  }
}

const fromReady = ({ d }: Dispatch.Of<"READY">): Changes => {
  const [id, total] = d.shard ?? [0, 1]
  return Either.match(ShardId.make(id, total), {
    onLeft: () => none,
    onRight: (shard) => [RetainGuilds({ shard, guildIds: new Set(d.guilds.map((guild) => guild.id)) })]
  })
}

const fromGuildCreate = ({ d }: Dispatch.Of<"GUILD_CREATE">, kept: Kept): Changes =>
  // During an outage the body is that of an unavailable guild, without lists.
  d.unavailable === true
    ? [UpdateGuild({ guildId: d.id, fields: { unavailable: true } })]
    : [SetGuild({
      guild: kept.guilds ? toGuild(d) : { id: d.id },
      lists: new Map(Array.from(kept.kinds, (kind) => [kind, toEntries(kind, d)]))
    })]

const fromThreadList = ({ d }: Dispatch.Of<"THREAD_LIST_SYNC">): Changes => [
  RemoveThreads({ guildId: d.guild_id, parents: Option.fromNullable(d.channel_ids) }),
  put(d.guild_id, "threads", byId(d.threads.map((thread) => toThread(d.guild_id, thread as GuildStore.Thread))))
]

const put = (guildId: string, kind: GuildStore.Kind, entries: GuildStore.Entries, merges = false) =>
  Put({ guildId, kind, entries, merges })

const fromThread = ({ d }: Dispatch.Of<"THREAD_CREATE"> | Dispatch.Of<"THREAD_UPDATE">): Changes => {
  // Threads exist in guilds only. The thread member is that of the bot, and not a field of the thread.
  const { guild_id: guildId = "", member: _member, newly_created: _created, ...thread } = d as GuildStore.Thread & {
    readonly newly_created?: boolean
  }
  return thread.thread_metadata?.archived === true
    ? [Remove({ guildId, kind: "threads", ids: [thread.id] })]
    : [put(guildId, "threads", byId([toThread(guildId, thread as GuildStore.Thread)]))]
}

const fromMember = (event: Dispatch.Of<"GUILD_MEMBER_ADD"> | Dispatch.Of<"GUILD_MEMBER_UPDATE">): Changes => {
  const { guild_id, ...member } = event.d
  return [put(guild_id, "members", toMembers([member]), true)]
}

const fromVoiceState = ({ d }: Dispatch.Of<"VOICE_STATE_UPDATE">): Changes => {
  const guildId = d.guild_id
  return guildId === undefined ? none : Option.match(toVoiceState(guildId, d), {
    onNone: () => [Remove({ guildId, kind: "voiceStates", ids: [d.user_id] })],
    onSome: (state) => [put(guildId, "voiceStates", new Map([[d.user_id, state]]))]
  })
}

/** Returns the changes of an event; none for an event that does not concern the kept kinds. */
export const fromEvent = (event: Dispatch.Dispatch, kept: Kept): Changes => {
  const has = (kind: GuildStore.Kind, changes: () => Changes): Changes => kept.kinds.has(kind) ? changes() : none
  switch (event.t) {
    case "READY":
      return fromReady(event)
    case "GUILD_CREATE":
      return fromGuildCreate(event, kept)
    case "GUILD_UPDATE":
      return kept.guilds ? [UpdateGuild({ guildId: event.d.id, fields: toGuild(event.d) })] : none
    case "GUILD_DELETE":
      return [
        event.d.unavailable === true
          ? UpdateGuild({ guildId: event.d.id, fields: { unavailable: true } })
          : RemoveGuild({ guildId: event.d.id })
      ]
    case "CHANNEL_CREATE":
    case "CHANNEL_UPDATE":
      return has("channels", () => [put(event.d.guild_id, "channels", byId([event.d]))])
    case "CHANNEL_DELETE": {
      const { guild_id: guildId, id } = event.d
      return [
        ...has("channels", () => [Remove({ guildId, kind: "channels", ids: [id] })]),
        ...has("threads", () => [RemoveThreads({ guildId, parents: Option.some([id]) })])
      ]
    }
    case "THREAD_CREATE":
    case "THREAD_UPDATE":
      return has("threads", () => fromThread(event))
    case "THREAD_DELETE":
      return has("threads", () => [Remove({ guildId: event.d.guild_id ?? "", kind: "threads", ids: [event.d.id] })])
    case "THREAD_LIST_SYNC":
      return has("threads", () => fromThreadList(event))
    case "GUILD_ROLE_CREATE":
    case "GUILD_ROLE_UPDATE":
      return has("roles", () => [put(event.d.guild_id, "roles", byId([event.d.role]))])
    case "GUILD_ROLE_DELETE":
      return [RemoveRole({ guildId: event.d.guild_id, roleId: event.d.role_id })]
    case "GUILD_MEMBER_ADD":
    case "GUILD_MEMBER_UPDATE":
      return has("members", () => fromMember(event))
    case "GUILD_MEMBER_REMOVE":
      return has("members", () => [
        Remove({ guildId: event.d.guild_id, kind: "members", ids: [event.d.user.id] })
      ])
    case "GUILD_MEMBERS_CHUNK":
      return has("members", () => [put(event.d.guild_id, "members", toMembers(event.d.members), true)])
    case "VOICE_STATE_UPDATE":
      return has("voiceStates", () => fromVoiceState(event))
    default:
      return none
  }
}
