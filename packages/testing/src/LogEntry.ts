/**
 * Entries of a simulated gateway's log.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

interface Common {
  /** The time in milliseconds of the Clock. */
  readonly at: number
  /** The number of the connection, from 1. */
  readonly connection: number
  /** The shard of the connection, once it has identified or resumed. */
  readonly shard: number | undefined
}

/**
 * An entry of the log:
 * - `Opened`, `Refused`: a connection, or a refused attempt at one.
 * - `Received`: a payload of the client, without its token.
 * - `Sent`: a payload of the gateway.
 * - `Identified`, `Resumed`: a session on the connection.
 * - `Closed`: the end of a connection, with the side that closed it and the close frame.
 * - `SessionEnded`: a session that can no longer be resumed.
 * - `Requested`: a request of the HTTP API after its response, without tokens. `route` is its method and path with
 *   parameters, such as `POST /channels/:channel/messages`.
 * - `Violation`: a violation of Discord's rules.
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
  Requested: Common & {
    readonly method: string
    readonly path: string
    readonly route: string
    readonly body: unknown
    readonly files: ReadonlyArray<string>
    readonly status: number
  }
  Violation: Common & { readonly rule: string; readonly detail: string }
}>

const entry = Data.taggedEnum<LogEntry>()

/**
 * Constructors of every entry.
 *
 * @since 0.1.0
 * @category constructors
 */
export const {
  /**
   * The end of a connection.
   *
   * @since 0.1.0
   */
  Closed,
  /**
   * A new session.
   *
   * @since 0.1.0
   */
  Identified,
  /**
   * A new connection.
   *
   * @since 0.1.0
   */
  Opened,
  /**
   * A payload of the client.
   *
   * @since 0.1.0
   */
  Received,
  /**
   * A refused attempt to connect.
   *
   * @since 0.1.0
   */
  Refused,
  /**
   * A request of the HTTP API.
   *
   * @since 0.1.0
   */
  Requested,
  /**
   * A resumed session.
   *
   * @since 0.1.0
   */
  Resumed,
  /**
   * A payload of the gateway.
   *
   * @since 0.1.0
   */
  Sent,
  /**
   * The end of a session.
   *
   * @since 0.1.0
   */
  SessionEnded,
  /**
   * A violation of Discord's rules.
   *
   * @since 0.1.0
   */
  Violation
} = entry

/**
 * Narrows to entries of one kind.
 *
 * @since 0.1.0
 * @category guards
 */
export const is = entry.$is

/**
 * Matches an entry by its tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const match = entry.$match
