/**
 * The names of the events, and the intents that let them through.
 *
 * @see https://docs.discord.com/developers/events/gateway#list-of-intents
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import { dual } from "effect/Function"
import * as Intents from "./Intents.js"
import { eventTexts } from "./internal/eventTexts.js"

// Any one of an event's intents lets it through; an event without any is always sent.
const table = {
  APPLICATION_COMMAND_PERMISSIONS_UPDATE: [],
  AUTO_MODERATION_ACTION_EXECUTION: ["AutoModerationExecution"],
  AUTO_MODERATION_RULE_CREATE: ["AutoModerationConfiguration"],
  AUTO_MODERATION_RULE_DELETE: ["AutoModerationConfiguration"],
  AUTO_MODERATION_RULE_UPDATE: ["AutoModerationConfiguration"],
  CHANNEL_CREATE: ["Guilds"],
  CHANNEL_DELETE: ["Guilds"],
  CHANNEL_INFO: [],
  CHANNEL_PINS_UPDATE: ["Guilds", "DirectMessages"],
  CHANNEL_UPDATE: ["Guilds"],
  ENTITLEMENT_CREATE: [],
  ENTITLEMENT_DELETE: [],
  ENTITLEMENT_UPDATE: [],
  GUILD_AUDIT_LOG_ENTRY_CREATE: ["GuildModeration"],
  GUILD_BAN_ADD: ["GuildModeration"],
  GUILD_BAN_REMOVE: ["GuildModeration"],
  GUILD_CREATE: ["Guilds"],
  GUILD_DELETE: ["Guilds"],
  GUILD_EMOJIS_UPDATE: ["GuildExpressions"],
  GUILD_INTEGRATIONS_UPDATE: ["GuildIntegrations"],
  GUILD_MEMBERS_CHUNK: [],
  GUILD_MEMBER_ADD: ["GuildMembers"],
  GUILD_MEMBER_REMOVE: ["GuildMembers"],
  GUILD_MEMBER_UPDATE: ["GuildMembers"],
  GUILD_ROLE_CREATE: ["Guilds"],
  GUILD_ROLE_DELETE: ["Guilds"],
  GUILD_ROLE_UPDATE: ["Guilds"],
  GUILD_SCHEDULED_EVENT_CREATE: ["GuildScheduledEvents"],
  GUILD_SCHEDULED_EVENT_DELETE: ["GuildScheduledEvents"],
  GUILD_SCHEDULED_EVENT_UPDATE: ["GuildScheduledEvents"],
  GUILD_SCHEDULED_EVENT_USER_ADD: ["GuildScheduledEvents"],
  GUILD_SCHEDULED_EVENT_USER_REMOVE: ["GuildScheduledEvents"],
  GUILD_SOUNDBOARD_SOUNDS_UPDATE: ["GuildExpressions"],
  GUILD_SOUNDBOARD_SOUND_CREATE: ["GuildExpressions"],
  GUILD_SOUNDBOARD_SOUND_DELETE: ["GuildExpressions"],
  GUILD_SOUNDBOARD_SOUND_UPDATE: ["GuildExpressions"],
  GUILD_STICKERS_UPDATE: ["GuildExpressions"],
  GUILD_UPDATE: ["Guilds"],
  INTEGRATION_CREATE: ["GuildIntegrations"],
  INTEGRATION_DELETE: ["GuildIntegrations"],
  INTEGRATION_UPDATE: ["GuildIntegrations"],
  INTERACTION_CREATE: [],
  INVITE_CREATE: ["GuildInvites"],
  INVITE_DELETE: ["GuildInvites"],
  MESSAGE_CREATE: ["GuildMessages", "DirectMessages"],
  MESSAGE_DELETE: ["GuildMessages", "DirectMessages"],
  MESSAGE_DELETE_BULK: ["GuildMessages"],
  MESSAGE_POLL_VOTE_ADD: ["GuildMessagePolls", "DirectMessagePolls"],
  MESSAGE_POLL_VOTE_REMOVE: ["GuildMessagePolls", "DirectMessagePolls"],
  MESSAGE_REACTION_ADD: ["GuildMessageReactions", "DirectMessageReactions"],
  MESSAGE_REACTION_REMOVE: ["GuildMessageReactions", "DirectMessageReactions"],
  MESSAGE_REACTION_REMOVE_ALL: ["GuildMessageReactions", "DirectMessageReactions"],
  MESSAGE_REACTION_REMOVE_EMOJI: ["GuildMessageReactions", "DirectMessageReactions"],
  MESSAGE_UPDATE: ["GuildMessages", "DirectMessages"],
  PRESENCE_UPDATE: ["GuildPresences"],
  RATE_LIMITED: [],
  READY: [],
  RESUMED: [],
  SOUNDBOARD_SOUNDS: [],
  STAGE_INSTANCE_CREATE: ["Guilds"],
  STAGE_INSTANCE_DELETE: ["Guilds"],
  STAGE_INSTANCE_UPDATE: ["Guilds"],
  SUBSCRIPTION_CREATE: [],
  SUBSCRIPTION_DELETE: [],
  SUBSCRIPTION_UPDATE: [],
  THREAD_CREATE: ["Guilds"],
  THREAD_DELETE: ["Guilds"],
  THREAD_LIST_SYNC: ["Guilds"],
  THREAD_MEMBERS_UPDATE: ["Guilds", "GuildMembers"],
  THREAD_MEMBER_UPDATE: ["Guilds"],
  THREAD_UPDATE: ["Guilds"],
  TYPING_START: ["GuildMessageTyping", "DirectMessageTyping"],
  USER_UPDATE: [],
  VOICE_CHANNEL_EFFECT_SEND: ["GuildVoiceStates"],
  VOICE_CHANNEL_START_TIME_UPDATE: ["Guilds"],
  VOICE_CHANNEL_STATUS_UPDATE: ["Guilds"],
  VOICE_SERVER_UPDATE: [],
  VOICE_STATE_UPDATE: ["GuildVoiceStates"],
  WEBHOOKS_UPDATE: ["GuildWebhooks"]
} as const satisfies Record<string, ReadonlyArray<Intents.Name>>

/**
 * The name of an event that Discord documents.
 *
 * @since 0.1.0
 * @category models
 */
export type EventType = keyof typeof table

/**
 * The name of an event that this version does not know. Discord may send it to bots before it is documented.
 *
 * @since 0.1.0
 * @category models
 */
export type UnknownName = string & Brand.Brand<"UnknownEventName">

/**
 * The name of any event.
 *
 * @since 0.1.0
 * @category models
 */
export type EventName = EventType | UnknownName

/**
 * Makes the name of an event that this version does not know, for example for the `events` of a shard.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unknownName: (name: string) => UnknownName = Brand.nominal<UnknownName>()

/**
 * Every name, in alphabetical order.
 *
 * @since 0.1.0
 * @category constants
 */
// The keys of an object literal are just its own.
export const all: ReadonlyArray<EventType> = Object.keys(table) as Array<EventType>

// A Set finds a name in a fifth of the time that the object takes; it is asked once an event.
const names = new Set<string>(all)

/**
 * Narrows to the name of a documented event.
 *
 * @since 0.1.0
 * @category guards
 */
export const isKnown = (name: string): name is EventType => names.has(name)

/**
 * The intents of which any one lets the event through; none if it is always sent.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { EventType } from "@vesper/model"
 *
 * assert.deepStrictEqual(EventType.intents("MESSAGE_CREATE"), ["GuildMessages", "DirectMessages"])
 * assert.deepStrictEqual(EventType.intents("INTERACTION_CREATE"), [])
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const intents = (self: EventType): ReadonlyArray<Intents.Name> => table[self]

/**
 * Returns true if a session with these intents may receive the event.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAllowedBy: {
  (allowed: Intents.Intents): (self: EventType) => boolean
  (self: EventType, allowed: Intents.Intents): boolean
} = dual(
  2,
  (self: EventType, allowed: Intents.Intents): boolean =>
    table[self].length === 0 || intents(self).some((name) => Intents.has(allowed, name))
)

/**
 * Every event that a session with these intents may receive.
 *
 * @since 0.1.0
 * @category getters
 */
export const fromIntents = (allowed: Intents.Intents): ReadonlyArray<EventType> =>
  all.filter((name) => isAllowedBy(name, allowed))

/**
 * Describes the occasion of the event in one sentence.
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = (self: EventType): string => eventTexts[self]
