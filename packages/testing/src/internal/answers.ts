/** What the gateway answers to a connection's commands, as far as the simulated world knows an answer. */
import * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Predicate from "effect/Predicate"
import type { Gateway, Session } from "./gateway.js"
import type { Guild } from "./objects.js"

export interface Answers {
  /** Answers a command of a client that is identified. */
  readonly answer: (session: Session, op: number, d: Readonly<Record<string, unknown>>) => void
  /** From now on the bot may not join a voice channel: Discord does not answer then. */
  readonly denyVoice: () => void
}

export const botId = "1"

const membersPerChunk = 1_000
const maxUserIds = 100
const allMembersSpacing = 30_000
const presenceWindow = 20_000
const presenceLimit = 5

const strings = (value: unknown): ReadonlyArray<string> =>
  (Array.isArray(value) ? value : [value]).filter(Predicate.isString)

const chunksOf = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from(
    // There is one at least: nobody found is an answer too.
    { length: Math.max(1, Math.ceil(all.length / membersPerChunk)) },
    (_, i) => all.slice(i * membersPerChunk, (i + 1) * membersPerChunk)
  )

/** The bot's own voice state, as Discord tells it to the bot. */
const voiceState = (
  guild: Guild,
  channelId: string | null,
  sessionId: string,
  d: Readonly<Record<string, unknown>>
): Dispatch.DataOf<"VOICE_STATE_UPDATE"> => ({
  guild_id: guild.id,
  channel_id: channelId,
  user_id: botId,
  session_id: sessionId,
  deaf: false,
  mute: false,
  self_deaf: d["self_deaf"] === true,
  self_mute: d["self_mute"] === true,
  self_video: false,
  suppress: false,
  request_to_speak_timestamp: null
})

export const make = (gateway: Gateway, violate: (rule: string, detail: string) => void): Answers => {
  let isVoiceDenied = false
  let presencesAt: Array<number> = []

  const guildOf = (session: Session, id: unknown): Guild | undefined =>
    gateway.guildsOf(session.shard).find((guild) => guild.id === id)

  const send = <T extends EventType.EventType>(session: Session, t: T, d: Dispatch.DataOf<T>) => {
    if (EventType.isAllowedBy(t, session.intents)) {
      gateway.enqueue(session, t, d)
    }
  }

  /** Which members were asked for, and which ids are nobody's. */
  const select = (guild: Guild, d: Readonly<Record<string, unknown>>) => {
    if (d["user_ids"] !== undefined) {
      const asked = strings(d["user_ids"])
      if (asked.length > maxUserIds) {
        violate("MemberRequest", `${asked.length} user ids in one request`)
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

  /** Whether all members of the guild were asked for less than 30 seconds ago; takes note otherwise. */
  const isTooSoon = (session: Session, guild: Guild, nonce: string | undefined): boolean => {
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

  const requestMembers = (session: Session, d: Readonly<Record<string, unknown>>) => {
    if ((d["query"] === undefined) === (d["user_ids"] === undefined)) {
      return violate("MemberRequest", "not exactly one of query and user_ids")
    }
    const isForAll = d["query"] === "" && d["limit"] === 0
    const missing = [
      // With any limit.
      ...(d["query"] === "" && !Intents.has(session.intents, "GuildMembers") ? ["GuildMembers"] : []),
      ...(d["presences"] === true && !Intents.has(session.intents, "GuildPresences") ? ["GuildPresences"] : [])
    ]
    if (missing.length > 0) {
      return violate("MemberRequest", `it needs the intents ${missing.join(", ")}, and is never answered`)
    }
    const guild = guildOf(session, d["guild_id"])
    const given = d["nonce"]
    // A longer nonce is ignored without a word.
    const nonce = typeof given === "string" && Buffer.byteLength(given) <= Command.maxNonceBytes ? given : undefined
    if (guild === undefined || (isForAll && isTooSoon(session, guild, nonce))) {
      return
    }
    const { members, notFound } = select(guild, d)
    const chunks = chunksOf(members)
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

  const updateVoiceState = (session: Session, d: Readonly<Record<string, unknown>>) => {
    const guild = guildOf(session, d["guild_id"])
    if (guild === undefined) {
      return
    }
    const { voice } = gateway.botState
    const before = voice.get(guild.id)
    if (d["channel_id"] === null) {
      if (before !== undefined) {
        voice.delete(guild.id)
        send(session, "VOICE_STATE_UPDATE", voiceState(guild, null, before.session, d))
      }
      return
    }
    const channel = guild.channels.find(({ id, type }) => id === d["channel_id"] && (type === 2 || type === 13))
    if (channel === undefined || isVoiceDenied) {
      return
    }
    const now = before ?? { channel: channel.id, session: `voice-session-${guild.id}` }
    voice.set(guild.id, { ...now, channel: channel.id })
    send(session, "VOICE_STATE_UPDATE", voiceState(guild, channel.id, now.session, d))
    // Muting and deafening need no other voice server.
    if (before?.channel !== channel.id) {
      send(session, "VOICE_SERVER_UPDATE", {
        token: `voice-token-${guild.id}`,
        guild_id: guild.id,
        endpoint: "voice.simulator.test:443"
      })
    }
  }

  const sendSounds = (session: Session, d: Readonly<Record<string, unknown>>) => {
    for (const id of strings(d["guild_ids"])) {
      const guild = guildOf(session, id)
      if (guild !== undefined) {
        send(session, "SOUNDBOARD_SOUNDS", { guild_id: guild.id, soundboard_sounds: guild.soundboard_sounds })
      }
    }
  }

  const sendChannelInfo = (session: Session, d: Readonly<Record<string, unknown>>) => {
    const guild = guildOf(session, d["guild_id"])
    if (guild !== undefined) {
      const fields = strings(d["fields"])
      send(session, "CHANNEL_INFO", {
        guild_id: guild.id,
        channels: guild.channels.filter(({ type }) => type === 2).map(({ id }) => ({
          id,
          ...(fields.includes("status") && { status: null })
        }))
      })
    }
  }

  const presence = () => {
    const now = gateway.now()
    presencesAt = presencesAt.filter((at) => at + presenceWindow > now)
    presencesAt.push(now)
    if (presencesAt.length > presenceLimit) {
      violate("PresenceRate", `more than ${presenceLimit} presence updates in 20 seconds`)
    }
  }

  return {
    answer: (session, op, d) => {
      switch (op) {
        case Opcode.PresenceUpdate:
          return presence()
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
