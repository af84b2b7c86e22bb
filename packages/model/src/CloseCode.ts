/**
 * Close codes of the gateway, and the reconnects that they allow.
 *
 * @see https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * A close code of the gateway, and its consequences.
 *
 * @since 0.1.0
 * @category models
 */
export interface CloseCode {
  readonly code: number
  readonly name: string
  /** A new connection may succeed. */
  readonly mayReconnect: boolean
  /** The session may still exist. */
  readonly mayResume: boolean
  /** The meaning, and the remedy. */
  readonly explanation: string
}

/**
 * The codes that Discord documents for the gateway, and those of the websocket protocol that it is seen to use.
 *
 * @since 0.1.0
 * @category constants
 */
export const all: ReadonlyArray<CloseCode> = [
  {
    code: 1000,
    name: "NormalClosure",
    mayReconnect: true,
    mayResume: true,
    explanation: "the gateway closed without giving a reason; reconnect"
  },
  {
    code: 1001,
    name: "GoingAway",
    mayReconnect: true,
    mayResume: true,
    explanation: "this gateway host is going down; reconnect"
  },
  {
    code: 1006,
    name: "AbnormalClosure",
    mayReconnect: true,
    mayResume: true,
    explanation: "the connection was lost without a close frame; reconnect"
  },
  {
    code: 4000,
    name: "UnknownError",
    mayReconnect: true,
    mayResume: true,
    explanation: "something went wrong at Discord's end; reconnect"
  },
  {
    code: 4001,
    name: "UnknownOpcode",
    mayReconnect: true,
    mayResume: true,
    explanation: "the client sent an opcode that does not exist, or a payload that does not fit it; check raw payloads"
  },
  {
    code: 4002,
    name: "DecodeError",
    mayReconnect: true,
    mayResume: true,
    explanation: "the client sent a payload that is not JSON or is longer than 4096 bytes; check raw payloads"
  },
  {
    code: 4003,
    name: "NotAuthenticated",
    mayReconnect: true,
    mayResume: false,
    explanation: "the client sent a payload before it identified, or its session had ended; identify to begin a new one"
  },
  {
    code: 4004,
    name: "AuthenticationFailed",
    mayReconnect: false,
    mayResume: false,
    explanation: "the token is not valid; copy the current one from the Bot page of your application"
  },
  {
    code: 4005,
    name: "AlreadyAuthenticated",
    mayReconnect: true,
    mayResume: true,
    explanation: "the client identified a second time on one connection; check raw payloads"
  },
  {
    code: 4007,
    name: "InvalidSequence",
    mayReconnect: true,
    mayResume: false,
    explanation: "the client resumed from a sequence number that was never sent to it; identify to begin a new session"
  },
  {
    code: 4008,
    name: "RateLimited",
    mayReconnect: true,
    mayResume: true,
    explanation: "the client sent more than 120 messages in a minute; send less"
  },
  {
    code: 4009,
    name: "SessionTimedOut",
    mayReconnect: true,
    mayResume: false,
    explanation: "the session was without a connection or a heartbeat for too long; identify to begin a new one"
  },
  {
    code: 4010,
    name: "InvalidShard",
    mayReconnect: false,
    mayResume: false,
    explanation: "the shard id and the number of shards do not fit each other or what Discord assigned; correct them"
  },
  {
    code: 4011,
    name: "ShardingRequired",
    mayReconnect: false,
    mayResume: false,
    explanation: "the shard would have more than 2,500 guilds; start with more shards"
  },
  {
    code: 4012,
    name: "InvalidApiVersion",
    mayReconnect: false,
    mayResume: false,
    explanation: "this version of the gateway is no longer served; upgrade the library"
  },
  {
    code: 4013,
    name: "InvalidIntents",
    mayReconnect: false,
    mayResume: false,
    explanation: "the intents contain a bit that stands for no intent; check how they are calculated"
  },
  {
    code: 4014,
    name: "DisallowedIntents",
    mayReconnect: false,
    mayResume: false,
    explanation: "the intents contain a privileged one that is not switched on; do so on the Bot page of your " +
      "application, or leave it out"
  }
]

const byCode = new Map(all.map((closeCode) => [closeCode.code, closeCode]))

/**
 * Returns a documented close code.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (code: number): Option.Option<CloseCode> => Option.fromNullable(byCode.get(code))

/**
 * Returns true if a new connection may succeed after this code, as after an unknown code.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { CloseCode } from "@vesper/model"
 *
 * assert.ok(CloseCode.mayReconnect(4000))
 * assert.ok(!CloseCode.mayReconnect(4014))
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const mayReconnect = (code: number): boolean => byCode.get(code)?.mayReconnect ?? true

/**
 * Returns true if the session may still exist after this code. A resume costs one round trip, and an IDENTIFY costs
 * one of a thousand per day, so the result for an unknown code is true.
 *
 * @since 0.1.0
 * @category getters
 */
export const mayResume = (code: number): boolean => byCode.get(code)?.mayResume ?? true

/**
 * Describes the meaning of a code and its remedy in one sentence.
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = (code: number): string =>
  byCode.get(code)?.explanation ?? "this code is not documented; reconnect"

/**
 * Returns true for a code that a close frame can carry. A websocket reports the others on its own: 1005 for a close frame
 * without a code, 1006 and 1015 for a connection that was lost without a close frame.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { CloseCode } from "@vesper/model"
 *
 * assert.ok(CloseCode.hasFrame(4000))
 * assert.ok(!CloseCode.hasFrame(1006))
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4
 * @since 0.1.0
 * @category guards
 */
export const hasFrame = (code: number): boolean =>
  Number.isInteger(code) &&
  ((code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999))
