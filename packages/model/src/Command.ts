/**
 * Payloads that a shard sends, in the shapes of the protocol.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#send-events
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Check from "./internal/commandCheck.js"
import * as Opcode from "./Opcode.js"

/**
 * The longest payload that Discord takes, in bytes of UTF-8. A longer one closes the connection with 4002.
 *
 * @see https://docs.discord.com/developers/events/gateway#sending-events
 * @since 0.1.0
 * @category constants
 */
export const maxBytes = 4096

/**
 * The longest nonce of a member request, in bytes of UTF-8. Discord ignores a longer one without a word.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxNonceBytes = Check.maxNonceBytes

/**
 * A command that Discord would refuse.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCommand extends Schema.TaggedError<InvalidCommand>("@vesper/model/InvalidCommand")(
  "InvalidCommand",
  {
    command: Schema.String,
    /** The fields that are wrong, such as `["d", "nonce"]`. */
    path: Schema.Array(Schema.String),
    problem: Schema.String
  }
) {
  override get message(): string {
    return `${this.command} cannot be sent: ${this.path.join(".") || "the payload"} ${this.problem}`
  }
}

/**
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object
 * @since 0.1.0
 * @category schemas
 */
export const Activity = Schema.Struct({
  name: Schema.NonEmptyString.annotations({ message: () => "must not be empty" }),
  /** 0 playing, 1 streaming, 2 listening, 3 watching, 4 custom (its text is `state`), 5 competing. */
  type: Schema.Int.pipe(Schema.between(0, 5, { message: () => "must be a number from 0 to 5" })),
  /** The stream, on Twitch or YouTube; needed for type 1 only. */
  url: Schema.optional(Schema.NullOr(Schema.String)),
  state: Schema.optional(Schema.NullOr(Schema.String))
}).pipe(Schema.filter(Check.activity))

/**
 * The presence of a bot, as IDENTIFY and Presence Update send it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Presence = Schema.Struct({
  /** Since when the bot is idle, in milliseconds since 1970; null if it is not. */
  since: Schema.NullOr(Schema.Int),
  activities: Schema.Array(Activity),
  status: Schema.Literal("online", "dnd", "idle", "invisible", "offline").annotations({
    message: () => ({ message: "must be online, dnd, idle, invisible or offline", override: true })
  }),
  afk: Schema.Boolean
})

/**
 * The presence of a bot.
 *
 * @since 0.1.0
 * @category models
 */
export type Presence = typeof Presence.Type

/**
 * A presence whose fields have defaults, except the status.
 *
 * @since 0.1.0
 * @category models
 */
export interface PresenceOptions {
  readonly status: Presence["status"]
  /** Default: none. */
  readonly activities?: Presence["activities"] | undefined
  /** The time in milliseconds since 1970 from which the bot is idle. Default: null. */
  readonly since?: number | null | undefined
  /** Default: false. */
  readonly afk?: boolean | undefined
}

/**
 * Makes a presence with the defaults of `PresenceOptions`. It is validated when it is sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePresence = (
  { activities = [], afk = false, since = null, status }: PresenceOptions
): Presence => ({ since, activities, status, afk })

/**
 * @see https://docs.discord.com/developers/events/gateway-events#update-presence
 * @since 0.1.0
 * @category schemas
 */
export const PresenceUpdate = Schema.Struct({ op: Schema.Literal(Opcode.PresenceUpdate), d: Presence })

/**
 * A Presence Update payload.
 *
 * @since 0.1.0
 * @category models
 */
export type PresenceUpdate = typeof PresenceUpdate.Type

/**
 * @see https://docs.discord.com/developers/events/gateway-events#update-voice-state
 * @since 0.1.0
 * @category schemas
 */
export const VoiceStateUpdate = Schema.Struct({
  op: Schema.Literal(Opcode.VoiceStateUpdate),
  d: Schema.Struct({
    guild_id: Check.Id,
    /** The channel to join; null leaves. */
    channel_id: Schema.NullOr(Check.Id),
    self_mute: Schema.Boolean,
    self_deaf: Schema.Boolean
  })
})

/**
 * A Voice State Update payload.
 *
 * @since 0.1.0
 * @category models
 */
export type VoiceStateUpdate = typeof VoiceStateUpdate.Type

/**
 * Members by the beginning of their name, all with an empty one, or by id. Exactly one of `query` and `user_ids`.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#request-guild-members
 * @since 0.1.0
 * @category schemas
 */
export const RequestGuildMembers = Schema.Struct({
  op: Schema.Literal(Opcode.RequestGuildMembers),
  d: Schema.Struct({
    guild_id: Check.Id,
    query: Schema.optional(Schema.String),
    /** The maximum number of members, 0 for all with an empty query. Default with a query: 0. */
    limit: Schema.optional(Schema.NonNegativeInt),
    presences: Schema.optional(Schema.Boolean),
    user_ids: Schema.optional(Schema.Union(Check.Id, Schema.Array(Check.Id))),
    /** Repeated in the responses; 32 bytes at most. */
    nonce: Schema.optional(Schema.String)
  }).pipe(Schema.filter(Check.memberRequest))
})

/**
 * A Request Guild Members payload.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestGuildMembers = typeof RequestGuildMembers.Type

/**
 * @see https://docs.discord.com/developers/events/gateway-events#request-soundboard-sounds
 * @since 0.1.0
 * @category schemas
 */
export const RequestSoundboardSounds = Schema.Struct({
  op: Schema.Literal(Opcode.RequestSoundboardSounds),
  d: Schema.Struct({ guild_ids: Schema.Array(Check.Id) })
})

/**
 * A Request Soundboard Sounds payload.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestSoundboardSounds = typeof RequestSoundboardSounds.Type

/**
 * @see https://docs.discord.com/developers/events/gateway-events#request-channel-info
 * @since 0.1.0
 * @category schemas
 */
export const RequestChannelInfo = Schema.Struct({
  op: Schema.Literal(Opcode.RequestChannelInfo),
  d: Schema.Struct({
    guild_id: Check.Id,
    fields: Schema.NonEmptyArray(Schema.Literal("status", "voice_start_time"))
  })
})

/**
 * A Request Channel Info payload.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestChannelInfo = typeof RequestChannelInfo.Type

/**
 * Asks for a new session. Its decoded side keeps the token redacted.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#identify
 * @since 0.1.0
 * @category schemas
 */
export const Identify = Schema.Struct({
  op: Schema.Literal(Opcode.Identify),
  d: Schema.Struct({
    token: Schema.Redacted(Schema.String),
    intents: Schema.NonNegative,
    properties: Schema.Struct({ os: Schema.String, browser: Schema.String, device: Schema.String }),
    compress: Schema.optional(Schema.Boolean),
    large_threshold: Schema.optional(Schema.Int),
    shard: Schema.optional(Schema.Tuple(Schema.NonNegativeInt, Schema.Positive)),
    presence: Schema.optional(Presence)
  })
})

/**
 * An IDENTIFY payload.
 *
 * @since 0.1.0
 * @category models
 */
export type Identify = typeof Identify.Type

/**
 * Takes up a session. Its decoded side keeps the token redacted.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#resume
 * @since 0.1.0
 * @category schemas
 */
export const Resume = Schema.Struct({
  op: Schema.Literal(Opcode.Resume),
  d: Schema.Struct({
    token: Schema.Redacted(Schema.String),
    session_id: Schema.String,
    seq: Schema.NonNegativeInt
  })
})

/**
 * A RESUME payload.
 *
 * @since 0.1.0
 * @category models
 */
export type Resume = typeof Resume.Type

/**
 * `d` is the sequence number of the last event, or null before the first.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#heartbeat
 * @since 0.1.0
 * @category schemas
 */
export const Heartbeat = Schema.Struct({
  op: Schema.Literal(Opcode.Heartbeat),
  d: Schema.NullOr(Schema.NonNegativeInt)
})

/**
 * A heartbeat payload.
 *
 * @since 0.1.0
 * @category models
 */
export type Heartbeat = typeof Heartbeat.Type

/**
 * Schema of the commands that a program sends.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Command = Schema.Union(
  PresenceUpdate,
  VoiceStateUpdate,
  RequestGuildMembers,
  RequestSoundboardSounds,
  RequestChannelInfo
)

/**
 * Commands that a program sends. Identify, resume and heartbeat are sent by the shard itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Command = typeof Command.Type

/**
 * Schema of every payload that a client sends.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Outgoing = Schema.Union(Command, Identify, Resume, Heartbeat)

/**
 * Every payload that a client sends.
 *
 * @since 0.1.0
 * @category models
 */
export type Outgoing = typeof Outgoing.Type

const names: Readonly<Record<Outgoing["op"], string>> = {
  [Opcode.Heartbeat]: "heartbeat",
  [Opcode.Identify]: "identify",
  [Opcode.Resume]: "resume",
  [Opcode.PresenceUpdate]: "presence update",
  [Opcode.VoiceStateUpdate]: "voice state update",
  [Opcode.RequestGuildMembers]: "request guild members",
  [Opcode.RequestSoundboardSounds]: "request soundboard sounds",
  [Opcode.RequestChannelInfo]: "request channel info"
}

/** Validates the input, and names the wrong field in one line. */
const checked = <A extends Command>(op: A["op"], schema: Schema.Schema<A>) => {
  const validate = Schema.validateEither(schema)
  return (d: unknown): Either.Either<A, InvalidCommand> =>
    Either.mapLeft(validate({ op, d }), (error) => {
      const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
      return new InvalidCommand({
        command: names[op],
        path: (issue?.path ?? []).map(String),
        problem: issue?.message ?? error.message
      })
    })
}

const checkPresence = checked(Opcode.PresenceUpdate, PresenceUpdate)
const checkVoiceState = checked(Opcode.VoiceStateUpdate, VoiceStateUpdate)
const checkMembers = checked(Opcode.RequestGuildMembers, RequestGuildMembers)
const checkSounds = checked(Opcode.RequestSoundboardSounds, RequestSoundboardSounds)
const checkChannelInfo = checked(Opcode.RequestChannelInfo, RequestChannelInfo)

/**
 * Changes the bot's presence. Without activities, the current ones are cleared.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Command } from "@vesper/model"
 * import { Either } from "effect"
 *
 * const { d } = Either.getOrThrow(Command.updatePresence({ status: "idle" }))
 * assert.deepStrictEqual(d, { since: null, activities: [], status: "idle", afk: false })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const updatePresence = (options: PresenceOptions): Either.Either<PresenceUpdate, InvalidCommand> =>
  checkPresence(Predicate.isRecord(options) ? makePresence(options) : options)

/**
 * Joins, moves between or leaves voice channels.
 *
 * @since 0.1.0
 * @category constructors
 */
export const updateVoiceState = (d: VoiceStateUpdate["d"]): Either.Either<VoiceStateUpdate, InvalidCommand> =>
  checkVoiceState(d)

/**
 * Requests members of a guild, which are received as GUILD_MEMBERS_CHUNK events.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Command } from "@vesper/model"
 * import { Either } from "effect"
 *
 * const request = Command.requestGuildMembers({ guild_id: "1", query: "a", user_ids: ["2"] })
 * assert.match(String(Either.getLeft(request)), /give exactly one of them/)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const requestGuildMembers = (
  d: RequestGuildMembers["d"]
): Either.Either<RequestGuildMembers, InvalidCommand> =>
  checkMembers(d.query !== undefined && d.limit === undefined ? { ...d, limit: 0 } : d)

/**
 * Requests the soundboard sounds of guilds, which are received as one SOUNDBOARD_SOUNDS event each.
 *
 * @since 0.1.0
 * @category constructors
 */
export const requestSoundboardSounds = (
  d: RequestSoundboardSounds["d"]
): Either.Either<RequestSoundboardSounds, InvalidCommand> => checkSounds(d)

/**
 * Requests ephemeral data of a guild's channels, which is received as a CHANNEL_INFO event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const requestChannelInfo = (d: RequestChannelInfo["d"]): Either.Either<RequestChannelInfo, InvalidCommand> =>
  checkChannelInfo(d)

/**
 * Makes an IDENTIFY payload.
 *
 * @since 0.1.0
 * @category constructors
 */
export const identify = (d: Identify["d"]): Identify => ({ op: Opcode.Identify, d })

/**
 * Makes a RESUME payload.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resume = (
  d: { readonly token: Redacted.Redacted<string>; readonly session_id: string; readonly seq: number }
): Resume => ({ op: Opcode.Resume, d })

/**
 * Makes a heartbeat with the last sequence number, or null before the first event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const heartbeat = (sequence: number | null): Heartbeat => ({ op: Opcode.Heartbeat, d: sequence })

const encodeOutgoing = Schema.encodeSync(Outgoing)

/**
 * Serializes a payload. This is the only function that unwraps a token. Throws a `ParseError` for a command that was not
 * made by a constructor and that Discord would refuse.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (outgoing: Outgoing): string =>
  // A heartbeat, by far the most frequent, needs no conversion.
  JSON.stringify(outgoing.op === Opcode.Heartbeat ? outgoing : encodeOutgoing(outgoing))

/**
 * Returns the name of a payload.
 *
 * @since 0.1.0
 * @category getters
 */
export const name = (outgoing: Outgoing): string => names[outgoing.op]
