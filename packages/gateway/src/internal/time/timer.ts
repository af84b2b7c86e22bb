/** Timers of plain code, kept by the scheduler of heartbeats: no fiber waits for them. */
import type * as Heart from "../../Heart.js"

/** Calls a function once after a time, in milliseconds. Returns what cancels it. */
export type Timer = (millis: number, call: () => void) => () => void

export const make = (heart: Heart.Heart, onDefect: (cause: unknown) => void): Timer => (millis, call) =>
  heart.unsafeJoin({
    onDue: () => {
      call()
      return undefined
    },
    onDefect
  }, { after: millis, slack: 0 })
