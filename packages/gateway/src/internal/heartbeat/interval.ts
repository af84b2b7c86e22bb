/** The heartbeat intervals of a hello that are permitted, in milliseconds. */
import * as Duration from "effect/Duration"

const minInterval = 100
const maxInterval = Duration.toMillis(Duration.hours(1))

/** Returns whether a gateway may ask for this heartbeat interval. */
export const isPermitted = (interval: number): boolean => interval >= minInterval && interval <= maxInterval

/** The error text for an interval that is not permitted. */
export const notPermitted = (interval: number): string =>
  `its heartbeat interval of ${interval} ms is not between ${minInterval} ms and 1 hour`
