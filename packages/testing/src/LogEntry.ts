/**
 * What a simulated gateway saw and did.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

interface Common {
  /** When, in milliseconds of the Clock. */
  readonly at: number
  /** Connections are numbered from 1. */
  readonly connection: number
  /** The shard on the connection, once it has identified or resumed. */
  readonly shard: number | undefined
}

/**
 * - `Opened`, `Refused`: a websocket, or an attempt at one.
 * - `Received`: a payload of the client's; the token in it is left out.
 * - `Sent`: a payload of the gateway's.
 * - `Identified`, `Resumed`: a session on the connection.
 * - `Closed`: the end of a connection, by whom and with what close frame.
 * - `SessionEnded`: a session that cannot be resumed any more.
 * - `Violation`: something that Discord would punish.
 *
 * @since 0.1.0
 * @category models
 */
export type LogEntry = Data.TaggedEnum<{
  Opened: Common & { readonly url: string }
  Refused: Common & { readonly url: string; readonly status: number }
  Received: Common & { readonly op: number; readonly d: unknown; readonly bytes: number }
  Sent: Common & { readonly op: number; readonly t: string | undefined; readonly s: number | undefined }
  Identified: Common & { readonly session: string; readonly intents: number }
  Resumed: Common & { readonly session: string; readonly replayed: number }
  Closed: Common & {
    readonly by: "client" | "gateway" | "network"
    readonly code: number | undefined
    readonly reason: string
  }
  SessionEnded: Common & { readonly session: string; readonly why: string }
  Violation: Common & { readonly rule: string; readonly detail: string }
}>

const entry = Data.taggedEnum<LogEntry>()

/**
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  Closed,
  /** @since 0.1.0 */
  Identified,
  /** @since 0.1.0 */
  Opened,
  /** @since 0.1.0 */
  Received,
  /** @since 0.1.0 */
  Refused,
  /** @since 0.1.0 */
  Resumed,
  /** @since 0.1.0 */
  Sent,
  /** @since 0.1.0 */
  SessionEnded,
  /** @since 0.1.0 */
  Violation
} = entry

/**
 * Narrows to the entries of a kind.
 *
 * @since 0.1.0
 * @category guards
 */
export const is = entry.$is

/**
 * Handles each kind of entry by its tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const match = entry.$match
