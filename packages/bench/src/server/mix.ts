/**
 * Synthetic events of the firehose, with the fields, sizes and proportions of a bot in busy guilds. They have 1.1 KB on
 * average, and 3 in 1,000 are GUILD_CREATEs of about 120 KB.
 */

/** The number of events of each type in 1,000. One in twenty has the type `wanted` below. */
const shares: ReadonlyArray<readonly [type: string, share: number]> = [
  ["PRESENCE_UPDATE", 560],
  ["MESSAGE_CREATE", 160],
  ["TYPING_START", 110],
  ["VOICE_STATE_UPDATE", 60],
  ["GUILD_MEMBER_UPDATE", 57],
  ["MESSAGE_REACTION_ADD", 50],
  ["GUILD_CREATE", 3]
]

/** The type of event for a bot that wants one event in twenty. */
export const wanted = "MESSAGE_REACTION_ADD"

/** A generator that returns the same numbers in each run (mulberry32). */
const makeRandom = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const words =
  ("the of and to in is you that it was for on are with as his they be at one have this from or had by hot but some " +
    "what there we can out other were all your when up use word how said an each she which do their time if will way " +
    "about many then them would write like so these her long make thing see him two has look more day could go come")
    .split(" ")
const emoji = ["😀", "🎉", "é", "ü", "日本", "❤️", "👍", "ñ"]

const makeWriter = (random: () => number) => {
  const below = (n: number) => Math.floor(random() * n)
  const pick = <A>(all: ReadonlyArray<A>, fallback: A): A => all[below(all.length)] ?? fallback
  const id = () => `${100_000_000_000 + below(900_000_000_000)}${100_000 + below(900_000)}`
  const hash = () => Array.from({ length: 4 }, () => below(0x1_0000_0000).toString(16).padStart(8, "0")).join("")
  const sentence = (count: number) =>
    Array.from({ length: count }, () => random() < 0.02 ? pick(emoji, "") : pick(words, "")).join(" ")
  const instant = () =>
    `2026-11-${String(1 + below(28)).padStart(2, "0")}T12:${10 + below(50)}:00.${below(1_000_000)}+00:00`
  const user = () => ({
    id: id(),
    username: `${pick(words, "a")}_${below(100_000)}`,
    global_name: random() < 0.3 ? null : sentence(2),
    avatar: hash(),
    discriminator: "0",
    public_flags: below(1 << 18),
    avatar_decoration_data: null,
    primary_guild: null,
    clan: null
  })
  const member = () => ({
    roles: Array.from({ length: 1 + below(6) }, id),
    premium_since: null,
    pending: false,
    nick: random() < 0.6 ? null : sentence(2),
    mute: false,
    joined_at: instant(),
    flags: 0,
    deaf: false,
    communication_disabled_until: null,
    banner: null,
    avatar: null
  })
  return { below, pick, id, hash, sentence, instant, user, member }
}

type Writer = ReturnType<typeof makeWriter>

const presence = ({ below, hash, id, pick, sentence }: Writer) => ({
  user: { id: id() },
  status: pick(["online", "idle", "dnd", "offline"], "online"),
  client_status: { desktop: "online", ...(below(2) === 0 && { mobile: "idle" }) },
  broadcast: null,
  activities: Array.from({ length: below(3) }, () => ({
    type: below(5),
    name: sentence(2),
    id: hash().slice(0, 16),
    created_at: 1_790_000_000_000 + below(1_000_000_000),
    ...(below(2) === 0 && {
      timestamps: { start: 1_790_000_000_000 + below(1_000_000_000) },
      state: sentence(4),
      details: sentence(5),
      assets: { large_text: sentence(3), large_image: `mp:external/${hash()}/https/i.example.test/${hash()}` },
      application_id: id(),
      session_id: hash()
    })
  }))
})

const message = (writer: Writer) => {
  const { below, id, instant, member, sentence, user } = writer
  return {
    id: id(),
    type: 0,
    tts: false,
    timestamp: instant(),
    edited_timestamp: null,
    pinned: false,
    nonce: id(),
    mentions: below(4) === 0 ? [{ ...user(), member: member() }] : [],
    mention_roles: [],
    mention_everyone: false,
    member: member(),
    flags: 0,
    embeds: below(6) === 0
      ? [{ type: "rich", title: sentence(5), description: sentence(60), color: below(1 << 24), fields: [] }]
      : [],
    content: sentence(4 + below(40)),
    components: [],
    channel_type: 0,
    channel_id: id(),
    author: user(),
    attachments: [],
    guild_id: id()
  }
}

const guild = (writer: Writer) => {
  const { below, hash, id, instant, member, sentence, user } = writer
  const list = <A>(length: number, make: () => A) => Array.from({ length }, make)
  return {
    id: id(),
    name: sentence(3),
    icon: hash(),
    owner_id: id(),
    joined_at: instant(),
    large: true,
    member_count: 100 + below(100_000),
    features: ["COMMUNITY", "NEWS", "INVITE_SPLASH", "ANIMATED_ICON"],
    roles: list(60, () => ({
      id: id(),
      name: sentence(2),
      position: below(60),
      permissions: String(below(1 << 30)),
      colors: { primary_color: below(1 << 24), secondary_color: null, tertiary_color: null },
      color: below(1 << 24),
      hoist: false,
      managed: false,
      mentionable: true,
      icon: null,
      unicode_emoji: null,
      flags: 0
    })),
    channels: list(80, () => ({
      id: id(),
      type: 0,
      name: sentence(2),
      topic: sentence(12),
      position: below(80),
      parent_id: id(),
      last_message_id: id(),
      nsfw: false,
      flags: 0,
      rate_limit_per_user: 0,
      permission_overwrites: list(3, () => ({ id: id(), type: 0, allow: String(below(1 << 30)), deny: "0" }))
    })),
    members: list(100, () => ({ ...member(), user: user() })),
    presences: list(50, () => presence(writer)),
    emojis: list(
      50,
      () => ({
        id: id(),
        name: sentence(1),
        roles: [],
        require_colons: true,
        managed: false,
        animated: false,
        available: true
      })
    ),
    voice_states: [],
    threads: [],
    stickers: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: []
  }
}

const body = (type: string, writer: Writer): unknown => {
  const { hash, id, instant, member, user } = writer
  switch (type) {
    case "PRESENCE_UPDATE":
      return { ...presence(writer), guild_id: id() }
    case "MESSAGE_CREATE":
      return message(writer)
    case "TYPING_START":
      return {
        user_id: id(),
        timestamp: 1_790_000_000,
        member: { ...member(), user: user() },
        channel_id: id(),
        guild_id: id()
      }
    case "VOICE_STATE_UPDATE":
      return {
        member: { ...member(), user: user() },
        user_id: id(),
        suppress: false,
        session_id: hash(),
        self_video: false,
        self_mute: true,
        self_deaf: false,
        request_to_speak_timestamp: null,
        mute: false,
        guild_id: id(),
        deaf: false,
        channel_id: id()
      }
    case "GUILD_MEMBER_UPDATE":
      return { ...member(), user: user(), unusual_dm_activity_until: null, guild_id: id() }
    case "MESSAGE_REACTION_ADD":
      return {
        user_id: id(),
        type: 0,
        message_id: id(),
        message_author_id: id(),
        member: { ...member(), user: user() },
        emoji: { name: "👍", id: null },
        channel_id: id(),
        burst: false,
        guild_id: id(),
        joined_at: instant()
      }
    default:
      return guild(writer)
  }
}

/** Number of events after which bodies repeat. It exceeds the window of each compression. */
const distinct = 4_000

/** The text of each event. The first one has sequence 2, because READY has 1. */
export const texts = (count: number): ReadonlyArray<string> => {
  const random = makeRandom(42)
  const writer = makeWriter(random)
  const types = shares.flatMap(([type, share]) => Array.from({ length: share }, () => type))
  // Shuffled in blocks of 1,000, each of which has exactly the shares.
  for (let i = types.length - 1; i > 0; i--) {
    const j = writer.below(i + 1)
    const [a = "", b = ""] = [types[i], types[j]]
    types[i] = b
    types[j] = a
  }
  const pool = Array.from({ length: Math.min(count, distinct) }, (_, i) => {
    const type = types[i % types.length] ?? ""
    return { type, d: JSON.stringify(body(type, writer)) }
  })
  return Array.from({ length: count }, (_, i) => {
    const { d, type } = pool[i % pool.length] ?? { type: "", d: "null" }
    return `{"t":"${type}","s":${i + 2},"op":0,"d":${d}}`
  })
}

/** Counts the events for a bot that requests only one type. */
export const countWanted = (all: ReadonlyArray<string>): number =>
  all.filter((text) => text.startsWith(`{"t":"${wanted}"`)).length
