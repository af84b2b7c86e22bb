/**
 * Monotonic time, in milliseconds since an arbitrary origin. It measures limits, deadlines, back-offs and windows, because
 * the wall clock can be set back or forward while a process runs. Wall time is stored or shown.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const nanosPerMilli = 1e6

/** Reads the clock from synchronous code. */
export const unsafeMillis = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos()) / nanosPerMilli

/** Milliseconds of monotonic time, with a fraction. */
export const currentMillis: Effect.Effect<number> = Effect.clockWith((clock) => Effect.sync(() => unsafeMillis(clock)))
