/** When a connection beats, and when it counts as dead: decisions, which somebody else carries out. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Lag from "./lag.js"

/** What to do once the time has come. */
export type Step = Data.TaggedEnum<{
  /** Send a heartbeat. The next step is due after the interval. */
  Beat: {}
  /** The answer may not have been read yet. Look again after `answerStep`, for so many more milliseconds at most. */
  Look: { readonly patience: number }
  /** The connection is dead. */
  GiveUp: {}
}>

export const Step = Data.taggedEnum<Step>()

/** What is known when it has come. */
export interface Seen {
  /** By how many milliseconds the process itself was late. */
  readonly late: number
  /** The gateway has acknowledged a heartbeat since the last step. */
  readonly isAcknowledged: boolean
  /** Reading was held up at some time since the last step, so that an answer could not be seen. */
  readonly wasPaused: boolean
  /** The last heartbeat is not even written. */
  readonly isWriting: boolean
}

const maxAnswerStep = 500

/** How often an answer is looked for once the process is known to have been late; not less often than it beats. */
export const answerStep = (interval: number): number => Math.min(interval, maxAnswerStep)

const maxSlack = 1_000

/**
 * How much earlier than its interval a connection may beat, to do so with others. Discord minds heartbeats that stay
 * away, and counts each among 120 messages a minute: this much sooner never makes one more of them than is reserved.
 */
export const slack = (interval: number): number => Math.min(interval / 40, maxSlack)

/**
 * A step that is due while the last heartbeat is unanswered means that the connection is dead, unless the answer could
 * not be read because the program is slow, or was blocked. So does one that could not even be written all that time.
 *
 * @param before the step before this one; none before the first heartbeat, which waits for no answer
 */
export const next = (before: Step | undefined, interval: number, seen: Seen): Step => {
  if (before === undefined || ((seen.isAcknowledged || seen.wasPaused) && !seen.isWriting)) {
    return Step.Beat()
  }
  // The process was late itself: what it has not read yet may be the answer.
  if (seen.late >= Lag.toleranceMillis) {
    return Step.Look({ patience: Duration.toMillis(Lag.grace) })
  }
  const patience = before._tag === "Look" ? before.patience - answerStep(interval) : 0
  return patience > 0 ? Step.Look({ patience }) : Step.GiveUp()
}
