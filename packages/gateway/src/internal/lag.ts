/**
 * Waiting that sees whether the process itself was late. After the event loop was blocked, or the whole process was
 * stopped, timers run before what has come over the network meanwhile is read: silence proves nothing then.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** Later than a timer of a healthy process ever is: what should have been read by now may not have been. */
export const toleranceMillis = 50

/** From here on it is worth telling. */
export const noticeableMillis = 1_000

/** What the network is given to bring what came meanwhile. */
export const grace = Duration.seconds(5)

/**
 * Sleeps; how many milliseconds too late it woke up. A wall clock that is set forward looks the same, and costs no more
 * than some patience.
 */
export const sleep = (duration: Duration.Duration): Effect.Effect<number> =>
  Effect.flatMap(Clock.currentTimeMillis, (before) =>
    Effect.zipRight(
      Effect.sleep(duration),
      Effect.map(Clock.currentTimeMillis, (after) => Math.max(0, after - before - Duration.toMillis(duration)))
    ))
