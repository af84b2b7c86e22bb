/**
 * A session of the gateway: the id and sequence to resume it with, and the fields of its IDENTIFY.
 *
 * @see https://docs.discord.com/developers/events/gateway#resuming
 * @since 0.1.0
 */
import type * as Intents from "@vesper/model/Intents"
import * as Schema from "effect/Schema"

/**
 * The fields of the IDENTIFY of a session. A RESUME cannot change them, so a shard compares them to its own before it resumes a
 * session of another process. A session that lacks an intent, or that belongs to another bot, shard, total or API version, is
 * refused; one with any other difference is resumed.
 *
 * @since 0.1.0
 * @category models
 */
export class Identity extends Schema.Class<Identity>("@vesper/gateway/Session/Identity")({
  /** The bot's id; undefined if the token does not contain it. */
  bot: Schema.optional(Schema.NonEmptyString),
  shard: Schema.NonNegativeInt,
  total: Schema.Int.pipe(Schema.positive()),
  apiVersion: Schema.Int.pipe(Schema.positive()),
  // Intents are whole numbers of 0 or more. Their own schema would load the module of intents with each session.
  intents: Schema.NonNegativeInt as unknown as Schema.Schema<Intents.Intents, number>,
  largeThreshold: Schema.Int,
  /** The presence that the session shows, as JSON text: that of the IDENTIFY, or of a later command. */
  presence: Schema.optional(Schema.String)
}) {}

/**
 * A session to resume. It encodes to JSON that the next process can decode.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Session } from "@vesper/gateway"
 * import { Schema } from "effect"
 *
 * const session = new Session.Session({ id: "abc", sequence: 42, resumeUrl: "wss://gateway.example" })
 * assert.deepStrictEqual(Schema.encodeSync(Session.Session)(session), {
 *   id: "abc",
 *   sequence: 42,
 *   resumeUrl: "wss://gateway.example"
 * })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export class Session extends Schema.Class<Session>("@vesper/gateway/Session")({
  id: Schema.NonEmptyString,
  /** The sequence number of the last event that was acknowledged: received or handled, by `ShardConfig.acknowledge`. */
  sequence: Schema.NonNegativeInt,
  /** The URL to resume at. Without it, the shard resumes at its gateway URL, and Discord needs one more hop. */
  resumeUrl: Schema.optional(Schema.NonEmptyString),
  /** The fields of the IDENTIFY. Without it, the session is resumed unchecked. */
  identity: Schema.optional(Identity)
}) {}
