/** Decides when a connection sends a heartbeat and when it is dead. Pure; `sender.ts` carries the decisions out. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import { EventLoopLag } from "../time/index.js"

/** The decision for a timer that is due. */
export type HeartbeatStep = Data.TaggedEnum<{
  /** Send a heartbeat. The next step is due after the interval. */
  Send: {}
  /** The limit of messages is reached. A heartbeat is due after `delay` milliseconds. */
  Delay: { readonly delay: number }
  /** The acknowledgement may not have been read yet. Checks for it again until the grace period ends. */
  AwaitAck: { readonly graceMillis: number }
  /** The connection is dead. */
  Close: {}
}>

export const HeartbeatStep = Data.taggedEnum<HeartbeatStep>()

/** The observations at a step. */
export interface Observation {
  /** Event-loop lag, in milliseconds. */
  readonly late: number
  /** Milliseconds of monotonic time since the previous step. */
  readonly elapsed: number
  /** The gateway has acknowledged a heartbeat since the previous step. */
  readonly isAcknowledged: boolean
  /** Reading is paused, so that an acknowledgement cannot be seen. */
  readonly isPaused: boolean
  /** Reading was paused at some time since the previous step. */
  readonly wasPaused: boolean
  /** The last heartbeat is not written yet. */
  readonly isWriting: boolean
  /**
   * Everything that had arrived at the previous step has been read. Always true if the platform cannot know that.
   */
  readonly isRead: boolean
  /** Milliseconds until the limit of messages permits a heartbeat. */
  readonly delay: number
}

const maxCheckInterval = 500

/** The time between two checks for an acknowledgement: half a second, or the heartbeat interval if it is shorter. */
export const checkInterval = (interval: number): number => Math.min(interval, maxCheckInterval)

/** The time in which sockets are polled, unless the process is blocked. */
const pollMillis = 50

/** The time from an `AwaitAck` to the next step. Without a grace period it only lasts until the sockets are polled. */
export const nextCheckAfter = (graceMillis: number, interval: number): number =>
  graceMillis > 0 ? checkInterval(interval) : pollMillis

const fullGraceMillis = Duration.toMillis(EventLoopLag.grace)

/** A late check uses at most this part of the grace period, so that at least two checks are made. */
const maxCheckCost = fullGraceMillis / 2

const maxSlack = 1_000

/**
 * The time by which a heartbeat may be sent early, together with others. Discord counts heartbeats among the 120 messages a
 * minute, so the slack is too small to add one beyond those that are reserved.
 */
export const slack = (interval: number): number => Math.min(interval / 40, maxSlack)

/** The time from HELLO to the first heartbeat. `jitter` is random, from 0 to 1, so that shards do not send theirs at once. */
export const firstDelay = (interval: number, jitter: number): number => interval * jitter

const checkAgain = (graceMillis: number, interval: number, seen: Observation): HeartbeatStep => {
  if (seen.wasPaused && !seen.isWriting) {
    return HeartbeatStep.AwaitAck({ graceMillis })
  }
  const cost = Math.min(Math.max(seen.elapsed, checkInterval(interval)), maxCheckCost)
  const remaining = Math.max(0, graceMillis - cost)
  return remaining > 0 || !seen.isRead ? HeartbeatStep.AwaitAck({ graceMillis: remaining }) : HeartbeatStep.Close()
}

/**
 * Decides the next step. A connection is dead if the last heartbeat is not acknowledged, or not even written, when the next
 * one is due. A paused connection is exempt. A process that was blocked, or has just resumed reading, has
 * `EventLoopLag.grace` once in total to read the data that arrived; further lag does not renew it.
 *
 * @param before the previous step; undefined before the first heartbeat
 */
export const next = (before: HeartbeatStep | undefined, interval: number, seen: Observation): HeartbeatStep => {
  const isAwaited = before !== undefined && before._tag !== "Delay"
  if (!isAwaited || ((seen.isAcknowledged || seen.isPaused) && !seen.isWriting)) {
    return seen.delay > 0 ? HeartbeatStep.Delay({ delay: seen.delay }) : HeartbeatStep.Send()
  }
  if (before._tag === "AwaitAck") {
    return checkAgain(before.graceMillis, interval, seen)
  }
  if (seen.late >= EventLoopLag.toleranceMillis || (seen.wasPaused && !seen.isWriting)) {
    return HeartbeatStep.AwaitAck({ graceMillis: fullGraceMillis })
  }
  return seen.isRead ? HeartbeatStep.Close() : HeartbeatStep.AwaitAck({ graceMillis: 0 })
}
