/** Decides when a connection sends a heartbeat and when it is dead. Pure; `heartbeats.ts` carries the decisions out. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import { EventLoopLag } from "../time/index.js"

/** The decision for a timer that is due. */
export type Step = Data.TaggedEnum<{
  /** Send a heartbeat. The next step is due after the interval. */
  Send: {}
  /** The limit of messages is reached. A heartbeat is due after `hold` milliseconds. */
  Hold: { readonly hold: number }
  /** The acknowledgement may not have been read yet. Look again after `lookAfter`, while there is patience. */
  Look: { readonly patience: number }
  /** The connection is dead. */
  Close: {}
}>

export const Step = Data.taggedEnum<Step>()

/** The observations at a step. */
export interface Seen {
  /** Event-loop lag, in milliseconds. */
  readonly late: number
  /** Milliseconds of monotonic time since the step before. */
  readonly elapsed: number
  /** The gateway has acknowledged a heartbeat since the step before. */
  readonly isAcknowledged: boolean
  /** Reading is paused, so that an acknowledgement cannot be seen. */
  readonly isPaused: boolean
  /** Reading was paused at some time since the step before. */
  readonly wasPaused: boolean
  /** The last heartbeat is not even written. */
  readonly isWriting: boolean
  /**
   * Everything that had arrived when the step before was decided has been read. Always true where the platform cannot
   * say.
   */
  readonly isRead: boolean
  /** Milliseconds until the limit of messages permits a heartbeat. */
  readonly hold: number
}

const maxLookInterval = 500

/** The time between two looks for an acknowledgement, at most the heartbeat interval. */
export const lookInterval = (interval: number): number => Math.min(interval, maxLookInterval)

/** The time in which sockets are polled, unless the process is blocked. */
const pollMillis = 50

/** The time from a `Look` to the next. Without patience it only waits until the sockets are polled. */
export const lookAfter = (patience: number, interval: number): number =>
  patience > 0 ? lookInterval(interval) : pollMillis

const graceMillis = Duration.toMillis(EventLoopLag.grace)

/** One look costs no more than this part of the patience, however late it is, so that there are at least two. */
const maxLookCost = graceMillis / 2

const maxSlack = 1_000

/**
 * How much earlier than its interval a heartbeat may be sent together with others. Discord minds heartbeats that are late,
 * and counts each among 120 messages a minute: this slack never makes one more of them than is reserved.
 */
export const slack = (interval: number): number => Math.min(interval / 40, maxSlack)

const minInterval = 100
const maxInterval = Duration.toMillis(Duration.hours(1))

/** Whether a gateway may ask for this heartbeat interval. */
export const isPermitted = (interval: number): boolean => interval >= minInterval && interval <= maxInterval

/** The error text for an interval that is not permitted. */
export const notPermitted = (interval: number): string =>
  `its heartbeat interval of ${interval} ms is not between ${minInterval} ms and 1 hour`

const look = ({ patience }: { readonly patience: number }, interval: number, seen: Seen): Step => {
  if (seen.wasPaused && !seen.isWriting) {
    return Step.Look({ patience })
  }
  const cost = Math.min(Math.max(seen.elapsed, lookInterval(interval)), maxLookCost)
  const left = Math.max(0, patience - cost)
  return left > 0 || !seen.isRead ? Step.Look({ patience: left }) : Step.Close()
}

/**
 * A heartbeat that is not acknowledged when the next is due means that the connection is dead, and so does one that could
 * not be written in that time. A connection that is paused is exempt. A process that was blocked, or has just read on,
 * gets `EventLoopLag.grace` once in total to read what arrived; being late again does not renew it.
 *
 * @param before the step before this one; none before the first heartbeat, which follows no other
 */
export const next = (before: Step | undefined, interval: number, seen: Seen): Step => {
  const isAwaited = before !== undefined && before._tag !== "Hold"
  if (!isAwaited || ((seen.isAcknowledged || seen.isPaused) && !seen.isWriting)) {
    return seen.hold > 0 ? Step.Hold({ hold: seen.hold }) : Step.Send()
  }
  if (before._tag === "Look") {
    return look(before, interval, seen)
  }
  if (seen.late >= EventLoopLag.toleranceMillis || (seen.wasPaused && !seen.isWriting)) {
    return Step.Look({ patience: graceMillis })
  }
  return seen.isRead ? Step.Close() : Step.Look({ patience: 0 })
}
