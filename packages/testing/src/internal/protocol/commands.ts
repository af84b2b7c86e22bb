/** Answers the commands of an identified client, as far as the world has the answers. */
import * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import type * as World from "../../World.js"
import type { Body } from "../payload/index.js"
import { Bot } from "../world/index.js"
import { snowflake, snowflakes } from "./clientMessage.js"
import type { Gateway, Session } from "./gateway.js"
import * as Visibility from "./visibility.js"

export interface Commands {
  readonly handle: (session: Session, op: number, d: Body) => void
  /** Denies the bot every voice channel from now on; Discord does not answer then. */
  readonly denyVoice: () => void
}

const membersPerChunk = 1_000
const maxUserIds = 100
const allMembersSpacing = 30_000
const presenceWindow = 20_000
const presenceLimit = 5

/** Splits members into chunks. Without any member there is one empty chunk. */
const splitChunks = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from(
    { length: Math.max(1, Math.ceil(all.length / membersPerChunk)) },
    (_, i) => all.slice(i * membersPerChunk, (i + 1) * membersPerChunk)
  )

const voiceSessionId = (guild: World.Guild) => `voice-session-${guild.id}`

type VoiceState = World.Guild["voice_states"][number]

const makeVoiceState = (guild: World.Guild, channelId: string | null, d: Body): VoiceState => ({
  channel_id: channelId,
  user_id: Bot.id,
  member: Bot.makeMember(guild),
  session_id: voiceSessionId(guild),
  deaf: false,
  mute: false,
  self_deaf: d["self_deaf"] === true,
  self_mute: d["self_mute"] === true,
  self_video: false,
  suppress: false,
  request_to_speak_timestamp: null
})

/** The commands of one connection. */
export const make = (gateway: Gateway, recordViolation: (rule: string, detail: string) => void): Commands => {
  let isVoiceDenied = false
  let presencesAt: Array<number> = []

  /**
   * Finds a guild of the shard. Discord does not answer a command for another one. A guild that an event named is known, but
   * has no state to answer from.
   */
  const findGuild = (session: Session, op: number, value: unknown): World.Guild | undefined => {
    const id = snowflake(value)
    const found = gateway.guildsOf(session.shard).find((guild) => guild.id === id)
    const { id: shard, total } = session.shard
    const isNamed = id !== undefined && gateway.world.isNamed(id) && ShardId.shardOf(id, total) === shard
    if (found === undefined && !isNamed) {
      recordViolation("UnknownGuild", `opcode ${op} names guild ${id}, which shard ${session.shard} is not in`)
    }
    return found
  }

  const send = <T extends EventType.EventType>(session: Session, t: T, d: Dispatch.DataOf<T>) => {
    if (Visibility.isVisible(session, t, d, undefined)) {
      gateway.enqueue(session, t, d)
    }
  }

  /** Selects the requested members, and the requested ids that are not members. */
  const select = (guild: World.Guild, d: Body) => {
    if (d["user_ids"] !== undefined) {
      const asked = snowflakes(d["user_ids"])
      if (asked.length > maxUserIds) {
        recordViolation("MemberRequest", `${asked.length} user ids in one request`)
      }
      const ids = new Set(asked.slice(0, maxUserIds))
      const members = guild.members.filter(({ user }) => ids.delete(user.id))
      return { members, notFound: Array.from(ids) }
    }
    const query = String(d["query"]).toLowerCase()
    const asked = Number(d["limit"])
    const limit = query === "" ? asked === 0 ? Infinity : asked : Math.min(asked === 0 ? maxUserIds : asked, maxUserIds)
    return {
      members: guild.members.filter(({ user }) => user.username.toLowerCase().startsWith(query)).slice(0, limit),
      notFound: undefined
    }
  }

  /** Limits requests for all members of a guild to one in 30 seconds; records the request if it is within the limit. */
  const isTooSoon = (session: Session, guild: World.Guild, nonce: string | undefined): boolean => {
    const last = gateway.botState.allMembersAt.get(guild.id)
    const wait = last === undefined ? 0 : last + allMembersSpacing - gateway.now()
    if (wait <= 0) {
      gateway.botState.allMembersAt.set(guild.id, gateway.now())
      return false
    }
    send(session, "RATE_LIMITED", {
      opcode: Opcode.RequestGuildMembers,
      retry_after: wait / 1_000,
      meta: { guild_id: guild.id, ...(nonce !== undefined && { nonce }) }
    })
    return true
  }

  const requestMembers = (session: Session, d: Body) => {
    if ((d["query"] === undefined) === (d["user_ids"] === undefined)) {
      return recordViolation("MemberRequest", "not exactly one of query and user_ids")
    }
    const isForAll = d["query"] === "" && d["limit"] === 0
    const missing = [
      // With any limit.
      ...(d["query"] === "" && !Intents.has(session.intents, "GuildMembers") ? ["GuildMembers"] : []),
      ...(d["presences"] === true && !Intents.has(session.intents, "GuildPresences") ? ["GuildPresences"] : [])
    ]
    if (missing.length > 0) {
      return recordViolation("MemberRequest", `it needs the intents ${missing.join(", ")}; Discord does not answer it`)
    }
    const guild = findGuild(session, Opcode.RequestGuildMembers, d["guild_id"])
    const requested = d["nonce"]
    // Discord ignores a longer nonce.
    const isNonce = typeof requested === "string" && Buffer.byteLength(requested) <= Command.maxNonceBytes
    const nonce = isNonce ? requested : undefined
    if (guild === undefined || (isForAll && isTooSoon(session, guild, nonce))) {
      return
    }
    const { members, notFound } = select(guild, d)
    const chunks = splitChunks(members)
    chunks.forEach((chunk, index) => {
      const ids = new Set(chunk.map(({ user }) => user.id))
      send(session, "GUILD_MEMBERS_CHUNK", {
        guild_id: guild.id,
        members: chunk.slice(),
        chunk_index: index,
        chunk_count: chunks.length,
        ...(notFound !== undefined && notFound.length > 0 && { not_found: notFound }),
        ...(d["presences"] === true && { presences: guild.presences.filter(({ user }) => ids.has(user.id)) }),
        ...(nonce !== undefined && { nonce })
      })
    })
  }

  const updateVoiceState = (session: Session, d: Body) => {
    const guild = findGuild(session, Opcode.VoiceStateUpdate, d["guild_id"])
    if (guild === undefined) {
      return
    }
    const before = guild.voice_states.find((state) => state.user_id === Bot.id)
    const change = (channelId: string | null) => {
      const state = { ...makeVoiceState(guild, channelId, d), guild_id: guild.id }
      gateway.world.apply({ t: "VOICE_STATE_UPDATE", d: state, guildId: guild.id })
      send(session, "VOICE_STATE_UPDATE", state)
    }
    if (d["channel_id"] === null) {
      return before === undefined ? undefined : change(null)
    }
    const id = snowflake(d["channel_id"])
    const channel = guild.channels.find((channel) => channel.id === id && (channel.type === 2 || channel.type === 13))
    if (channel === undefined || isVoiceDenied) {
      return
    }
    change(channel.id)
    // Muting and deafening do not change the voice server.
    if (before?.channel_id !== channel.id) {
      send(session, "VOICE_SERVER_UPDATE", {
        token: `voice-token-${guild.id}`,
        guild_id: guild.id,
        endpoint: "voice.simulator.test:443"
      })
    }
  }

  const sendSounds = (session: Session, d: Body) => {
    for (const id of snowflakes(d["guild_ids"])) {
      const guild = findGuild(session, Opcode.RequestSoundboardSounds, id)
      if (guild !== undefined) {
        send(session, "SOUNDBOARD_SOUNDS", { guild_id: guild.id, soundboard_sounds: guild.soundboard_sounds })
      }
    }
  }

  const sendChannelInfo = (session: Session, d: Body) => {
    const guild = findGuild(session, Opcode.RequestChannelInfo, d["guild_id"])
    if (guild !== undefined) {
      const fields = snowflakes(d["fields"])
      send(session, "CHANNEL_INFO", {
        guild_id: guild.id,
        channels: guild.channels.filter(({ type }) => type === 2).map(({ id }) => ({
          id,
          ...(fields.includes("status") && { status: null })
        }))
      })
    }
  }

  const updatePresence = () => {
    const now = gateway.now()
    presencesAt = presencesAt.filter((at) => at + presenceWindow > now)
    presencesAt.push(now)
    if (presencesAt.length > presenceLimit) {
      recordViolation("PresenceRate", `more than ${presenceLimit} presence updates in 20 seconds`)
    }
  }

  return {
    handle: (session, op, d) => {
      switch (op) {
        case Opcode.PresenceUpdate:
          return updatePresence()
        case Opcode.VoiceStateUpdate:
          return updateVoiceState(session, d)
        case Opcode.RequestGuildMembers:
          return requestMembers(session, d)
        case Opcode.RequestSoundboardSounds:
          return sendSounds(session, d)
        case Opcode.RequestChannelInfo:
          return sendChannelInfo(session, d)
      }
    },
    denyVoice: () => {
      isVoiceDenied = true
    }
  }
}
