/**
 * Diagnostics of a shard: sessions, and failures that it recovered from. Each is logged and published by `Shard.diagnostics`.
 * Repeated lines of one kind are throttled in the log, and the next line contains their count.
 *
 * @since 0.1.0
 */
import type * as EventType from "@vesper/model/EventType"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import type * as SessionStore from "./SessionStore.js"
import type * as ShardError from "./ShardError.js"

/**
 * - `Ready`: a new session has begun, with the name of the bot and the number of its guilds on this shard if READY contains
 *   them.
 * - `Resumed`: the session was resumed, with the number of replayed events and the time since this process lost the previous
 *   connection. `isAssumed` if RESUMED did not arrive within `ShardConfig.timeouts.resumed`, but events did.
 * - `Failure`: an error that the shard recovers from.
 * - `Duplicate`: an event was received twice, and the second was dropped.
 * - `Gap`: events between two sequence numbers did not arrive.
 * - `UnknownOpcode`: a message with an opcode that this version does not know was ignored.
 * - `EarlyEvent`: an event before HELLO or READY was dropped.
 * - `Skipped`: an event was refused twice because it is larger than a limit of this program; the session resumes after it.
 * - `UnsafeResumeUrl`: the resume URL is not a websocket URL, too long, or less safe than the gateway URL. It is not used.
 *   `url` is without credentials and query.
 * - `Zombie`: a heartbeat was not acknowledged. The connection is closed.
 * - `Reconnecting`: the connection has ended, with the next step of the shard. `isFault` unless the gateway closed the connection
 *   or requested the end.
 * - `HandlerFailed`: a handler of the program failed or died. The event counts as handled.
 * - `Paused`: the buffer is full because the program is slower than the gateway. The socket is paused.
 * - `SessionRefused`: the session of an earlier process does not fit this shard, which identifies instead.
 * - `SessionDiffers`: the session of an earlier process is resumed although it was identified with other values.
 * - `SessionStoreFailed`: the session store failed. Published once until it works again.
 * - `Lagged`: the process was blocked or stopped for at least this long when a heartbeat was due. The shard has more time to read
 *   the acknowledgement, but the gateway may close the connection because the heartbeat is late.
 * - `Dropped`: a subscriber that drops events is slower than the gateway. Published for the 1st, 2nd, 4th, 8th … dropped event.
 * - `Stalled`: a reader waits because the socket is paused for another one, which has `events` to read. Published after 5
 *   seconds, then after twice as long each time.
 * - `Abandoned`: events were dropped because their reader has left, or never read, and no other took them over.
 *
 * @since 0.1.0
 * @category models
 */
export type Diagnostic = Data.TaggedEnum<{
  Ready: { readonly name: Option.Option<string>; readonly guilds: Option.Option<number> }
  Resumed: {
    readonly replayed: number
    readonly away: Option.Option<Duration.Duration>
    readonly isAssumed: boolean
  }
  EarlyEvent: { readonly eventType: string }
  Skipped: { readonly sequence: number }
  Failure: { readonly error: ShardError.RecoverableError }
  Duplicate: { readonly sequence: number }
  Gap: { readonly after: number; readonly before: number }
  UnknownOpcode: { readonly opcode: number }
  UnsafeResumeUrl: { readonly url: string }
  Zombie: {}
  Reconnecting: {
    readonly reason: string
    readonly isFault: boolean
    readonly next: "resume" | "identify"
    readonly after: Duration.Duration
    readonly attempt: number
  }
  HandlerFailed: {
    readonly event: EventType.EventName
    readonly sequence: number
    readonly cause: Cause.Cause<unknown>
  }
  Paused: { readonly buffered: number }
  SessionRefused: { readonly reasons: ReadonlyArray<string> }
  SessionDiffers: { readonly differences: ReadonlyArray<string> }
  SessionStoreFailed: { readonly error: SessionStore.SessionStoreError }
  Lagged: { readonly blockedFor: Duration.Duration }
  Dropped: { readonly eventType: string; readonly total: number }
  Stalled: { readonly reader: string; readonly events: number; readonly waited: Duration.Duration }
  Abandoned: { readonly reader: string; readonly events: number }
}>

const diagnostic = Data.taggedEnum<Diagnostic>()

/**
 * Constructors of diagnostics.
 *
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  Abandoned,
  /** @since 0.1.0 */
  Dropped,
  /** @since 0.1.0 */
  Duplicate,
  /** @since 0.1.0 */
  EarlyEvent,
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
  Ready,
  /** @since 0.1.0 */
  Reconnecting,
  /** @since 0.1.0 */
  Resumed,
  /** @since 0.1.0 */
  SessionDiffers,
  /** @since 0.1.0 */
  SessionRefused,
  /** @since 0.1.0 */
  SessionStoreFailed,
  /** @since 0.1.0 */
  Skipped,
  /** @since 0.1.0 */
  Stalled,
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
