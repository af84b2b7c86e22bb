/**
 * Emojis.
 *
 * @see https://docs.discord.com/developers/resources/emoji
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { User } from "./User.js"
import { Id, optionalFields } from "./Wire.js"

/**
 * An emoji; one without an id is a character.
 *
 * @see https://docs.discord.com/developers/resources/emoji#emoji-object-emoji-structure
 * @since 0.1.0
 * @category schemas
 */
export class Emoji extends Schema.Struct({
  id: Schema.NullOr(Id),
  name: Schema.NullOr(Schema.String),
  roles: Schema.optional(Schema.Array(Id)),
  user: Schema.optional(User),
  require_colons: Schema.optional(Schema.Boolean),
  managed: Schema.optional(Schema.Boolean),
  animated: Schema.optional(Schema.Boolean),
  available: Schema.optional(Schema.Boolean)
}).annotations({ identifier: "Emoji" }) {}

/**
 * The fields of an emoji that are needed to display it.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialEmoji extends Schema.Struct(optionalFields(Emoji.fields)) {}
