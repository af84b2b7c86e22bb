/** The clock of a test, with a wall clock that can be set. Monotonic time is not affected. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface ShiftedClock {
  /** Moves the wall clock by the given milliseconds, which may be negative. */
  readonly shift: (millis: number) => void
  readonly provide: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make: Effect.Effect<ShiftedClock> = Effect.map(Effect.clock, (clock) => {
  let shifted = 0
  const millis = () => clock.unsafeCurrentTimeMillis() + shifted
  const shiftedClock: Clock.Clock = {
    ...clock,
    sleep: (duration) => clock.sleep(duration),
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: clock.currentTimeNanos
  }
  return {
    shift: (millis) => {
      shifted += millis
    },
    provide: Effect.withClock(shiftedClock)
  }
})
