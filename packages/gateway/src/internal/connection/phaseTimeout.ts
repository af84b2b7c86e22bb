/** The deadline of a phase of a connection. There is one phase at a time, and no fiber waits for its end. */
import * as Duration from "effect/Duration"
import * as Function from "effect/Function"
import type * as HeartbeatScheduler from "../../HeartbeatScheduler.js"
import { EventLoopLag } from "../time/index.js"

export interface Phase {
  readonly duration: Duration.Duration
  /** Reading is paused on purpose. The phase has its time again, without a limit. */
  readonly isPaused: () => boolean
  /** The peer has made progress since this was last asked. The phase has its time again, `maxExtensions` times. */
  readonly hasProgressed: () => boolean
  /** Calls back once everything that has arrived is read; none where the platform cannot say. */
  readonly onPolled: ((onPolled: () => void) => void) | undefined
  readonly onExpired: () => void
  /** One of these functions has thrown. */
  readonly onDefect: (cause: unknown) => void
}

export interface Deadline {
  /** Starts the time of a phase, in place of the phase before. */
  readonly unsafeStart: (phase: Phase) => void
  readonly unsafeStop: () => void
}

/** A phase takes ten times its duration at most, plus the time for reading after lag. */
export const maxExtensions = 9

const pollMillis = 50

const graceMillis = Duration.toMillis(EventLoopLag.grace)

/** Decides at each time that the phase is due. Lag gives a phase `EventLoopLag.grace` once for each of its durations. */
const timerOf = (phase: Phase): HeartbeatScheduler.Timer => {
  let extensions = 0
  let isLooking = false
  let isRead = true

  const again = (): HeartbeatScheduler.Delay => {
    isLooking = false
    return { after: Duration.toMillis(phase.duration), slack: 0 }
  }

  const look = (after: number): HeartbeatScheduler.Delay => {
    isLooking = true
    isRead = phase.onPolled === undefined
    phase.onPolled?.(() => {
      isRead = true
    })
    return { after, slack: 0 }
  }

  return {
    onDue: (late) => {
      if (phase.isPaused()) {
        return again()
      }
      if (!isLooking && late >= EventLoopLag.toleranceMillis) {
        return look(graceMillis)
      }
      if ((!isLooking && phase.onPolled !== undefined) || !isRead) {
        return look(pollMillis)
      }
      if (extensions < maxExtensions && phase.hasProgressed()) {
        extensions++
        return again()
      }
      phase.onExpired()
      return undefined
    },
    onDefect: phase.onDefect
  }
}

export const make = (scheduler: HeartbeatScheduler.HeartbeatScheduler): Deadline => {
  let stop: () => void = Function.constVoid
  return {
    unsafeStart: (phase) => {
      stop()
      stop = scheduler.unsafeSchedule(timerOf(phase), { after: Duration.toMillis(phase.duration), slack: 0 })
    },
    unsafeStop: () => stop()
  }
}
