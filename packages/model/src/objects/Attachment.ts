/**
 * Files on messages.
 *
 * @see https://docs.discord.com/developers/resources/message#attachment-object
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialApplication } from "./Application.js"
import { User } from "./User.js"
import { Flags, Float, Id, Integer, Timestamp } from "./Wire.js"

/**
 * A file on a message.
 *
 * @see https://docs.discord.com/developers/resources/message#attachment-object-attachment-structure
 * @since 0.1.0
 * @category schemas
 */
export class Attachment extends Schema.Struct({
  id: Id,
  filename: Schema.String,
  title: Schema.optional(Schema.String),
  description: Schema.optional(Schema.String),
  content_type: Schema.optional(Schema.String),
  size: Integer,
  url: Schema.String,
  proxy_url: Schema.String,
  height: Schema.optional(Schema.NullOr(Integer)),
  width: Schema.optional(Schema.NullOr(Integer)),
  placeholder: Schema.optional(Schema.String),
  placeholder_version: Schema.optional(Integer),
  ephemeral: Schema.optional(Schema.Boolean),
  duration_secs: Schema.optional(Float),
  waveform: Schema.optional(Schema.String),
  flags: Schema.optional(Flags),
  clip_participants: Schema.optional(Schema.Array(User)),
  clip_created_at: Schema.optional(Timestamp),
  application: Schema.optional(Schema.NullOr(PartialApplication))
}).annotations({ identifier: "Attachment" }) {}
