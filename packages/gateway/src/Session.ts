/**
 * A session of the gateway: the id and sequence to resume it with, and the fields of its IDENTIFY.
 *
 * @see https://docs.discord.com/developers/events/gateway#resuming
 * @since 0.1.0
 */
import type * as Intents from "@vesper/model/Intents"
import * as Data from "effect/Data"

/**
 * The fields of the IDENTIFY of a session. A RESUME cannot change them, so a shard compares them to its own before it resumes a
 * session of another process. A session that lacks an intent, or that belongs to another bot, shard, total or API version, is
 * refused; one with any other difference is resumed.
 *
 * @since 0.1.0
 * @category models
 */
export class Identity extends Data.Class<{
  /** The bot's id; undefined if the token does not contain it. */
  readonly bot?: string | undefined
  readonly shard: number
  readonly total: number
  readonly apiVersion: number
  readonly intents: Intents.Intents
  readonly largeThreshold: number
  /** The presence that the session shows, as JSON text: that of the IDENTIFY, or of a later command. */
  readonly presence?: string | undefined
}> {}

/**
 * A session to resume. `GatewaySchema.Session` encodes it to JSON that the next process can decode.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Session } from "@vesper/gateway"
 * import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
 * import { Schema } from "effect"
 *
 * const session = new Session.Session({ id: "abc", sequence: 42, resumeUrl: "wss://gateway.example" })
 * assert.deepStrictEqual(Schema.encodeSync(GatewaySchema.Session)(session), {
 *   id: "abc",
 *   sequence: 42,
 *   resumeUrl: "wss://gateway.example"
 * })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export class Session extends Data.Class<{
  /** Not empty. */
  readonly id: string
  /** The sequence number of the last event that was acknowledged: received or handled, by `ShardConfig.acknowledge`. */
  readonly sequence: number
  /** The URL to resume at. Without it, the shard resumes at its gateway URL, and Discord needs one more hop. */
  readonly resumeUrl?: string | undefined
  /** The fields of the IDENTIFY. Without it, the session is resumed unchecked. */
  readonly identity?: Identity | undefined
}> {}
