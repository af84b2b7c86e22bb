/** Delayed calls without a fiber, by the heartbeat scheduler. */
import type { TimerScheduler } from "./timerScheduler.js"

/** Calls a function once after a time in milliseconds. Returns a function that cancels the call. */
export type After = (millis: number, call: () => void) => () => void

/** Makes delayed calls on a scheduler. `onDefect` receives the defect of a call. */
export const make = (scheduler: TimerScheduler, onDefect: (cause: unknown) => void): After => (millis, call) =>
  scheduler.unsafeSchedule({
    onDue: () => {
      call()
      return undefined
    },
    onDefect
  }, { after: millis, slack: 0 })
