/**
 * Schemas of this package's values, for RPC, stores and responses of Discord. They are apart from the values, because
 * `effect/Schema` doubles the modules that a program loads.
 *
 * @since 0.1.0
 */
import * as ModelSchema from "@vesper/model/ModelSchema"
import * as Schema from "effect/Schema"
import type * as GatewayApi from "./GatewayApi.js"
import * as SessionModule from "./Session.js"
import * as ShardError from "./ShardError.js"

const Count = Schema.Int.pipe(Schema.nonNegative())
const AtLeastOne = Schema.Int.pipe(Schema.positive())

const identityFields = Schema.Struct({
  bot: Schema.optional(Schema.NonEmptyString),
  shard: Count,
  total: AtLeastOne,
  apiVersion: AtLeastOne,
  intents: ModelSchema.Intents,
  largeThreshold: Schema.Int,
  presence: Schema.optional(Schema.String)
})

/**
 * Schema of the identity of a session, from JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Identity: Schema.Schema<SessionModule.Identity, typeof identityFields.Encoded> = Schema.transform(
  identityFields,
  Schema.instanceOf(SessionModule.Identity),
  { strict: true, decode: (fields) => new SessionModule.Identity(fields), encode: (self) => self }
)

const sessionFields = Schema.Struct({
  id: Schema.NonEmptyString,
  sequence: Count,
  resumeUrl: Schema.optional(Schema.NonEmptyString),
  identity: Schema.optional(Identity)
})

/**
 * Schema of a session, from JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Session: Schema.Schema<SessionModule.Session, typeof sessionFields.Encoded> = Schema.transform(
  sessionFields,
  Schema.instanceOf(SessionModule.Session),
  { strict: true, decode: (fields) => new SessionModule.Session(fields), encode: (self) => self }
)

const sendErrorFields = Schema.Struct({
  _tag: Schema.Literal("SendError"),
  reason: Schema.Literal("Sending", "Serializing", "TooLarge"),
  cause: Schema.Defect
})

/**
 * Schema of a `SendError`, whose cause is encoded as its message.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SendError: Schema.Schema<ShardError.SendError, typeof sendErrorFields.Encoded> = Schema.transform(
  sendErrorFields,
  Schema.instanceOf(ShardError.SendError),
  {
    strict: true,
    decode: ({ cause, reason }) => new ShardError.SendError({ cause, reason }),
    encode: ({ _tag, cause, reason }) => ({ _tag, cause, reason })
  }
)

/**
 * Schema of the limits of the sessions that a bot may start, from the response of Discord.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionStartLimit = Schema.Struct({
  total: Count,
  remaining: Count,
  resetAfter: Schema.propertySignature(Schema.DurationFromMillis).pipe(Schema.fromKey("reset_after")),
  maxConcurrency: Schema.propertySignature(AtLeastOne).pipe(Schema.fromKey("max_concurrency"))
})

const gatewayBotFields = Schema.Struct({
  url: Schema.NonEmptyString,
  shards: AtLeastOne,
  sessionStartLimit: Schema.propertySignature(SessionStartLimit).pipe(Schema.fromKey("session_start_limit"))
})

/**
 * Schema of the response of GET /gateway/bot.
 *
 * @since 0.1.0
 * @category schemas
 */
export const GatewayBot: Schema.Schema<GatewayApi.GatewayBot, typeof gatewayBotFields.Encoded> = gatewayBotFields
