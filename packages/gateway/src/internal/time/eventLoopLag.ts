/**
 * Event-loop lag: the delay of a timer because the process was blocked or stopped. After that, timers run before the
 * sockets are read, so an acknowledgement may have arrived unread.
 */
import * as Duration from "effect/Duration"

/** Milliseconds of lag from which unread data may have arrived. */
export const toleranceMillis = 50

/** Milliseconds of lag from which it is reported. */
export const noticeableMillis = 1_000

/** The time to read the data that arrived while the process was blocked. */
export const grace = Duration.seconds(5)
