/**
 * What a user has filled into a modal. `resolved` may be missing here, for the modal as a whole has it too.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-component-interaction-response-structures
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ResolvedData } from "./Message.js"
import { Enum, Id, Integer, openUnion } from "./Wire.js"

/**
 * What a text input gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#text-input-text-input-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class TextInputResponse extends Schema.Struct({
  type: Schema.Literal(4),
  id: Integer,
  custom_id: Schema.String,
  value: Schema.String
}).annotations({ identifier: "TextInputInteractionResponse" }) {}

/**
 * What a string select gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#string-select-string-select-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class StringSelectResponse extends Schema.Struct({
  type: Schema.Literal(3),
  component_type: Schema.optional(Enum),
  id: Integer,
  custom_id: Schema.String,
  values: Schema.Array(Schema.String)
}).annotations({ identifier: "StringSelectInteractionResponse" }) {}

/**
 * What a user select gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#user-select-user-select-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class UserSelectResponse extends Schema.Struct({
  type: Schema.Literal(5),
  component_type: Schema.optional(Enum),
  id: Integer,
  custom_id: Schema.String,
  resolved: Schema.optional(ResolvedData),
  values: Schema.Array(Id)
}).annotations({ identifier: "UserSelectInteractionResponse" }) {}

/**
 * What a role select gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#role-select-role-select-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class RoleSelectResponse extends Schema.Struct({
  type: Schema.Literal(6),
  component_type: Schema.optional(Enum),
  id: Integer,
  custom_id: Schema.String,
  resolved: Schema.optional(ResolvedData),
  values: Schema.Array(Id)
}).annotations({ identifier: "RoleSelectInteractionResponse" }) {}

/**
 * What a mentionable select gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#mentionable-select-mentionable-select-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class MentionableSelectResponse extends Schema.Struct({
  type: Schema.Literal(7),
  component_type: Schema.optional(Enum),
  id: Integer,
  custom_id: Schema.String,
  resolved: Schema.optional(ResolvedData),
  values: Schema.Array(Id)
}).annotations({ identifier: "MentionableSelectInteractionResponse" }) {}

/**
 * What a channel select gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#channel-select-channel-select-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class ChannelSelectResponse extends Schema.Struct({
  type: Schema.Literal(8),
  component_type: Schema.optional(Enum),
  id: Integer,
  custom_id: Schema.String,
  resolved: Schema.optional(ResolvedData),
  values: Schema.Array(Id)
}).annotations({ identifier: "ChannelSelectInteractionResponse" }) {}

/**
 * What a text display gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#text-display-text-display-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class TextDisplayResponse extends Schema.Struct({
  type: Schema.Literal(10),
  id: Integer
}).annotations({ identifier: "TextDisplayInteractionResponse" }) {}

/**
 * What a file upload gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#file-upload-file-upload-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class FileUploadResponse extends Schema.Struct({
  type: Schema.Literal(19),
  id: Integer,
  custom_id: Schema.String,
  values: Schema.Array(Id)
}).annotations({ identifier: "FileUploadInteractionResponse" }) {}

/**
 * What a radio group gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#radio-group-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class RadioGroupResponse extends Schema.Struct({
  type: Schema.Literal(21),
  id: Integer,
  custom_id: Schema.String,
  value: Schema.NullOr(Schema.String)
}).annotations({ identifier: "RadioGroupInteractionResponse" }) {}

/**
 * What a checkbox group gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#checkbox-group-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class CheckboxGroupResponse extends Schema.Struct({
  type: Schema.Literal(22),
  id: Integer,
  custom_id: Schema.String,
  values: Schema.Array(Schema.String)
}).annotations({ identifier: "CheckboxGroupInteractionResponse" }) {}

/**
 * What a checkbox gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#checkbox-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class CheckboxResponse extends Schema.Struct({
  type: Schema.Literal(23),
  id: Integer,
  custom_id: Schema.String,
  value: Schema.Boolean
}).annotations({ identifier: "CheckboxInteractionResponse" }) {}

const LabelChildResponse = openUnion(
  TextInputResponse,
  StringSelectResponse,
  UserSelectResponse,
  RoleSelectResponse,
  MentionableSelectResponse,
  ChannelSelectResponse,
  FileUploadResponse,
  RadioGroupResponse,
  CheckboxGroupResponse,
  CheckboxResponse
)

/**
 * What a label gives back.
 *
 * @see https://docs.discord.com/developers/components/reference#label-label-interaction-response-structure
 * @since 0.1.0
 * @category schemas
 */
export class LabelResponse extends Schema.Struct({
  type: Schema.Literal(18),
  id: Integer,
  component: LabelChildResponse
}).annotations({ identifier: "LabelInteractionResponse" }) {}

/**
 * What may stand at the top of a modal.
 *
 * @since 0.1.0
 * @category schemas
 */
export class ModalComponent extends openUnion(LabelResponse, TextDisplayResponse) {}
