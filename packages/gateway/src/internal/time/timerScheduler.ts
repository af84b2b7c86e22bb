/** Timers without fibers. `heartbeat/coalescingTimers.ts` implements them. */

/** The time until a timer is due, in milliseconds. */
export interface Delay {
  /** Counted from now, or from the time at which the timer was due. */
  readonly after: number
  /** The time by which the timer may be called early, together with another one. */
  readonly slack: number
}

/** A registered timer. Both functions are synchronous. */
export interface Timer {
  /**
   * Called when the timer is due, `late` milliseconds after its time. Returns the time until it is due again, or undefined to
   * remove the timer.
   */
  readonly onDue: (late: number) => Delay | undefined
  /** Called if `onDue` throws, which removes the timer. Must not throw. */
  readonly onDefect: (cause: unknown) => void
}

export interface TimerScheduler {
  /** Registers a timer. Returns a function that removes it. */
  readonly unsafeSchedule: (timer: Timer, first: Delay) => () => void
}
