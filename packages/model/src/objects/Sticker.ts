/**
 * Stickers.
 *
 * @see https://docs.discord.com/developers/resources/sticker
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { User } from "./User.js"
import { Enum, Id, Integer } from "./Wire.js"

/**
 * A sticker.
 *
 * @see https://docs.discord.com/developers/resources/sticker#sticker-object-sticker-structure
 * @since 0.1.0
 * @category schemas
 */
export class Sticker extends Schema.Struct({
  id: Id,
  pack_id: Schema.optional(Id),
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  tags: Schema.String,
  type: Enum,
  format_type: Enum,
  available: Schema.optional(Schema.Boolean),
  guild_id: Schema.optional(Id),
  user: Schema.optional(User),
  sort_value: Schema.optional(Integer)
}).annotations({ identifier: "Sticker" }) {}

/**
 * The fields of a sticker that are needed to display it.
 *
 * @see https://docs.discord.com/developers/resources/sticker#sticker-item-object-sticker-item-structure
 * @since 0.1.0
 * @category schemas
 */
export class StickerItem extends Schema.Struct({
  id: Id,
  name: Schema.String,
  format_type: Enum
}).annotations({ identifier: "StickerItem" }) {}
