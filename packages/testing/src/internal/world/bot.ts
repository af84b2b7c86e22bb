/** The bot of a simulated gateway: its user, its application and its membership in every guild. */
import * as Intents from "@vesper/model/Intents"
import type * as Permissions from "@vesper/model/Permissions"
import type * as World from "../../World.js"
import type { Member } from "./guilds.js"

/** The id of the bot's user, and of its application. HTTP clients recognize ids by their 17 to 19 digits. */
export const id = "1000000000000000001"

// Flags are enums without a member for "none".
const noFlags: number = 0

/** The bot as others see it. */
export const user: Member["user"] = {
  id,
  username: "vesper",
  discriminator: "0",
  global_name: null,
  avatar: null,
  bot: true,
  public_flags: noFlags
}

/** The bot as it sees itself: the body of GET /users/@me and of READY's `user`. */
export const currentUser = {
  ...user,
  system: false,
  mfa_enabled: true,
  banner: null,
  accent_color: null,
  locale: "en-US",
  verified: true,
  email: null,
  flags: 0,
  premium_type: 0,
  avatar_decoration_data: null,
  collectibles: null,
  primary_guild: null,
  clan: null,
  bio: ""
} as const

/** Flags of an unverified application, by the privileged intents that are switched on. */
const intentFlags: ReadonlyArray<readonly [Intents.Name, flag: number]> = [
  ["GuildPresences", 1 << 13],
  ["GuildMembers", 1 << 15],
  ["MessageContent", 1 << 19]
]

/** The flags of the bot's application, from which clients read the privileged intents that they may request. */
export const applicationFlags = (allowed: Intents.Intents): number =>
  intentFlags.reduce((flags, [name, flag]) => Intents.has(allowed, name) ? flags | flag : flags, 0)

/** The body of GET /applications/@me and GET /oauth2/applications/@me. */
export const application = (allowed: Intents.Intents) => ({
  id,
  name: "vesper",
  icon: null,
  description: "The bot of a simulated gateway",
  summary: "",
  type: null,
  bot_public: false,
  bot_require_code_grant: false,
  rpc_origins: [],
  terms_of_service_url: null,
  privacy_policy_url: null,
  verify_key: "0".repeat(64),
  flags: applicationFlags(allowed),
  hook: true,
  tags: [],
  install_params: null,
  integration_types_config: { 0: {} },
  redirect_uris: [],
  interactions_endpoint_url: null,
  role_connections_verification_url: null,
  approximate_guild_count: 0,
  approximate_user_install_count: 0,
  cover_image: null,
  owner: { ...user, id: "2", username: "owner", bot: false },
  bot: user,
  team: null
})

/** The bot as a member of a guild. */
export const makeMember = (guild: World.Guild, roles: Member["roles"] = []): Member => ({
  user,
  nick: null,
  avatar: null,
  banner: null,
  roles,
  joined_at: guild.joined_at,
  premium_since: null,
  deaf: false,
  mute: false,
  flags: noFlags,
  pending: false,
  communication_disabled_until: null
})

/** The id of the role that Discord makes for the bot. */
const roleId = "1000000000000000002"

/** Adds the role that Discord makes for a bot that is invited with permissions, above all others. */
const withRole = (guild: World.Guild, permissions: Permissions.Permissions): World.Guild => ({
  ...guild,
  roles: [
    ...guild.roles,
    ...guild.roles.slice(0, 1).map((everyone) => ({
      ...everyone,
      id: roleId,
      name: user.username,
      permissions: String(permissions),
      position: guild.roles.length,
      managed: true,
      tags: { bot_id: id }
    }))
  ]
})

/** Adds the bot to the members of a guild. A guild that lists the bot is returned unchanged. */
export const join = (guild: World.Guild, permissions: Permissions.Permissions | undefined): World.Guild => {
  if (guild.members.some((member) => member.user.id === id)) {
    return guild
  }
  const joined = permissions === undefined ? guild : withRole(guild, permissions)
  const member = makeMember(guild, permissions === undefined ? [] : [roleId])
  return { ...joined, members: [...guild.members, member], member_count: guild.member_count + 1 }
}
