/**
 * Polls.
 *
 * @see https://docs.discord.com/developers/resources/poll
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialEmoji } from "./Emoji.js"
import { Enum, Integer, Timestamp } from "./Wire.js"

/**
 * The content of a question or an answer.
 *
 * @see https://docs.discord.com/developers/resources/poll#poll-media-object-poll-media-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class PollMedia extends Schema.Struct({
  text: Schema.optional(Schema.String),
  emoji: Schema.optional(PartialEmoji)
}).annotations({ identifier: "PollMedia" }) {}

/**
 * An answer to choose.
 *
 * @see https://docs.discord.com/developers/resources/poll#poll-answer-object-poll-answer-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class PollAnswer extends Schema.Struct({
  answer_id: Integer,
  poll_media: PollMedia
}).annotations({ identifier: "PollAnswer" }) {}

/**
 * The number of votes for an answer.
 *
 * @see https://docs.discord.com/developers/resources/poll#poll-results-object-poll-answer-count-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class PollAnswerCount extends Schema.Struct({
  id: Integer,
  count: Integer,
  me_voted: Schema.Boolean
}).annotations({ identifier: "PollAnswerCount" }) {}

/**
 * The votes that have been counted.
 *
 * @see https://docs.discord.com/developers/resources/poll#poll-results-object-poll-results-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class PollResults extends Schema.Struct({
  is_finalized: Schema.Boolean,
  answer_counts: Schema.Array(PollAnswerCount)
}).annotations({ identifier: "PollResults" }) {}

/**
 * A poll on a message.
 *
 * @see https://docs.discord.com/developers/resources/poll#poll-object-poll-object-structure
 * @since 0.1.0
 * @category schemas
 */
export class Poll extends Schema.Struct({
  question: PollMedia,
  answers: Schema.Array(PollAnswer),
  expiry: Schema.NullOr(Timestamp),
  allow_multiselect: Schema.Boolean,
  layout_type: Enum,
  results: Schema.optional(PollResults)
}).annotations({ identifier: "Poll" }) {}
