/** Clocks for tests: one with a wall time that can be set, and one with late timers. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"

interface Changes {
  /** Milliseconds to add to the wall time. */
  readonly wallShift: () => number
  /** Milliseconds by which a timer is late. */
  readonly late: (millis: number) => number
}

/** A clock with differences to the clock in context. */
class ChangedClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly original: Clock.Clock
  private readonly changes: Changes
  constructor(original: Clock.Clock, changes: Changes) {
    this.original = original
    this.changes = changes
  }
  unsafeCurrentTimeMillis() {
    return this.original.unsafeCurrentTimeMillis() + this.changes.wallShift()
  }
  unsafeCurrentTimeNanos() {
    return this.original.unsafeCurrentTimeNanos()
  }
  readonly currentTimeMillis = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos = Effect.sync(() => this.unsafeCurrentTimeNanos())
  sleep(duration: Duration.Duration) {
    return Effect.suspend(() => {
      const millis = Duration.toMillis(duration)
      return this.original.sleep(Duration.millis(millis + this.changes.late(millis)))
    })
  }
}

const withChanges = (changes: Changes) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => Effect.withClock(effect, new ChangedClock(clock, changes)))

/** Runs an effect on a clock with a wall time `shift()` milliseconds after that of the clock in context. */
export const withWallShift = (shift: () => number) => withChanges({ wallShift: shift, late: () => 0 })

/** Runs an effect on a clock with timers that are `late(millis)` milliseconds late, as in a busy process. */
export const withLateTimers = (late: (millis: number) => number) => withChanges({ wallShift: () => 0, late })

/** Advances the `TestClock`, also below a changed clock. */
export const pass = (duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    clock instanceof ChangedClock
      ? Effect.withClock(pass(duration), clock.original)
      : TestClock.adjust(duration)
  )
