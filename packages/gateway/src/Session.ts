/**
 * A session: what the gateway knows a shard by, and what it takes to resume after a lost connection.
 *
 * @see https://docs.discord.com/developers/events/gateway#resuming
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Serialises to plain JSON, so that it can be handed to the next process.
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
  /** The sequence number of the last event that is done: received, or handled, as `ShardConfig.acknowledge` says. */
  sequence: Schema.NonNegativeInt,
  /** Where to resume. Without it the shard resumes at its gateway URL, which costs Discord an extra hop. */
  resumeUrl: Schema.optional(Schema.NonEmptyString)
}) {}
