/** The timeout of a phase of a connection. One phase is timed at a time, by a timer of the heartbeat scheduler. */
import * as Duration from "effect/Duration"
import * as Function from "effect/Function"
import { EventLoopLag } from "../time/index.js"
import type { Delay, Timer, TimerScheduler } from "../time/index.js"

export interface TimedPhase {
  readonly duration: Duration.Duration
  /** True while reading is paused. The phase is extended then, without a limit. */
  readonly isPaused: () => boolean
  /** True if the peer has made progress since the last call. The phase is extended then, up to `maxExtensions` times. */
  readonly hasProgressed: () => boolean
  /** Calls back once everything that has arrived is read. Absent if the platform cannot know that. */
  readonly onPolled: ((onPolled: () => void) => void) | undefined
  readonly onExpired: () => void
  /** Called if one of these functions throws. */
  readonly onDefect: (cause: unknown) => void
}

export interface PhaseTimeout {
  /** Starts the timeout of a phase, in place of the previous one. */
  readonly unsafeStart: (phase: TimedPhase) => void
  readonly unsafeStop: () => void
}

/** A phase lasts at most ten times its duration, plus the time for reading after event-loop lag. */
export const maxExtensions = 9

const pollMillis = 50

const graceMillis = Duration.toMillis(EventLoopLag.grace)

/** Decides when the timer is due. Event-loop lag extends a phase by `EventLoopLag.grace`, once in each duration. */
const makeTimer = (phase: TimedPhase): Timer => {
  let extensions = 0
  let isLooking = false
  let isRead = true

  const restart = (): Delay => {
    isLooking = false
    return { after: Duration.toMillis(phase.duration), slack: 0 }
  }

  const look = (after: number): Delay => {
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
        return restart()
      }
      if (!isLooking && late >= EventLoopLag.toleranceMillis) {
        return look(graceMillis)
      }
      if ((!isLooking && phase.onPolled !== undefined) || !isRead) {
        return look(pollMillis)
      }
      if (extensions < maxExtensions && phase.hasProgressed()) {
        extensions++
        return restart()
      }
      phase.onExpired()
      return undefined
    },
    onDefect: phase.onDefect
  }
}

export const make = (scheduler: TimerScheduler): PhaseTimeout => {
  let stop: () => void = Function.constVoid
  return {
    unsafeStart: (phase) => {
      stop()
      stop = scheduler.unsafeSchedule(makeTimer(phase), { after: Duration.toMillis(phase.duration), slack: 0 })
    },
    unsafeStop: () => stop()
  }
}
