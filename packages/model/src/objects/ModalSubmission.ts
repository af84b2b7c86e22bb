/**
 * The values of a submitted modal. `resolved` may be missing here, because the modal as a whole has it too.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-component-interaction-response-structures
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ResolvedData } from "./Message.js"
import { Enum, Id, Integer, openUnion } from "./Wire.js"

/**
 * The value of a text input.
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
 * The value of a string select.
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
 * The value of a user select.
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
 * The value of a role select.
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
 * The value of a mentionable select.
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
 * The value of a channel select.
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
 * The value of a text display.
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
 * The value of a file upload.
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
 * The value of a radio group.
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
 * The value of a checkbox group.
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
 * The value of a checkbox.
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
 * The value of a label.
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
 * A component at the top level of a modal.
 *
 * @since 0.1.0
 * @category schemas
 */
export class ModalComponent extends openUnion(LabelResponse, TextDisplayResponse) {}
