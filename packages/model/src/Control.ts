/**
 * Control payloads of a shard. They are always validated, even if events are not; unlisted fields are ignored.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Opcode from "./Opcode.js"

/**
 * The first message of a connection.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Hello = Schema.Struct({
  op: Schema.Literal(Opcode.Hello),
  d: Schema.Struct({
    /** In milliseconds. */
    heartbeat_interval: Schema.Number.pipe(Schema.finite(), Schema.positive())
  })
})

/**
 * A HELLO payload.
 *
 * @since 0.1.0
 * @category models
 */
export type Hello = typeof Hello.Type

/**
 * The gateway wants a heartbeat at once.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HeartbeatRequest = Schema.Struct({ op: Schema.Literal(Opcode.Heartbeat) })

/**
 * A request for a heartbeat.
 *
 * @since 0.1.0
 * @category models
 */
export type HeartbeatRequest = typeof HeartbeatRequest.Type

/**
 * A heartbeat has arrived.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HeartbeatAck = Schema.Struct({ op: Schema.Literal(Opcode.HeartbeatAck) })

/**
 * An acknowledgement of a heartbeat.
 *
 * @since 0.1.0
 * @category models
 */
export type HeartbeatAck = typeof HeartbeatAck.Type

/**
 * The gateway wants the shard to reconnect and resume.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Reconnect = Schema.Struct({ op: Schema.Literal(Opcode.Reconnect) })

/**
 * A request to reconnect.
 *
 * @since 0.1.0
 * @category models
 */
export type Reconnect = typeof Reconnect.Type

/**
 * The session was invalidated or could not be started; `d` is true if it can be resumed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InvalidSession = Schema.Struct({ op: Schema.Literal(Opcode.InvalidSession), d: Schema.Boolean })

/**
 * An Invalid Session payload.
 *
 * @since 0.1.0
 * @category models
 */
export type InvalidSession = typeof InvalidSession.Type

/** A field that the message can do without: a value of another type counts as missing. */
const optional = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optional(Schema.UndefinedOr(schema).annotations({ decodingFallback: () => Either.right(undefined) }))

/**
 * A new session. Only its id is required, because nothing can be resumed without it. Without `resume_gateway_url` the
 * session is resumed at the gateway URL; the other fields are for logs and counts.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#ready
 * @since 0.1.0
 * @category schemas
 */
export const Ready = Schema.Struct({
  op: Schema.Literal(Opcode.Dispatch),
  t: Schema.Literal("READY"),
  s: optional(Schema.NonNegativeInt),
  d: Schema.Struct({
    session_id: Schema.NonEmptyString,
    resume_gateway_url: optional(Schema.NonEmptyString),
    /** The bot itself. */
    user: optional(Schema.Struct({ id: Schema.String, username: optional(Schema.String) })),
    guilds: optional(Schema.Array(Schema.Unknown))
  })
})

/**
 * A READY payload.
 *
 * @since 0.1.0
 * @category models
 */
export type Ready = typeof Ready.Type

/**
 * A session was resumed; everything missed has been replayed. Some gateway proxies send it without a sequence number.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Resumed = Schema.Struct({
  op: Schema.Literal(Opcode.Dispatch),
  t: Schema.Literal("RESUMED"),
  s: optional(Schema.NonNegativeInt)
})

/**
 * A RESUMED payload.
 *
 * @since 0.1.0
 * @category models
 */
export type Resumed = typeof Resumed.Type

/**
 * Validates a HELLO payload.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeHello: (payload: unknown) => Either.Either<Hello, ParseResult.ParseError> = Schema
  .decodeUnknownEither(Hello)

/**
 * Validates an Invalid Session payload.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeInvalidSession: (payload: unknown) => Either.Either<InvalidSession, ParseResult.ParseError> = Schema
  .decodeUnknownEither(InvalidSession)

/**
 * Validates a READY payload.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeReady: (payload: unknown) => Either.Either<Ready, ParseResult.ParseError> = Schema
  .decodeUnknownEither(Ready)

const issuePath = (issue: ParseResult.ParseIssue): ReadonlyArray<PropertyKey> => {
  switch (issue._tag) {
    case "Pointer":
      return [issue.path].flat().concat(issuePath(issue.issue))
    case "Composite": {
      const [first] = [issue.issues].flat()
      return first === undefined ? [] : issuePath(first)
    }
    case "Refinement":
    case "Transformation":
      return issuePath(issue.issue)
    default:
      return []
  }
}

/**
 * Names the first field that is missing or not as documented. It quotes nothing of the payload, whose size and nesting are
 * the peer's choice: formatting the error itself can take megabytes or overflow the stack.
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = (error: ParseResult.ParseError): string => {
  const path = issuePath(error.issue).map(String).join(".")
  return path === "" ? "it is not what Discord documents" : `"${path}" is missing or not what Discord documents`
}
