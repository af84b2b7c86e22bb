/**
 * Control payloads of a shard. They are always validated, even if events are not; unlisted fields are ignored.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#receive-events
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Parser from "./internal/parser.js"
import * as Opcode from "./Opcode.js"

/**
 * A HELLO payload, the first message of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hello {
  readonly op: typeof Opcode.Hello
  readonly d: {
    /** In milliseconds. */
    readonly heartbeat_interval: number
  }
}

/**
 * A request to reconnect and resume.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reconnect {
  readonly op: typeof Opcode.Reconnect
}

/**
 * An Invalid Session payload: the session was invalidated or could not be started; `d` is true if it can be resumed.
 *
 * @since 0.1.0
 * @category models
 */
export interface InvalidSession {
  readonly op: typeof Opcode.InvalidSession
  readonly d: boolean
}

/**
 * A READY payload, which starts a session. Only its id is required, because nothing can be resumed without it. Without
 * `resume_gateway_url` the session is resumed at the gateway URL; the other fields are for logs and counts.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#ready
 * @since 0.1.0
 * @category models
 */
export interface Ready {
  readonly op: typeof Opcode.Dispatch
  readonly t: "READY"
  readonly s?: number | undefined
  readonly d: {
    readonly session_id: string
    readonly resume_gateway_url?: string | undefined
    /** The bot itself. */
    readonly user?: { readonly id: string; readonly username?: string | undefined } | undefined
    readonly guilds?: ReadonlyArray<unknown> | undefined
  }
}

/**
 * A control payload that is not as Discord documents it. The message quotes nothing of the payload, because the peer chooses
 * its size.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidControlError extends Data.TaggedError("InvalidControlError")<{
  /** The first wrong field, such as `["d", "session_id"]`; empty for a payload of another kind. */
  readonly path: ReadonlyArray<string>
}> {
  override get message(): string {
    return this.path.length === 0
      ? "it is not what Discord documents"
      : `"${this.path.join(".")}" is missing or not what Discord documents`
  }
}

const decode = <A>(parse: Parser.Parser<A>) => (payload: unknown): Either.Either<A, InvalidControlError> => {
  const parsed = parse(payload)
  return parsed instanceof Parser.Issue
    ? Either.left(new InvalidControlError({ path: parsed.path }))
    : Either.right(parsed)
}

/**
 * Validates a HELLO payload.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeHello: (payload: unknown) => Either.Either<Hello, InvalidControlError> = decode(
  Parser.struct<Hello>({
    op: Parser.literal(Opcode.Hello),
    d: Parser.struct<Hello["d"]>({
      heartbeat_interval: Parser.value(
        (value): value is number => typeof value === "number" && Number.isFinite(value) && value > 0,
        "must be a positive number"
      )
    })
  })
)

/**
 * Validates an Invalid Session payload.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeInvalidSession: (payload: unknown) => Either.Either<InvalidSession, InvalidControlError> = decode(
  Parser.struct<InvalidSession>({ op: Parser.literal(Opcode.InvalidSession), d: Parser.flag })
)

const anything: Parser.Parser<unknown> = (value) => value

/**
 * Validates a READY payload.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeReady: (payload: unknown) => Either.Either<Ready, InvalidControlError> = decode(
  Parser.struct<Ready>({
    op: Parser.literal(Opcode.Dispatch),
    t: Parser.literal("READY"),
    s: Parser.lenient(Parser.count),
    d: Parser.struct<Ready["d"]>({
      session_id: Parser.nonEmptyText,
      resume_gateway_url: Parser.lenient(Parser.nonEmptyText),
      user: Parser.lenient(
        Parser.struct<NonNullable<Ready["d"]["user"]>>({ id: Parser.text, username: Parser.lenient(Parser.text) })
      ),
      guilds: Parser.lenient(Parser.array(anything))
    })
  })
)
