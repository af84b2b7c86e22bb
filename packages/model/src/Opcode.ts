/**
 * Opcodes, the kinds of payloads.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * An event.
 *
 * @since 0.1.0
 * @category constants
 */
export const Dispatch = 0

/**
 * A heartbeat; from the gateway, the wish for one at once.
 *
 * @since 0.1.0
 * @category constants
 */
export const Heartbeat = 1

/**
 * Asks for a new session.
 *
 * @since 0.1.0
 * @category constants
 */
export const Identify = 2

/**
 * Changes the bot's presence.
 *
 * @since 0.1.0
 * @category constants
 */
export const PresenceUpdate = 3

/**
 * Joins, moves between or leaves voice channels.
 *
 * @since 0.1.0
 * @category constants
 */
export const VoiceStateUpdate = 4

/**
 * Takes up a session after a lost connection.
 *
 * @since 0.1.0
 * @category constants
 */
export const Resume = 6

/**
 * The gateway wants the shard to reconnect and resume.
 *
 * @since 0.1.0
 * @category constants
 */
export const Reconnect = 7

/**
 * Asks for members of a guild.
 *
 * @since 0.1.0
 * @category constants
 */
export const RequestGuildMembers = 8

/**
 * The session is over, or could not be made.
 *
 * @since 0.1.0
 * @category constants
 */
export const InvalidSession = 9

/**
 * The gateway's first message, with the heartbeat interval.
 *
 * @since 0.1.0
 * @category constants
 */
export const Hello = 10

/**
 * Acknowledges a heartbeat.
 *
 * @since 0.1.0
 * @category constants
 */
export const HeartbeatAck = 11

/**
 * Asks for the soundboard sounds of guilds.
 *
 * @since 0.1.0
 * @category constants
 */
export const RequestSoundboardSounds = 31

/**
 * Requests ephemeral data of a guild's channels.
 *
 * @since 0.1.0
 * @category constants
 */
export const RequestChannelInfo = 43

/**
 * A documented opcode.
 *
 * @since 0.1.0
 * @category models
 */
export type Opcode = keyof typeof table

/**
 * An opcode that a client may send.
 *
 * @since 0.1.0
 * @category models
 */
export type Sent = { readonly [K in Opcode]: typeof table[K]["isSent"] extends true ? K : never }[Opcode]

/**
 * An opcode that the gateway sends.
 *
 * @since 0.1.0
 * @category models
 */
export type Received = { readonly [K in Opcode]: typeof table[K]["isReceived"] extends true ? K : never }[Opcode]

const table = {
  [Dispatch]: {
    name: "Dispatch",
    isSent: false,
    isReceived: true,
    text: "an event: its name is in t, its number in the session in s, its body in d"
  },
  [Heartbeat]: {
    name: "Heartbeat",
    isSent: true,
    isReceived: true,
    text: "a sign of life, with the number of the last event; from the gateway, the wish for one at once"
  },
  [Identify]: {
    name: "Identify",
    isSent: true,
    isReceived: false,
    text:
      "asks for a new session; Discord allows a thousand a day, and one every five seconds for each bucket of shards"
  },
  [PresenceUpdate]: {
    name: "PresenceUpdate",
    isSent: true,
    isReceived: false,
    text: "changes the bot's presence; five in 20 seconds"
  },
  [VoiceStateUpdate]: {
    name: "VoiceStateUpdate",
    isSent: true,
    isReceived: false,
    text: "joins, moves between or leaves voice channels"
  },
  [Resume]: {
    name: "Resume",
    isSent: true,
    isReceived: false,
    text: "takes up a session after a lost connection; what was missed is sent again"
  },
  [Reconnect]: {
    name: "Reconnect",
    isSent: false,
    isReceived: true,
    text: "the gateway wants the shard to reconnect and resume; this is ordinary, and the shard does so at once"
  },
  [RequestGuildMembers]: {
    name: "RequestGuildMembers",
    isSent: true,
    isReceived: false,
    text: "asks for members of a guild; GUILD_MEMBERS_CHUNK events answer"
  },
  [InvalidSession]: {
    name: "InvalidSession",
    isSent: false,
    isReceived: true,
    text: "the session is over, or could not be made; the shard resumes if d is true, and identifies if not"
  },
  [Hello]: {
    name: "Hello",
    isSent: false,
    isReceived: true,
    text: "the gateway's first message, with the heartbeat interval"
  },
  [HeartbeatAck]: {
    name: "HeartbeatAck",
    isSent: false,
    isReceived: true,
    text: "acknowledges a heartbeat; a connection on which it stays away counts as dead"
  },
  [RequestSoundboardSounds]: {
    name: "RequestSoundboardSounds",
    isSent: true,
    isReceived: false,
    text: "asks for the soundboard sounds of guilds; SOUNDBOARD_SOUNDS events answer"
  },
  [RequestChannelInfo]: {
    name: "RequestChannelInfo",
    isSent: true,
    isReceived: false,
    text: "asks for what is short-lived about a guild's channels; CHANNEL_INFO answers"
  }
} as const

/**
 * Narrows to a documented opcode.
 *
 * @since 0.1.0
 * @category guards
 */
export const isKnown = (opcode: number): opcode is Opcode => Object.hasOwn(table, opcode)

/**
 * The opcode's name; none for one that Discord does not document.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Opcode } from "@vesper/model"
 * import { Option } from "effect"
 *
 * assert.deepStrictEqual(Opcode.name(10), Option.some("Hello"))
 * assert.deepStrictEqual(Opcode.name(5), Option.none())
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const name = (opcode: number): Option.Option<string> =>
  isKnown(opcode) ? Option.some(table[opcode].name) : Option.none()

/**
 * Every opcode that Discord documents, in ascending order.
 *
 * @since 0.1.0
 * @category constants
 */
// An object literal has only its own keys, and integer keys are enumerated in ascending order.
export const all: ReadonlyArray<Opcode> = Object.keys(table).map((key) => Number(key) as Opcode)

/**
 * Describes the purpose of an opcode in one sentence.
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = (opcode: Opcode): string => table[opcode].text

/**
 * Narrows to an opcode that a client may send.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSent = (opcode: number): opcode is Sent => isKnown(opcode) && table[opcode].isSent

/**
 * Narrows to an opcode that the gateway sends.
 *
 * @since 0.1.0
 * @category guards
 */
export const isReceived = (opcode: number): opcode is Received => isKnown(opcode) && table[opcode].isReceived
