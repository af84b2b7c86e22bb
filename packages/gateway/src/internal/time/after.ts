/** Delayed calls of plain code, made by the scheduler of heartbeats: no fiber waits for them. */
import type * as HeartbeatScheduler from "../../HeartbeatScheduler.js"

/** Calls a function once after a time, in milliseconds. Returns what cancels it. */
export type After = (millis: number, call: () => void) => () => void

export const make =
  (scheduler: HeartbeatScheduler.HeartbeatScheduler, onDefect: (cause: unknown) => void): After => (millis, call) =>
    scheduler.unsafeSchedule({
      onDue: () => {
        call()
        return undefined
      },
      onDefect
    }, { after: millis, slack: 0 })
