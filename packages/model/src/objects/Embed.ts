/**
 * Rich content on messages.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Flags, Integer, Timestamp } from "./Wire.js"

/**
 * The last line of an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-footer-structure
 * @since 0.1.0
 * @category schemas
 */
export class EmbedFooter extends Schema.Struct({
  text: Schema.String,
  icon_url: Schema.optional(Schema.String),
  proxy_icon_url: Schema.optional(Schema.String)
}).annotations({ identifier: "EmbedFooter" }) {}

/**
 * An image or a thumbnail in an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-image-structure
 * @since 0.1.0
 * @category schemas
 */
export class EmbedImage extends Schema.Struct({
  url: Schema.String,
  proxy_url: Schema.optional(Schema.String),
  height: Schema.optional(Integer),
  width: Schema.optional(Integer),
  content_type: Schema.optional(Schema.String),
  placeholder: Schema.optional(Schema.String),
  placeholder_version: Schema.optional(Integer),
  description: Schema.optional(Schema.String),
  flags: Schema.optional(Flags)
}).annotations({ identifier: "EmbedImage" }) {}

/**
 * A video in an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-video-structure
 * @since 0.1.0
 * @category schemas
 */
export class EmbedVideo extends Schema.Struct({
  url: Schema.optional(Schema.String),
  proxy_url: Schema.optional(Schema.String),
  height: Schema.optional(Integer),
  width: Schema.optional(Integer),
  content_type: Schema.optional(Schema.String),
  placeholder: Schema.optional(Schema.String),
  placeholder_version: Schema.optional(Integer),
  description: Schema.optional(Schema.String),
  flags: Schema.optional(Flags)
}).annotations({ identifier: "EmbedVideo" }) {}

/**
 * The source of an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-provider-structure
 * @since 0.1.0
 * @category schemas
 */
export class EmbedProvider extends Schema.Struct({
  name: Schema.optional(Schema.String),
  url: Schema.optional(Schema.String)
}).annotations({ identifier: "EmbedProvider" }) {}

/**
 * The author of an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-author-structure
 * @since 0.1.0
 * @category schemas
 */
export class EmbedAuthor extends Schema.Struct({
  name: Schema.String,
  url: Schema.optional(Schema.String),
  icon_url: Schema.optional(Schema.String),
  proxy_icon_url: Schema.optional(Schema.String)
}).annotations({ identifier: "EmbedAuthor" }) {}

/**
 * A title with text in an embed.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-field-structure
 * @since 0.1.0
 * @category schemas
 */
export class EmbedField extends Schema.Struct({
  name: Schema.String,
  value: Schema.String,
  inline: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "EmbedField" }) {}

/**
 * Rich content on a message.
 *
 * @see https://docs.discord.com/developers/resources/message#embed-object-embed-structure
 * @since 0.1.0
 * @category schemas
 */
export class Embed extends Schema.Struct({
  title: Schema.optional(Schema.String),
  type: Schema.optional(Schema.String),
  description: Schema.optional(Schema.String),
  url: Schema.optional(Schema.String),
  timestamp: Schema.optional(Timestamp),
  color: Schema.optional(Integer),
  footer: Schema.optional(EmbedFooter),
  image: Schema.optional(EmbedImage),
  thumbnail: Schema.optional(EmbedImage),
  video: Schema.optional(EmbedVideo),
  provider: Schema.optional(EmbedProvider),
  author: Schema.optional(EmbedAuthor),
  fields: Schema.optional(Schema.Array(EmbedField)),
  flags: Schema.optional(Flags)
}).annotations({ identifier: "Embed" }) {}
