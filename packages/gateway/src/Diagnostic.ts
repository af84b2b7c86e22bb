/**
 * What a shard noticed and survived. Each is logged once, and can be watched through `Shard.diagnostics`.
 *
 * @since 0.1.0
 */
import type * as EventType from "@vesper/model/EventType"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as SessionStore from "./SessionStore.js"
import type * as ShardError from "./ShardError.js"

/**
 * - `Failure`: an error that the shard recovers from.
 * - `Duplicate`: an event came a second time, and was dropped.
 * - `Gap`: events between two sequence numbers never came.
 * - `UnknownOpcode`: a message of a kind that this version does not know was ignored.
 * - `UnsafeResumeUrl`: the gateway named a resume URL that is not as safe as the gateway URL; it is not used.
 * - `Zombie`: a heartbeat was not acknowledged, the connection counts as dead.
 * - `Reconnecting`: the connection has ended; what the shard does next.
 * - `HandlerFailed`: a handler of the program's failed or died; the event counts as handled.
 * - `Paused`: the program is slower than the gateway, the buffer is full and reading has stopped.
 * - `SessionRefused`: the session of an earlier process cannot serve this shard, which identifies instead.
 * - `SessionDiffers`: the session of an earlier process is resumed although it was identified with other values.
 * - `SessionStoreFailed`: the session store failed. Said once, until it has worked again.
 * - `Lagged`: the process was blocked or stopped for at least this long when a heartbeat was due. The gateway is not
 *   blamed for what could not be read meanwhile; but it may close the connection for a heartbeat that came too late.
 * - `Dropped`: a subscriber is slower than the gateway and chose to lose events; told for the 1st, 2nd, 4th, 8th … one.
 *
 * @since 0.1.0
 * @category models
 */
export type Diagnostic = Data.TaggedEnum<{
  Failure: { readonly error: ShardError.RecoverableError }
  Duplicate: { readonly sequence: number }
  Gap: { readonly after: number; readonly before: number }
  UnknownOpcode: { readonly opcode: number }
  UnsafeResumeUrl: { readonly url: string }
  Zombie: {}
  Reconnecting: {
    readonly reason: string
    readonly next: "resume" | "identify"
    readonly after: Duration.Duration
    readonly attempt: number
  }
  HandlerFailed: {
    readonly event: EventType.EventType
    readonly sequence: number
    readonly cause: Cause.Cause<unknown>
  }
  Paused: { readonly buffered: number }
  SessionRefused: { readonly reasons: ReadonlyArray<string> }
  SessionDiffers: { readonly differences: ReadonlyArray<string> }
  SessionStoreFailed: { readonly error: SessionStore.SessionStoreError }
  Lagged: { readonly blockedFor: Duration.Duration }
  Dropped: { readonly eventType: string; readonly total: number }
}>

const diagnostic = Data.taggedEnum<Diagnostic>()

/**
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  Dropped,
  /** @since 0.1.0 */
  Duplicate,
  /** @since 0.1.0 */
  Failure,
  /** @since 0.1.0 */
  Gap,
  /** @since 0.1.0 */
  HandlerFailed,
  /** @since 0.1.0 */
  Lagged,
  /** @since 0.1.0 */
  Paused,
  /** @since 0.1.0 */
  Reconnecting,
  /** @since 0.1.0 */
  SessionDiffers,
  /** @since 0.1.0 */
  SessionRefused,
  /** @since 0.1.0 */
  SessionStoreFailed,
  /** @since 0.1.0 */
  UnknownOpcode,
  /** @since 0.1.0 */
  UnsafeResumeUrl,
  /** @since 0.1.0 */
  Zombie
} = diagnostic

/**
 * Handles each kind of diagnostic by its tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const match = diagnostic.$match
