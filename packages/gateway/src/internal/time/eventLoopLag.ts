/**
 * Event-loop lag: how late a timer is called because the process was blocked or stopped. After such a time, timers run
 * before the sockets are read, so the silence of a connection proves nothing yet.
 */
import * as Duration from "effect/Duration"

/** Lag of at least so many milliseconds means that data may have arrived which has not been read. */
export const toleranceMillis = 50

/** Lag of at least so many milliseconds is reported. */
export const noticeableMillis = 1_000

/** The time to read what arrived while the process was blocked. */
export const grace = Duration.seconds(5)
