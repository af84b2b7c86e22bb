/** Every event's body, built when it is first asked for. */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type * as EventType from "../EventType.js"
import { PartialApplication } from "../objects/Application.js"
import { ApplicationCommandPermissions } from "../objects/ApplicationCommand.js"
import { AuditLogEntry } from "../objects/AuditLog.js"
import { AutoModerationAction, AutoModerationRule } from "../objects/AutoModeration.js"
import { Channel, ThreadMember } from "../objects/Channel.js"
import { Emoji, PartialEmoji } from "../objects/Emoji.js"
import { Entitlement } from "../objects/Entitlement.js"
import { Guild, UnavailableGuild } from "../objects/Guild.js"
import { GuildMember, PartialGuildMember } from "../objects/GuildMember.js"
import { Integration } from "../objects/Integration.js"
import { Interaction } from "../objects/Interaction.js"
import { Message } from "../objects/Message.js"
import { UserPresence } from "../objects/Presence.js"
import { Role } from "../objects/Role.js"
import { ScheduledEvent } from "../objects/ScheduledEvent.js"
import { SoundboardSound } from "../objects/SoundboardSound.js"
import { StageInstance } from "../objects/StageInstance.js"
import { Sticker } from "../objects/Sticker.js"
import { Subscription } from "../objects/Subscription.js"
import { AvatarDecorationData, Collectibles, User } from "../objects/User.js"
import { PartialVoiceState, VoiceState } from "../objects/VoiceState.js"
import { Enum, Flags, Float, Id, Integer, Timestamp } from "../objects/Wire.js"

const ofGuild = { guild_id: Id }

const ofUser = { guild_id: Id, user: User }

const ofRole = { guild_id: Id, role: Role }

const ofScheduledEventUser = { guild_scheduled_event_id: Id, user_id: Id, guild_id: Id }

const ofSounds = { soundboard_sounds: Schema.Array(SoundboardSound), guild_id: Id }

const ofPollVote = {
  user_id: Id,
  channel_id: Id,
  message_id: Id,
  guild_id: Schema.optional(Id),
  answer_id: Integer
}

const ofReactions = { channel_id: Id, message_id: Id, guild_id: Schema.optional(Id) }

const ofReaction = { user_id: Id, ...ofReactions, emoji: PartialEmoji, burst: Schema.Boolean, type: Enum }

const channel = () => Channel

const entitlement = () => Entitlement

const autoModerationRule = () => AutoModerationRule

const scheduledEvent = () => ScheduledEvent

const stageInstance = () => StageInstance

const subscription = () => Subscription

const soundboardSound = () => SoundboardSound

const integration = () => Schema.Struct({ ...Struct.omit(Integration.fields, "user"), ...ofGuild })

const message = () =>
  Schema.Struct({
    ...Message.fields,
    guild_id: Schema.optional(Id),
    member: Schema.optional(PartialGuildMember),
    mentions: Schema.Array(Schema.Struct({ ...User.fields, member: Schema.optional(PartialGuildMember) })),
    channel_type: Schema.optional(Enum)
  })

export const events = {
  APPLICATION_COMMAND_PERMISSIONS_UPDATE: () => ApplicationCommandPermissions,
  AUTO_MODERATION_ACTION_EXECUTION: () =>
    Schema.Struct({
      guild_id: Id,
      action: AutoModerationAction,
      rule_id: Id,
      rule_trigger_type: Enum,
      user_id: Id,
      channel_id: Schema.optional(Id),
      message_id: Schema.optional(Id),
      alert_system_message_id: Schema.optional(Id),
      content: Schema.String,
      matched_keyword: Schema.NullOr(Schema.String),
      matched_content: Schema.NullOr(Schema.String)
    }),
  AUTO_MODERATION_RULE_CREATE: autoModerationRule,
  AUTO_MODERATION_RULE_DELETE: autoModerationRule,
  AUTO_MODERATION_RULE_UPDATE: autoModerationRule,
  CHANNEL_CREATE: channel,
  CHANNEL_DELETE: channel,
  CHANNEL_INFO: () =>
    Schema.Struct({
      guild_id: Id,
      channels: Schema.Array(
        Schema.Struct({
          id: Id,
          status: Schema.optional(Schema.NullOr(Schema.String)),
          voice_start_time: Schema.optional(Schema.NullOr(Integer))
        }).annotations({ identifier: "ChannelInfoChannel" })
      )
    }),
  CHANNEL_PINS_UPDATE: () =>
    Schema.Struct({
      guild_id: Schema.optional(Id),
      channel_id: Id,
      last_pin_timestamp: Schema.optional(Schema.NullOr(Timestamp))
    }),
  CHANNEL_UPDATE: channel,
  ENTITLEMENT_CREATE: entitlement,
  ENTITLEMENT_DELETE: entitlement,
  ENTITLEMENT_UPDATE: entitlement,
  GUILD_AUDIT_LOG_ENTRY_CREATE: () => Schema.Struct({ ...AuditLogEntry.fields, ...ofGuild }),
  GUILD_BAN_ADD: () => Schema.Struct(ofUser),
  GUILD_BAN_REMOVE: () => Schema.Struct(ofUser),
  GUILD_CREATE: () =>
    Schema.Union(
      Schema.Struct({
        ...Guild.fields,
        joined_at: Timestamp,
        large: Schema.Boolean,
        unavailable: Schema.optional(Schema.Boolean),
        member_count: Integer,
        voice_states: Schema.Array(PartialVoiceState),
        members: Schema.Array(GuildMember),
        channels: Schema.Array(Channel),
        threads: Schema.Array(Channel),
        presences: Schema.Array(UserPresence),
        stage_instances: Schema.Array(StageInstance),
        guild_scheduled_events: Schema.Array(ScheduledEvent),
        soundboard_sounds: Schema.Array(SoundboardSound)
      }),
      // Discriminates it from an available guild.
      Schema.Struct({ ...UnavailableGuild.fields, unavailable: Schema.Literal(true) })
    ),
  GUILD_DELETE: () => Schema.Struct({ id: Id, unavailable: Schema.optional(Schema.Boolean) }),
  GUILD_EMOJIS_UPDATE: () => Schema.Struct({ guild_id: Id, emojis: Schema.Array(Emoji) }),
  GUILD_INTEGRATIONS_UPDATE: () => Schema.Struct(ofGuild),
  GUILD_MEMBERS_CHUNK: () =>
    Schema.Struct({
      guild_id: Id,
      members: Schema.Array(GuildMember),
      chunk_index: Integer,
      chunk_count: Integer,
      // The requested values, of any type.
      not_found: Schema.optional(Schema.Array(Schema.Unknown)),
      presences: Schema.optional(Schema.Array(UserPresence)),
      nonce: Schema.optional(Schema.String)
    }),
  GUILD_MEMBER_ADD: () => Schema.Struct({ ...GuildMember.fields, ...ofGuild }),
  GUILD_MEMBER_REMOVE: () => Schema.Struct(ofUser),
  GUILD_MEMBER_UPDATE: () =>
    Schema.Struct({
      guild_id: Id,
      roles: Schema.Array(Id),
      user: User,
      nick: Schema.optional(Schema.NullOr(Schema.String)),
      avatar: Schema.NullOr(Schema.String),
      banner: Schema.NullOr(Schema.String),
      joined_at: Schema.NullOr(Timestamp),
      premium_since: Schema.optional(Schema.NullOr(Timestamp)),
      deaf: Schema.optional(Schema.Boolean),
      mute: Schema.optional(Schema.Boolean),
      pending: Schema.optional(Schema.Boolean),
      communication_disabled_until: Schema.optional(Schema.NullOr(Timestamp)),
      avatar_decoration_data: Schema.optional(Schema.NullOr(AvatarDecorationData)),
      collectibles: Schema.optional(Schema.NullOr(Collectibles))
    }),
  GUILD_ROLE_CREATE: () => Schema.Struct(ofRole),
  GUILD_ROLE_DELETE: () => Schema.Struct({ guild_id: Id, role_id: Id }),
  GUILD_ROLE_UPDATE: () => Schema.Struct(ofRole),
  GUILD_SCHEDULED_EVENT_CREATE: scheduledEvent,
  GUILD_SCHEDULED_EVENT_DELETE: scheduledEvent,
  GUILD_SCHEDULED_EVENT_UPDATE: scheduledEvent,
  GUILD_SCHEDULED_EVENT_USER_ADD: () => Schema.Struct(ofScheduledEventUser),
  GUILD_SCHEDULED_EVENT_USER_REMOVE: () => Schema.Struct(ofScheduledEventUser),
  GUILD_SOUNDBOARD_SOUNDS_UPDATE: () => Schema.Struct(ofSounds),
  GUILD_SOUNDBOARD_SOUND_CREATE: soundboardSound,
  GUILD_SOUNDBOARD_SOUND_DELETE: () => Schema.Struct({ sound_id: Id, guild_id: Id }),
  GUILD_SOUNDBOARD_SOUND_UPDATE: soundboardSound,
  GUILD_STICKERS_UPDATE: () => Schema.Struct({ guild_id: Id, stickers: Schema.Array(Sticker) }),
  GUILD_UPDATE: () => Guild,
  INTEGRATION_CREATE: integration,
  INTEGRATION_DELETE: () => Schema.Struct({ id: Id, guild_id: Id, application_id: Schema.optional(Id) }),
  INTEGRATION_UPDATE: integration,
  INTERACTION_CREATE: () => Interaction,
  INVITE_CREATE: () =>
    Schema.Struct({
      channel_id: Id,
      code: Schema.String,
      created_at: Timestamp,
      guild_id: Schema.optional(Id),
      inviter: Schema.optional(User),
      max_age: Integer,
      max_uses: Integer,
      target_type: Schema.optional(Enum),
      target_user: Schema.optional(User),
      target_application: Schema.optional(PartialApplication),
      temporary: Schema.Boolean,
      uses: Integer,
      expires_at: Schema.NullOr(Timestamp),
      role_ids: Schema.optional(Schema.Array(Id))
    }),
  INVITE_DELETE: () => Schema.Struct({ channel_id: Id, guild_id: Schema.optional(Id), code: Schema.String }),
  MESSAGE_CREATE: message,
  MESSAGE_DELETE: () => Schema.Struct({ id: Id, channel_id: Id, guild_id: Schema.optional(Id) }),
  MESSAGE_DELETE_BULK: () => Schema.Struct({ ids: Schema.Array(Id), channel_id: Id, guild_id: Schema.optional(Id) }),
  MESSAGE_POLL_VOTE_ADD: () => Schema.Struct(ofPollVote),
  MESSAGE_POLL_VOTE_REMOVE: () => Schema.Struct(ofPollVote),
  MESSAGE_REACTION_ADD: () =>
    Schema.Struct({
      ...ofReaction,
      member: Schema.optional(GuildMember),
      message_author_id: Schema.optional(Id),
      burst_colors: Schema.optional(Schema.Array(Schema.String))
    }),
  MESSAGE_REACTION_REMOVE: () => Schema.Struct(ofReaction),
  MESSAGE_REACTION_REMOVE_ALL: () => Schema.Struct(ofReactions),
  MESSAGE_REACTION_REMOVE_EMOJI: () => Schema.Struct({ ...ofReactions, emoji: PartialEmoji }),
  MESSAGE_UPDATE: message,
  PRESENCE_UPDATE: () => UserPresence,
  RATE_LIMITED: () =>
    Schema.Struct({
      opcode: Enum,
      retry_after: Float,
      meta: Schema.Struct({ guild_id: Id, nonce: Schema.optional(Schema.String) })
        .annotations({ identifier: "RequestGuildMemberRateLimitMetadata" })
    }),
  READY: () =>
    Schema.Struct({
      v: Integer,
      user: User,
      guilds: Schema.Array(UnavailableGuild),
      session_id: Schema.String,
      resume_gateway_url: Schema.String,
      shard: Schema.optional(Schema.Tuple(Integer, Integer)),
      application: Schema.Struct({ id: Id, flags: Flags })
    }),
  // Its body is not documented.
  RESUMED: () => Schema.Unknown,
  SOUNDBOARD_SOUNDS: () => Schema.Struct(ofSounds),
  STAGE_INSTANCE_CREATE: stageInstance,
  STAGE_INSTANCE_DELETE: stageInstance,
  STAGE_INSTANCE_UPDATE: stageInstance,
  SUBSCRIPTION_CREATE: subscription,
  SUBSCRIPTION_DELETE: subscription,
  SUBSCRIPTION_UPDATE: subscription,
  THREAD_CREATE: () => Schema.Struct({ ...Channel.fields, newly_created: Schema.optional(Schema.Boolean) }),
  THREAD_DELETE: () => Schema.Struct(Struct.pick(Channel.fields, "id", "guild_id", "parent_id", "type")),
  THREAD_LIST_SYNC: () =>
    Schema.Struct({
      guild_id: Id,
      channel_ids: Schema.optional(Schema.Array(Id)),
      threads: Schema.Array(Channel),
      members: Schema.Array(ThreadMember)
    }),
  THREAD_MEMBERS_UPDATE: () =>
    Schema.Struct({
      id: Id,
      guild_id: Id,
      member_count: Integer,
      added_members: Schema.optional(Schema.Array(
        Schema.Struct({ ...ThreadMember.fields, presence: Schema.optional(Schema.NullOr(UserPresence)) })
      )),
      removed_member_ids: Schema.optional(Schema.Array(Id))
    }),
  THREAD_MEMBER_UPDATE: () => Schema.Struct({ ...ThreadMember.fields, ...ofGuild }),
  THREAD_UPDATE: channel,
  TYPING_START: () =>
    Schema.Struct({
      channel_id: Id,
      guild_id: Schema.optional(Id),
      user_id: Id,
      timestamp: Integer,
      member: Schema.optional(GuildMember)
    }),
  USER_UPDATE: () => User,
  VOICE_CHANNEL_EFFECT_SEND: () =>
    Schema.Struct({
      channel_id: Id,
      guild_id: Id,
      user_id: Id,
      emoji: Schema.optional(Schema.NullOr(PartialEmoji)),
      animation_type: Schema.optional(Schema.NullOr(Enum)),
      animation_id: Schema.optional(Integer),
      sound_id: Schema.optional(Schema.Union(Id, Integer)),
      sound_volume: Schema.optional(Float)
    }),
  VOICE_CHANNEL_START_TIME_UPDATE: () =>
    Schema.Struct({ id: Id, guild_id: Id, voice_start_time: Schema.optional(Schema.NullOr(Integer)) }),
  VOICE_CHANNEL_STATUS_UPDATE: () => Schema.Struct({ id: Id, guild_id: Id, status: Schema.NullOr(Schema.String) }),
  VOICE_SERVER_UPDATE: () =>
    Schema.Struct({ token: Schema.String, guild_id: Id, endpoint: Schema.NullOr(Schema.String) }),
  VOICE_STATE_UPDATE: () => VoiceState,
  WEBHOOKS_UPDATE: () => Schema.Struct({ guild_id: Id, channel_id: Id })
} as const satisfies { readonly [T in EventType.EventType]: () => Schema.Schema.AnyNoContext }
