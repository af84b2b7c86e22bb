/** The times of the messages in the last window, as plain numbers because it is read before every command. */
export interface SlidingLog {
  readonly record: (now: number) => void
  /** The number of messages in the window that ends at `now`. */
  readonly count: (now: number) => number
  /**
   * Milliseconds until fewer than `max` messages are in the window, rounded up so that no timer fires early; zero if
   * fewer are in it at `now`.
   */
  readonly waitUntilBelow: (max: number, now: number) => number
}

/** Makes a log for a window. Each `now` is at least the previous one. */
export const make = (windowMillis: number): SlidingLog => {
  let times: Array<number> = []
  const forget = (now: number) => {
    // A message counts for exactly one window.
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
      return blocking === undefined ? 0 : Math.ceil(blocking + windowMillis - now)
    }
  }
}
