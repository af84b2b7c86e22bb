/**
 * Where a shard stands.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Option from "effect/Option"

/**
 * - `Disconnected`: no connection; not started yet, waiting before the next attempt, or closed by the program.
 * - `Connecting`: the websocket is being opened, or open and without its hello.
 * - `Identifying`: asking for a new session; waiting for a turn in the identify queue, or for READY.
 * - `Resuming`: the session is being resumed; missed events may already arrive.
 * - `Connected`: events flow.
 * - `FatallyClosed`: the gateway has closed the shard for good.
 *
 * @since 0.1.0
 * @category models
 */
export type ShardStatus = Data.TaggedEnum<{
  Disconnected: {
    /** The code of the close frame that ended the last connection; none if it was lost, or if there was none yet. */
    readonly closeCode: Option.Option<number>
    /** How many connections in a row have ended before they were stable. */
    readonly reconnectAttempts: number
  }
  Connecting: {}
  Identifying: {}
  Resuming: {}
  Connected: {}
  FatallyClosed: { readonly closeCode: number }
}>

const status = Data.taggedEnum<ShardStatus>()

/**
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  Connected,
  /** @since 0.1.0 */
  Connecting,
  /** @since 0.1.0 */
  Disconnected,
  /** @since 0.1.0 */
  FatallyClosed,
  /** @since 0.1.0 */
  Identifying,
  /** @since 0.1.0 */
  Resuming
} = status

/**
 * Handles each status by its tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const match = status.$match

/**
 * @since 0.1.0
 * @category guards
 */
export const isConnected: (self: ShardStatus) => boolean = status.$is("Connected")

/**
 * @since 0.1.0
 * @category guards
 */
export const isConnecting: (self: ShardStatus) => boolean = status.$is("Connecting")

/**
 * @since 0.1.0
 * @category guards
 */
export const isDisconnected: (self: ShardStatus) => boolean = status.$is("Disconnected")

/**
 * @since 0.1.0
 * @category guards
 */
export const isFatallyClosed: (self: ShardStatus) => boolean = status.$is("FatallyClosed")

/**
 * @since 0.1.0
 * @category guards
 */
export const isIdentifying: (self: ShardStatus) => boolean = status.$is("Identifying")

/**
 * @since 0.1.0
 * @category guards
 */
export const isResuming: (self: ShardStatus) => boolean = status.$is("Resuming")

/**
 * Whether there is a session on the connection: `Connected`, or `Resuming` one.
 *
 * @since 0.1.0
 * @category guards
 */
export const isIdentified = (self: ShardStatus): boolean => isConnected(self) || isResuming(self)
