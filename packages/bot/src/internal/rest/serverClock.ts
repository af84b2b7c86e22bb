/**
 * Estimates the difference between this host's monotonic time and Discord's clock. It is bounded above by each snowflake and each `Date`
 * header that is received, because neither is made after it is received. The lowest bound of the last minutes is the estimate, so a
 * replayed event with an old snowflake does not affect it, and neither does the host's wall clock.
 */
import type * as Clock from "effect/Clock"

const windowMillis = 10 * 60_000
const maxWindows = 6
const nanosPerMilli = 1e6

const monotonicMillis = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos()) / nanosPerMilli

/** The clock of Discord as this process sees it. */
export class ServerClock {
  private windowEnd = Number.NEGATIVE_INFINITY
  private current = Number.POSITIVE_INFINITY
  private previous = Number.POSITIVE_INFINITY

  /** Learns from a time of Discord's clock that was just received. */
  observe(clock: Clock.Clock, serverMillis: number): void {
    const now = monotonicMillis(clock)
    const bound = now - serverMillis
    if (now >= this.windowEnd) {
      // After an hour, drift may exceed the precision.
      this.previous = now < this.windowEnd + maxWindows * windowMillis ? this.current : Number.POSITIVE_INFINITY
      this.current = Number.POSITIVE_INFINITY
      this.windowEnd = now + windowMillis
    }
    this.current = Math.min(this.current, bound)
  }

  /** Returns the least age that an object of this time can have, in milliseconds. */
  age(clock: Clock.Clock, serverMillis: number): number {
    const offset = Math.min(this.current, this.previous)
    return Number.isFinite(offset) ? Math.max(0, monotonicMillis(clock) - offset - serverMillis) : 0
  }
}

/** The clocks of public objects. */
export const clocks = new WeakMap<object, ServerClock>()

/** Returns the clock that belongs to a public object. A test double has one of its own. */
export const getServerClock = (self: object): ServerClock => {
  const clock = clocks.get(self) ?? new ServerClock()
  clocks.set(self, clock)
  return clock
}
