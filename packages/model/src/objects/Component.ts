/**
 * Components of messages: buttons, selects, layout.
 *
 * @see https://docs.discord.com/developers/components/reference
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialEmoji } from "./Emoji.js"
import { Enum, Flags, Id, Integer, openUnion } from "./Wire.js"

/**
 * A file or a URL that a component shows. discord-api-types knows of more nulls in it than the documentation.
 *
 * @see https://docs.discord.com/developers/components/reference#unfurled-media-item-unfurled-media-item-structure
 * @since 0.1.0
 * @category schemas
 */
export class UnfurledMediaItem extends Schema.Struct({
  url: Schema.String,
  proxy_url: Schema.optional(Schema.String),
  height: Schema.optional(Schema.NullOr(Integer)),
  width: Schema.optional(Schema.NullOr(Integer)),
  placeholder: Schema.optional(Schema.NullOr(Schema.String)),
  placeholder_version: Schema.optional(Schema.NullOr(Integer)),
  content_type: Schema.optional(Schema.NullOr(Schema.String)),
  flags: Schema.optional(Flags),
  attachment_id: Schema.optional(Id)
}).annotations({ identifier: "UnfurledMediaItem" }) {}

/**
 * A button.
 *
 * @see https://docs.discord.com/developers/components/reference#button-button-structure
 * @since 0.1.0
 * @category schemas
 */
export class Button extends Schema.Struct({
  type: Schema.Literal(2),
  id: Schema.optional(Integer),
  style: Enum,
  label: Schema.optional(Schema.String),
  emoji: Schema.optional(PartialEmoji),
  custom_id: Schema.optional(Schema.String),
  sku_id: Schema.optional(Id),
  url: Schema.optional(Schema.String),
  disabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "Button" }) {}

/**
 * An option to choose.
 *
 * @see https://docs.discord.com/developers/components/reference#string-select-select-option-structure
 * @since 0.1.0
 * @category schemas
 */
export class SelectOption extends Schema.Struct({
  label: Schema.String,
  value: Schema.String,
  description: Schema.optional(Schema.String),
  emoji: Schema.optional(PartialEmoji),
  default: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "SelectOption" }) {}

/**
 * The initial selection.
 *
 * @see https://docs.discord.com/developers/components/reference#user-select-select-default-value-structure
 * @since 0.1.0
 * @category schemas
 */
export class SelectDefaultValue extends Schema.Struct({
  id: Id,
  type: Schema.String
}).annotations({ identifier: "SelectDefaultValue" }) {}

/**
 * A choice of options.
 *
 * @see https://docs.discord.com/developers/components/reference#string-select-string-select-structure
 * @since 0.1.0
 * @category schemas
 */
export class StringSelect extends Schema.Struct({
  type: Schema.Literal(3),
  id: Schema.optional(Integer),
  custom_id: Schema.String,
  options: Schema.Array(SelectOption),
  placeholder: Schema.optional(Schema.String),
  min_values: Schema.optional(Integer),
  max_values: Schema.optional(Integer),
  required: Schema.optional(Schema.Boolean),
  disabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "StringSelect" }) {}

/**
 * A choice of users.
 *
 * @see https://docs.discord.com/developers/components/reference#user-select-user-select-structure
 * @since 0.1.0
 * @category schemas
 */
export class UserSelect extends Schema.Struct({
  type: Schema.Literal(5),
  id: Schema.optional(Integer),
  custom_id: Schema.String,
  placeholder: Schema.optional(Schema.String),
  default_values: Schema.optional(Schema.Array(SelectDefaultValue)),
  min_values: Schema.optional(Integer),
  max_values: Schema.optional(Integer),
  required: Schema.optional(Schema.Boolean),
  disabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "UserSelect" }) {}

/**
 * A choice of roles.
 *
 * @see https://docs.discord.com/developers/components/reference#role-select-role-select-structure
 * @since 0.1.0
 * @category schemas
 */
export class RoleSelect extends Schema.Struct({
  type: Schema.Literal(6),
  id: Schema.optional(Integer),
  custom_id: Schema.String,
  placeholder: Schema.optional(Schema.String),
  default_values: Schema.optional(Schema.Array(SelectDefaultValue)),
  min_values: Schema.optional(Integer),
  max_values: Schema.optional(Integer),
  required: Schema.optional(Schema.Boolean),
  disabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "RoleSelect" }) {}

/**
 * A choice of users and roles.
 *
 * @see https://docs.discord.com/developers/components/reference#mentionable-select-mentionable-select-structure
 * @since 0.1.0
 * @category schemas
 */
export class MentionableSelect extends Schema.Struct({
  type: Schema.Literal(7),
  id: Schema.optional(Integer),
  custom_id: Schema.String,
  placeholder: Schema.optional(Schema.String),
  default_values: Schema.optional(Schema.Array(SelectDefaultValue)),
  min_values: Schema.optional(Integer),
  max_values: Schema.optional(Integer),
  required: Schema.optional(Schema.Boolean),
  disabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "MentionableSelect" }) {}

/**
 * A choice of channels.
 *
 * @see https://docs.discord.com/developers/components/reference#channel-select-channel-select-structure
 * @since 0.1.0
 * @category schemas
 */
export class ChannelSelect extends Schema.Struct({
  type: Schema.Literal(8),
  id: Schema.optional(Integer),
  custom_id: Schema.String,
  channel_types: Schema.optional(Schema.Array(Enum)),
  placeholder: Schema.optional(Schema.String),
  default_values: Schema.optional(Schema.Array(SelectDefaultValue)),
  min_values: Schema.optional(Integer),
  max_values: Schema.optional(Integer),
  required: Schema.optional(Schema.Boolean),
  disabled: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "ChannelSelect" }) {}

const ActionRowChild = openUnion(Button, StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect)

/**
 * A row of buttons, or one select.
 *
 * @see https://docs.discord.com/developers/components/reference#action-row-action-row-structure
 * @since 0.1.0
 * @category schemas
 */
export class ActionRow extends Schema.Struct({
  type: Schema.Literal(1),
  id: Schema.optional(Integer),
  components: Schema.Array(ActionRowChild)
}).annotations({ identifier: "ActionRow" }) {}

/**
 * Text.
 *
 * @see https://docs.discord.com/developers/components/reference#text-display-text-display-structure
 * @since 0.1.0
 * @category schemas
 */
export class TextDisplay extends Schema.Struct({
  type: Schema.Literal(10),
  id: Schema.optional(Integer),
  content: Schema.String
}).annotations({ identifier: "TextDisplay" }) {}

/**
 * A small image next to a section.
 *
 * @see https://docs.discord.com/developers/components/reference#thumbnail-thumbnail-structure
 * @since 0.1.0
 * @category schemas
 */
export class Thumbnail extends Schema.Struct({
  type: Schema.Literal(11),
  id: Schema.optional(Integer),
  media: UnfurledMediaItem,
  description: Schema.optional(Schema.NullOr(Schema.String)),
  spoiler: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "Thumbnail" }) {}

const SectionChild = openUnion(TextDisplay)

const SectionAccessory = openUnion(Button, Thumbnail)

/**
 * Text with an accessory.
 *
 * @see https://docs.discord.com/developers/components/reference#section-section-structure
 * @since 0.1.0
 * @category schemas
 */
export class Section extends Schema.Struct({
  type: Schema.Literal(9),
  id: Schema.optional(Integer),
  components: Schema.Array(SectionChild),
  accessory: SectionAccessory
}).annotations({ identifier: "Section" }) {}

/**
 * An image or a video in a gallery.
 *
 * @see https://docs.discord.com/developers/components/reference#media-gallery-media-gallery-item-structure
 * @since 0.1.0
 * @category schemas
 */
export class MediaGalleryItem extends Schema.Struct({
  media: UnfurledMediaItem,
  description: Schema.optional(Schema.NullOr(Schema.String)),
  spoiler: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "MediaGalleryItem" }) {}

/**
 * Images and videos.
 *
 * @see https://docs.discord.com/developers/components/reference#media-gallery-media-gallery-structure
 * @since 0.1.0
 * @category schemas
 */
export class MediaGallery extends Schema.Struct({
  type: Schema.Literal(12),
  id: Schema.optional(Integer),
  items: Schema.Array(MediaGalleryItem)
}).annotations({ identifier: "MediaGallery" }) {}

/**
 * A file.
 *
 * @see https://docs.discord.com/developers/components/reference#file-file-structure
 * @since 0.1.0
 * @category schemas
 */
export class File extends Schema.Struct({
  type: Schema.Literal(13),
  id: Schema.optional(Integer),
  file: UnfurledMediaItem,
  spoiler: Schema.optional(Schema.Boolean),
  name: Schema.optional(Schema.String),
  size: Schema.optional(Integer)
}).annotations({ identifier: "File" }) {}

/**
 * Space between components.
 *
 * @see https://docs.discord.com/developers/components/reference#separator-separator-structure
 * @since 0.1.0
 * @category schemas
 */
export class Separator extends Schema.Struct({
  type: Schema.Literal(14),
  id: Schema.optional(Integer),
  divider: Schema.optional(Schema.Boolean),
  spacing: Schema.optional(Enum)
}).annotations({ identifier: "Separator" }) {}

const ContainerChild = openUnion(ActionRow, TextDisplay, Section, MediaGallery, Separator, File)

/**
 * Components in a box.
 *
 * @see https://docs.discord.com/developers/components/reference#container-container-structure
 * @since 0.1.0
 * @category schemas
 */
export class Container extends Schema.Struct({
  type: Schema.Literal(17),
  id: Schema.optional(Integer),
  components: Schema.Array(ContainerChild),
  accent_color: Schema.optional(Schema.NullOr(Integer)),
  spoiler: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "Container" }) {}

/**
 * A component at the top level of a message.
 *
 * @since 0.1.0
 * @category schemas
 */
export class Component extends openUnion(ActionRow, TextDisplay, Section, MediaGallery, Separator, File, Container) {}
