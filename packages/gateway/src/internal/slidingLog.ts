/** When the messages of the last window were sent. Plain numbers in a ring, for it is asked before every command. */
export interface SlidingLog {
  /** A message is sent now. */
  readonly record: (now: number) => void
  /** Messages in the window that ends now. */
  readonly count: (now: number) => number
  /** Milliseconds until fewer than `max` messages are in the window; zero if that is so now. */
  readonly waitUntilBelow: (max: number, now: number) => number
}

export const make = (windowMillis: number): SlidingLog => {
  let times: Array<number> = []
  const forget = (now: number) => {
    // A place is free again exactly one window after it was taken.
    const firstKept = times.findIndex((time) => time + windowMillis > now)
    if (firstKept === -1) {
      times = []
    } else if (firstKept > 0) {
      times = times.slice(firstKept)
    }
  }
  return {
    record: (now) => {
      forget(now)
      times.push(now)
    },
    count: (now) => {
      forget(now)
      return times.length
    },
    waitUntilBelow: (max, now) => {
      forget(now)
      const blocking = times[times.length - max]
      return blocking === undefined ? 0 : blocking + windowMillis - now
    }
  }
}
