/**
 * The status of a shard.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Option from "effect/Option"

/**
 * - `Disconnected`: not started yet, waiting before the next attempt, or closed by the program.
 * - `Connecting`: opening the websocket, or waiting for HELLO.
 * - `Identifying`: waiting for a permit of the identify queue, or for READY.
 * - `Resuming`: resuming the session; missed events may already arrive.
 * - `Connected`: receiving events of an established session.
 * - `FatallyClosed`: the gateway has closed the shard permanently.
 *
 * @since 0.1.0
 * @category models
 */
export type ShardStatus = Data.TaggedEnum<{
  Disconnected: {
    /** The code of the close frame that ended the last connection; none if it was lost, or if there was none yet. */
    readonly closeCode: Option.Option<number>
    /** The number of consecutive connections that ended before they were stable. */
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
 * Constructors of the status.
 *
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
 * Returns true for `Connected`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isConnected: (self: ShardStatus) => self is Extract<ShardStatus, { readonly _tag: "Connected" }> = status
  .$is("Connected")

/**
 * Returns true for `Connecting`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isConnecting: (self: ShardStatus) => self is Extract<ShardStatus, { readonly _tag: "Connecting" }> = status
  .$is("Connecting")

/**
 * Returns true for `Disconnected`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isDisconnected: (self: ShardStatus) => self is Extract<ShardStatus, { readonly _tag: "Disconnected" }> =
  status.$is("Disconnected")

/**
 * Returns true for `FatallyClosed`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isFatallyClosed: (self: ShardStatus) => self is Extract<ShardStatus, { readonly _tag: "FatallyClosed" }> =
  status.$is("FatallyClosed")

/**
 * Returns true for `Identifying`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isIdentifying: (self: ShardStatus) => self is Extract<ShardStatus, { readonly _tag: "Identifying" }> =
  status.$is("Identifying")

/**
 * Returns true for `Resuming`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isResuming: (self: ShardStatus) => self is Extract<ShardStatus, { readonly _tag: "Resuming" }> = status
  .$is("Resuming")

/**
 * Returns true if the connection has a session: `Connected` or `Resuming`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isIdentified = (
  self: ShardStatus
): self is Extract<ShardStatus, { readonly _tag: "Connected" | "Resuming" }> => isConnected(self) || isResuming(self)
