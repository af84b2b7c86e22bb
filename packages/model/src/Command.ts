/**
 * Payloads that a shard sends, in the shapes of the protocol.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#send-events
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Parsers from "./internal/commandParser.js"
import * as Parser from "./internal/parser.js"
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
export const maxNonceBytes = Parsers.maxNonceBytes

/**
 * A command that Discord would refuse.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCommand extends Data.TaggedError("InvalidCommand")<{
  readonly command: string
  /** The wrong field, such as `["d", "nonce"]`. */
  readonly path: ReadonlyArray<string>
  readonly problem: string
}> {
  override get message(): string {
    return `${this.command} cannot be sent: ${this.path.join(".") || "the payload"} ${this.problem}`
  }
}

/**
 * An activity of a bot.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#activity-object
 * @since 0.1.0
 * @category models
 */
export interface PresenceActivity {
  readonly name: string
  /** 0 playing, 1 streaming, 2 listening, 3 watching, 4 custom (its text is `state`), 5 competing. */
  readonly type: number
  /** The stream, on Twitch or YouTube; needed for type 1 only. */
  readonly url?: string | null | undefined
  readonly state?: string | null | undefined
}

/**
 * The presence of a bot, as IDENTIFY and Presence Update send it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Presence {
  /** Since when the bot is idle, in milliseconds since 1970; null if it is not. */
  readonly since: number | null
  readonly activities: ReadonlyArray<PresenceActivity>
  readonly status: "online" | "dnd" | "idle" | "invisible" | "offline"
  readonly afk: boolean
}

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
 * A Presence Update payload.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#update-presence
 * @since 0.1.0
 * @category models
 */
export interface PresenceUpdate {
  readonly op: typeof Opcode.PresenceUpdate
  readonly d: Presence
}

/**
 * A Voice State Update payload.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#update-voice-state
 * @since 0.1.0
 * @category models
 */
export interface VoiceStateUpdate {
  readonly op: typeof Opcode.VoiceStateUpdate
  readonly d: {
    readonly guild_id: string
    /** The channel to join; null leaves. */
    readonly channel_id: string | null
    readonly self_mute: boolean
    readonly self_deaf: boolean
  }
}

/**
 * A Request Guild Members payload: members by the beginning of their name, all with an empty one, or by id. Exactly one of
 * `query` and `user_ids`.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#request-guild-members
 * @since 0.1.0
 * @category models
 */
export interface RequestGuildMembers {
  readonly op: typeof Opcode.RequestGuildMembers
  readonly d: {
    readonly guild_id: string
    readonly query?: string | undefined
    /** The maximum number of members, 0 for all with an empty query. Default with a query: 0. */
    readonly limit?: number | undefined
    readonly presences?: boolean | undefined
    readonly user_ids?: string | ReadonlyArray<string> | undefined
    /** Repeated in the responses; 32 bytes at most. */
    readonly nonce?: string | undefined
  }
}

/**
 * A Request Soundboard Sounds payload.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#request-soundboard-sounds
 * @since 0.1.0
 * @category models
 */
export interface RequestSoundboardSounds {
  readonly op: typeof Opcode.RequestSoundboardSounds
  readonly d: { readonly guild_ids: ReadonlyArray<string> }
}

/**
 * A Request Channel Info payload, with at least one field.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#request-channel-info
 * @since 0.1.0
 * @category models
 */
export interface RequestChannelInfo {
  readonly op: typeof Opcode.RequestChannelInfo
  readonly d: {
    readonly guild_id: string
    readonly fields: ReadonlyArray<"status" | "voice_start_time">
  }
}

/**
 * An IDENTIFY payload, which asks for a new session. The token is redacted.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#identify
 * @since 0.1.0
 * @category models
 */
export interface Identify {
  readonly op: typeof Opcode.Identify
  readonly d: {
    readonly token: Redacted.Redacted<string>
    readonly intents: number
    readonly properties: { readonly os: string; readonly browser: string; readonly device: string }
    readonly compress?: boolean | undefined
    readonly large_threshold?: number | undefined
    readonly shard?: readonly [id: number, total: number] | undefined
    readonly presence?: Presence | undefined
  }
}

/**
 * A RESUME payload, which continues a session. The token is redacted.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#resume
 * @since 0.1.0
 * @category models
 */
export interface Resume {
  readonly op: typeof Opcode.Resume
  readonly d: {
    readonly token: Redacted.Redacted<string>
    readonly session_id: string
    readonly seq: number
  }
}

/**
 * A heartbeat payload. `d` is the sequence number of the last event, or null before the first.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#heartbeat
 * @since 0.1.0
 * @category models
 */
export interface Heartbeat {
  readonly op: typeof Opcode.Heartbeat
  readonly d: number | null
}

/**
 * Commands that a program sends. Identify, resume and heartbeat are sent by the shard itself. `ModelSchema.Command` is their
 * Schema.
 *
 * @since 0.1.0
 * @category models
 */
export type Command =
  | PresenceUpdate
  | VoiceStateUpdate
  | RequestGuildMembers
  | RequestSoundboardSounds
  | RequestChannelInfo

/**
 * Every payload that a client sends.
 *
 * @since 0.1.0
 * @category models
 */
export type Outgoing = Command | Identify | Resume | Heartbeat

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

const isCommandOpcode = (op: unknown): op is Command["op"] =>
  (typeof op === "number" || typeof op === "string") && Object.hasOwn(Parsers.parsers, op)

const parseWith = <A extends Command>(op: A["op"], parse: Parser.Parser<A>) => (payload: unknown) => {
  const parsed = parse(payload)
  return parsed instanceof Parser.Issue
    ? Either.left(new InvalidCommand({ command: names[op], path: parsed.path, problem: parsed.problem }))
    : Either.right(parsed)
}

const parsePresence = parseWith(Opcode.PresenceUpdate, Parsers.parsers[Opcode.PresenceUpdate])
const parseVoiceState = parseWith(Opcode.VoiceStateUpdate, Parsers.parsers[Opcode.VoiceStateUpdate])
const parseMembers = parseWith(Opcode.RequestGuildMembers, Parsers.parsers[Opcode.RequestGuildMembers])
const parseSounds = parseWith(Opcode.RequestSoundboardSounds, Parsers.parsers[Opcode.RequestSoundboardSounds])
const parseChannelInfo = parseWith(Opcode.RequestChannelInfo, Parsers.parsers[Opcode.RequestChannelInfo])

/**
 * Validates a command that was not made by a constructor, and copies it without unknown fields.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (payload: unknown): Either.Either<Command, InvalidCommand> => {
  const op = Predicate.isRecord(payload) ? payload["op"] : undefined
  return isCommandOpcode(op)
    ? parseWith<Command>(op, Parsers.parsers[op])(payload)
    : Either.left(
      new InvalidCommand({ command: "the payload", path: ["op"], problem: "must be the opcode of a command" })
    )
}

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
  parsePresence({
    op: Opcode.PresenceUpdate,
    // Also for an argument that is not of its type.
    d: Predicate.isRecord(options) ? makePresence(options) : options
  })

/**
 * Joins, moves between or leaves voice channels.
 *
 * @since 0.1.0
 * @category constructors
 */
export const updateVoiceState = (d: VoiceStateUpdate["d"]): Either.Either<VoiceStateUpdate, InvalidCommand> =>
  parseVoiceState({ op: Opcode.VoiceStateUpdate, d })

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
  parseMembers({
    op: Opcode.RequestGuildMembers,
    d: d.query !== undefined && d.limit === undefined ? { ...d, limit: 0 } : d
  })

/**
 * Requests the soundboard sounds of guilds, which are received as one SOUNDBOARD_SOUNDS event each.
 *
 * @since 0.1.0
 * @category constructors
 */
export const requestSoundboardSounds = (
  d: RequestSoundboardSounds["d"]
): Either.Either<RequestSoundboardSounds, InvalidCommand> => parseSounds({ op: Opcode.RequestSoundboardSounds, d })

/**
 * Requests ephemeral data of a guild's channels, which is received as a CHANNEL_INFO event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const requestChannelInfo = (d: RequestChannelInfo["d"]): Either.Either<RequestChannelInfo, InvalidCommand> =>
  parseChannelInfo({ op: Opcode.RequestChannelInfo, d })

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
export const resume = (d: Resume["d"]): Resume => ({ op: Opcode.Resume, d })

/**
 * Makes a heartbeat with the last sequence number, or null before the first event.
 *
 * @since 0.1.0
 * @category constructors
 */
export const heartbeat = (sequence: number | null): Heartbeat => ({ op: Opcode.Heartbeat, d: sequence })

const prepare = (outgoing: Outgoing): unknown => {
  switch (outgoing.op) {
    case Opcode.Heartbeat:
      return outgoing
    case Opcode.Identify:
    case Opcode.Resume:
      return { op: outgoing.op, d: { ...outgoing.d, token: Redacted.value(outgoing.d.token) } }
    default:
      return Either.getOrThrowWith(validate(outgoing), (error) => error)
  }
}

/**
 * Serializes a payload. This is the only function that unwraps a token. Throws `InvalidCommand` for a command that was not
 * made by a constructor and that Discord would refuse.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (outgoing: Outgoing): string => JSON.stringify(prepare(outgoing))

/**
 * Returns the name of a payload.
 *
 * @since 0.1.0
 * @category getters
 */
export const name = (outgoing: Outgoing): string => names[outgoing.op]
