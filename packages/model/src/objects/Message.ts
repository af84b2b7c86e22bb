/**
 * Messages.
 *
 * @see https://docs.discord.com/developers/resources/message
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialApplication } from "./Application.js"
import { Attachment } from "./Attachment.js"
import { Channel, PartialChannel } from "./Channel.js"
import { Component } from "./Component.js"
import { Embed } from "./Embed.js"
import { PartialEmoji } from "./Emoji.js"
import { PartialGuildMember } from "./GuildMember.js"
import { Poll } from "./Poll.js"
import { Role } from "./Role.js"
import { Sticker, StickerItem } from "./Sticker.js"
import { User } from "./User.js"
import { Enum, Flags, Id, idRecord, Integer, openUnion, optionalFields, Timestamp } from "./Wire.js"

/**
 * The activity that a message invites to.
 *
 * @see https://docs.discord.com/developers/resources/message#message-object-message-activity-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageActivity extends Schema.Struct({
  type: Enum,
  party_id: Schema.optional(Schema.String)
}).annotations({ identifier: "MessageActivity" }) {}

/**
 * The message that this one answers, forwards or announces.
 *
 * @see https://docs.discord.com/developers/resources/message#message-reference-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageReference extends Schema.Struct({
  type: Schema.optional(Enum),
  message_id: Schema.optional(Id),
  channel_id: Schema.optional(Id),
  guild_id: Schema.optional(Id),
  fail_if_not_exists: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "MessageReference" }) {}

/**
 * A channel that a message names.
 *
 * @see https://docs.discord.com/developers/resources/message#channel-mention-object-channel-mention-structure
 * @since 0.1.0
 * @category schemas
 */
export class ChannelMention extends Schema.Struct({
  id: Id,
  guild_id: Id,
  type: Enum,
  name: Schema.String
}).annotations({ identifier: "ChannelMention" }) {}

/**
 * The number of reactions by kind.
 *
 * @see https://docs.discord.com/developers/resources/message#reaction-count-details-object-reaction-count-details-structure
 * @since 0.1.0
 * @category schemas
 */
export class ReactionCountDetails extends Schema.Struct({
  burst: Integer,
  normal: Integer
}).annotations({ identifier: "ReactionCountDetails" }) {}

/**
 * The reactions to a message with one emoji.
 *
 * @see https://docs.discord.com/developers/resources/message#reaction-object-reaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class Reaction extends Schema.Struct({
  count: Integer,
  count_details: ReactionCountDetails,
  me: Schema.Boolean,
  me_burst: Schema.Boolean,
  emoji: PartialEmoji,
  burst_colors: Schema.Array(Schema.String)
}).annotations({ identifier: "Reaction" }) {}

/**
 * The purchase or renewal of a role that a message announces.
 *
 * @see https://docs.discord.com/developers/resources/message#role-subscription-data-object-role-subscription-data-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class RoleSubscriptionData extends Schema.Struct({
  role_subscription_listing_id: Id,
  tier_name: Schema.String,
  total_months_subscribed: Integer,
  is_renewal: Schema.Boolean
}).annotations({ identifier: "RoleSubscriptionData" }) {}

/**
 * The call that a message announces.
 *
 * @see https://docs.discord.com/developers/resources/message#message-call-object-message-call-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageCall extends Schema.Struct({
  participants: Schema.Array(Id),
  ended_timestamp: Schema.optional(Schema.NullOr(Timestamp))
}).annotations({ identifier: "MessageCall" }) {}

/**
 * A theme that a message shares.
 *
 * @see https://docs.discord.com/developers/resources/message#shared-client-theme-object-shared-client-theme-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class SharedClientTheme extends Schema.Struct({
  colors: Schema.Array(Schema.String),
  gradient_angle: Integer,
  base_mix: Integer,
  base_theme: Schema.optional(Schema.NullOr(Enum))
}).annotations({ identifier: "SharedClientTheme" }) {}

/**
 * The interaction that a message answers, in its old form.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#message-interaction-object-message-interaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageInteraction extends Schema.Struct({
  id: Id,
  type: Enum,
  name: Schema.String,
  user: User,
  member: Schema.optional(PartialGuildMember)
}).annotations({ identifier: "MessageInteraction" }) {}

/**
 * For whom an app was installed, by type of installation.
 *
 * @since 0.1.0
 * @category schemas
 */
export const IntegrationOwners = Schema.Record({ key: Schema.String, value: Id })

/**
 * The command that a message answers.
 *
 * @see https://docs.discord.com/developers/resources/message#message-interaction-metadata-object-application-command-interaction-metadata-structure
 * @since 0.1.0
 * @category schemas
 */
export class ApplicationCommandMetadata extends Schema.Struct({
  id: Id,
  type: Schema.Literal(2),
  user: User,
  authorizing_integration_owners: IntegrationOwners,
  original_response_message_id: Schema.optional(Id),
  target_user: Schema.optional(User),
  target_message_id: Schema.optional(Id)
}).annotations({ identifier: "ApplicationCommandInteractionMetadata" }) {}

/**
 * The component that a message answers.
 *
 * @see https://docs.discord.com/developers/resources/message#message-interaction-metadata-object-message-component-interaction-metadata-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageComponentMetadata extends Schema.Struct({
  id: Id,
  type: Schema.Literal(3),
  user: User,
  authorizing_integration_owners: IntegrationOwners,
  original_response_message_id: Schema.optional(Id),
  interacted_message_id: Id
}).annotations({ identifier: "MessageComponentInteractionMetadata" }) {}

const TriggeringMetadata = openUnion(ApplicationCommandMetadata, MessageComponentMetadata)

/**
 * The modal that a message answers.
 *
 * @see https://docs.discord.com/developers/resources/message#message-interaction-metadata-object-modal-submit-interaction-metadata-structure
 * @since 0.1.0
 * @category schemas
 */
export class ModalSubmitMetadata extends Schema.Struct({
  id: Id,
  type: Schema.Literal(5),
  user: User,
  authorizing_integration_owners: IntegrationOwners,
  original_response_message_id: Schema.optional(Id),
  triggering_interaction_metadata: TriggeringMetadata
}).annotations({ identifier: "ModalSubmitInteractionMetadata" }) {}

const InteractionMetadata = openUnion(ApplicationCommandMetadata, MessageComponentMetadata, ModalSubmitMetadata)

// All fields of a message without nested messages.
const content = {
  id: Id,
  channel_id: Id,
  author: User,
  content: Schema.String,
  timestamp: Timestamp,
  edited_timestamp: Schema.NullOr(Timestamp),
  tts: Schema.Boolean,
  mention_everyone: Schema.Boolean,
  mentions: Schema.Array(User),
  mention_roles: Schema.Array(Id),
  mention_channels: Schema.optional(Schema.Array(ChannelMention)),
  attachments: Schema.Array(Attachment),
  embeds: Schema.Array(Embed),
  reactions: Schema.optional(Schema.Array(Reaction)),
  nonce: Schema.optional(Schema.Union(Schema.String, Integer)),
  pinned: Schema.Boolean,
  webhook_id: Schema.optional(Id),
  type: Enum,
  activity: Schema.optional(MessageActivity),
  application: Schema.optional(PartialApplication),
  application_id: Schema.optional(Id),
  flags: Schema.optional(Flags),
  message_reference: Schema.optional(MessageReference),
  interaction_metadata: Schema.optional(InteractionMetadata),
  interaction: Schema.optional(MessageInteraction),
  thread: Schema.optional(Channel),
  components: Schema.optional(Schema.Array(Component)),
  sticker_items: Schema.optional(Schema.Array(StickerItem)),
  stickers: Schema.optional(Schema.Array(Sticker)),
  position: Schema.optional(Integer),
  role_subscription_data: Schema.optional(RoleSubscriptionData),
  poll: Schema.optional(Poll),
  call: Schema.optional(MessageCall),
  shared_client_theme: Schema.optional(SharedClientTheme)
}

/**
 * A message of which no field is required.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialMessage extends Schema.Struct(optionalFields(content)) {}

/**
 * The objects behind the ids that a user chose.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure
 * @since 0.1.0
 * @category schemas
 */
export class ResolvedData extends Schema.Struct({
  users: Schema.optional(idRecord(User)),
  members: Schema.optional(idRecord(PartialGuildMember)),
  roles: Schema.optional(idRecord(Role)),
  channels: Schema.optional(idRecord(PartialChannel)),
  messages: Schema.optional(idRecord(PartialMessage)),
  attachments: Schema.optional(idRecord(Attachment))
}).annotations({ identifier: "ResolvedData" }) {}

/**
 * A forwarded message, as it was.
 *
 * @see https://docs.discord.com/developers/resources/message#message-snapshot-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageSnapshot extends Schema.Struct({
  message: PartialMessage
}).annotations({ identifier: "MessageSnapshot" }) {}

const nested = {
  message_snapshots: Schema.optional(Schema.Array(MessageSnapshot)),
  resolved: Schema.optional(ResolvedData)
}

/**
 * A message, with those that it holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageType extends Schema.Struct.Type<typeof content & typeof nested> {
  readonly referenced_message?: MessageType | null | undefined
}

/**
 * A message.
 *
 * @see https://docs.discord.com/developers/resources/message#message-object-message-structure
 * @since 0.1.0
 * @category schemas
 */
export class Message extends Schema.Struct({
  ...content,
  ...nested,
  referenced_message: Schema.optional(Schema.NullOr(Schema.suspend((): Schema.Schema<MessageType> => Message)))
}).annotations({ identifier: "Message" }) {}
