/** The time that a phase of a connection is given: one at a time, and no fiber waits for it. */
import * as Duration from "effect/Duration"
import * as Function from "effect/Function"
import type * as Heart from "../Heart.js"
import * as Lag from "./lag.js"

export interface Phase {
  readonly duration: Duration.Duration
  /** It is over: whether what happened meanwhile gives it the same time again. */
  readonly isExcused: () => boolean
  readonly onExpired: () => void
  /** One of the two has thrown. */
  readonly onDefect: (cause: unknown) => void
}

export interface Deadline {
  /** Gives a phase its time, counted from now, in place of the phase before. */
  readonly unsafeStart: (phase: Phase) => void
  readonly unsafeStop: () => void
}

const exactly = (duration: Duration.Duration): Heart.Due => ({ after: Duration.toMillis(duration), slack: 0 })

const memberOf = ({ duration, isExcused, onDefect, onExpired }: Phase): Heart.Member => ({
  onDue: (late) => {
    // The process could not see what happened.
    if (late >= Lag.toleranceMillis) {
      return exactly(Lag.grace)
    }
    if (isExcused()) {
      return exactly(duration)
    }
    onExpired()
    return undefined
  },
  onDefect
})

export const make = (heart: Heart.Heart): Deadline => {
  let stop: () => void = Function.constVoid
  return {
    unsafeStart: (phase) => {
      stop()
      stop = heart.unsafeJoin(memberOf(phase), exactly(phase.duration))
    },
    unsafeStop: () => stop()
  }
}
