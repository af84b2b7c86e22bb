/** Generates guilds with roles, channels, members, presences and voice states. */
import * as Snowflake from "@vesper/model/Snowflake"
import { Locale, PresenceUpdateStatus } from "discord-api-types/v10"
import type * as Utils from "effect/Utils"
import type { Guild } from "../../World.js"
import * as Words from "./words.js"

export type Member = Guild["members"][number]
export type Channel = Guild["channels"][number]

/** Picks an element; fails on an empty array. */
export const pick = <A>(random: Utils.PCGRandom, from: ReadonlyArray<A>): A => {
  const element = from[random.integer(from.length)]
  if (element === undefined) {
    throw new Error("cannot pick from an empty array")
  }
  return element
}

export const chance = (random: Utils.PCGRandom, probability: number): boolean => random.number() < probability

/** Generates unique snowflakes with a made-up time; the low bits are a counter. */
export interface Ids {
  readonly next: (at: number) => string
}

export const makeIds = (): Ids => {
  let count = 0n
  return {
    next: (at) => {
      count++
      const time = BigInt(Math.max(0, Math.floor(at) - Snowflake.epoch))
      // The counter carries into the time, so that any number of ids may share a millisecond.
      return String(((time + (count >> 22n)) << 22n) | (count & 0x3fffffn))
    }
  }
}

/** Flags are enums without a member for "none". */
export const noFlags: number = 0

// Creation times spread over six years, so that the ids of guilds spread over any number of shards.
const founding = 1_500_000_000_000
const foundingSpan = 200_000_000_000

const makeUser = (random: Utils.PCGRandom, ids: Ids, at: number): Member["user"] => {
  const name = `${pick(random, Words.firstNames)} ${pick(random, Words.things)}`
  return {
    id: ids.next(at),
    username: name.toLowerCase().replace(/\W/g, "_"),
    discriminator: "0",
    global_name: name,
    avatar: null,
    public_flags: noFlags,
    collectibles: null
  }
}

export const makeMember = (random: Utils.PCGRandom, ids: Ids, at: number, roles: ReadonlyArray<string>): Member => ({
  user: makeUser(random, ids, at),
  nick: chance(random, 0.2) ? pick(random, Words.things) : null,
  avatar: null,
  banner: null,
  roles: roles.filter(() => chance(random, 0.3)),
  joined_at: new Date(at).toISOString(),
  premium_since: null,
  deaf: false,
  mute: false,
  flags: noFlags,
  pending: false,
  communication_disabled_until: null
})

const makeRole = (random: Utils.PCGRandom, id: string, position: number): Guild["roles"][number] => ({
  id,
  name: position === 0 ? "@everyone" : pick(random, Words.things),
  color: position === 0 ? 0 : random.integer(0xffffff),
  colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
  hoist: false,
  icon: null,
  unicode_emoji: null,
  position,
  permissions: "2248473465835073",
  managed: false,
  mentionable: false,
  flags: noFlags
})

/** Makes a text or a voice channel. */
const makeChannel = (guildId: string, id: string, name: string, position: number, type: 0 | 2): Channel => ({
  id,
  type,
  guild_id: guildId,
  name,
  position,
  flags: noFlags,
  parent_id: null,
  permission_overwrites: [],
  nsfw: false,
  rate_limit_per_user: 0,
  last_message_id: null,
  ...(type === 0 ? { topic: null } : { bitrate: 64_000, user_limit: 0, rtc_region: null })
})

const makePresence = (random: Utils.PCGRandom, guildId: string, member: Member): Guild["presences"][number] => ({
  user: { id: member.user.id },
  guild_id: guildId,
  ...presenceState(random)
})

/** A random status with activities, without the user. */
export const presenceState = (random: Utils.PCGRandom) => {
  const { DoNotDisturb, Idle, Online } = PresenceUpdateStatus
  const status = pick(random, [Online, Idle, DoNotDisturb] as const)
  return {
    status,
    client_status: { desktop: status },
    activities: chance(random, 0.5)
      ? [{
        id: "custom",
        name: pick(random, Words.games),
        type: 0 as const,
        created_at: founding,
        details: `${pick(random, Words.words)} ${pick(random, Words.words)}`
      }]
      : []
  }
}

// Every eighth member is in a voice channel, from the second on. Derived without randomness.
const inVoice = 8

const makeVoiceState = (member: Member, [channel]: ReadonlyArray<Channel>): Guild["voice_states"][number] => ({
  channel_id: channel?.id ?? null,
  user_id: member.user.id,
  member,
  session_id: BigInt(member.user.id).toString(16).padStart(32, "0"),
  deaf: false,
  mute: false,
  self_deaf: false,
  self_mute: true,
  self_video: false,
  suppress: false,
  request_to_speak_timestamp: null
})

/** Generates one guild. */
export const makeGuild = (random: Utils.PCGRandom, ids: Ids, memberCount: number): Guild => {
  const founded = founding + Math.floor(random.number() * foundingSpan)
  const id = ids.next(founded)
  const roleIds = [id, ids.next(founded), ids.next(founded), ids.next(founded)]
  const members = Array.from({ length: memberCount }, () => makeMember(random, ids, founded, roleIds.slice(1)))
  const owner = members[0]?.user.id ?? id
  const channels = Words.channelNames.map((name, position) => makeChannel(id, ids.next(founded), name, position, 0))
  const voice = ["Lounge", "Stage left"].map((name, i) =>
    makeChannel(id, ids.next(founded), name, channels.length + i, 2)
  )
  return {
    ...guildBody(id, `The ${pick(random, Words.things)} club`, owner),
    roles: roleIds.map((role, position) => makeRole(random, role, position)),
    joined_at: new Date(founded).toISOString(),
    large: memberCount > 50,
    unavailable: false,
    member_count: memberCount,
    voice_states: members.filter((_, i) => i % inVoice === 1).map((member) => makeVoiceState(member, voice)),
    members,
    channels: [...channels, ...voice],
    threads: [],
    presences: members.filter(() => chance(random, 0.4)).map((member) => makePresence(random, id, member)),
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: []
  }
}

/** Fields with the same values in every generated guild. */
const guildBody = (id: string, name: string, owner: string) => ({
  id,
  name,
  icon: null,
  splash: null,
  discovery_splash: null,
  owner_id: owner,
  afk_channel_id: null,
  afk_timeout: 300 as const,
  verification_level: 1 as const,
  default_message_notifications: 1 as const,
  explicit_content_filter: 2 as const,
  emojis: [],
  features: [],
  mfa_level: 0 as const,
  application_id: null,
  system_channel_id: null,
  system_channel_flags: noFlags,
  rules_channel_id: null,
  max_presences: null,
  max_members: 500_000,
  vanity_url_code: null,
  description: null,
  banner: null,
  premium_tier: 0 as const,
  premium_subscription_count: 0,
  preferred_locale: Locale.EnglishUS,
  public_updates_channel_id: null,
  max_video_channel_users: 25,
  max_stage_video_channel_users: 50,
  nsfw_level: 0 as const,
  stickers: [],
  premium_progress_bar_enabled: false,
  hub_type: null,
  safety_alerts_channel_id: null,
  region: "deprecated",
  nsfw: false,
  lazy: true,
  embedded_activities: [],
  incidents_data: null
})
