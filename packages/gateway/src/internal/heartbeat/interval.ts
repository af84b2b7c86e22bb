/** The heartbeat intervals of a hello that are permitted, in milliseconds. */
import * as Duration from "effect/Duration"

const minInterval = 100
const maxInterval = Duration.toMillis(Duration.hours(1))

/** Describes the problem of an interval that is not permitted; undefined for any other. */
export const describeProblem = (interval: number): string | undefined =>
  interval >= minInterval && interval <= maxInterval
    ? undefined
    : `its heartbeat interval of ${interval} ms is not between ${minInterval} ms and 1 hour`
