/** The `Retry-After` header of an HTTP response. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

export interface Headers {
  readonly date?: string | undefined
  readonly "retry-after"?: string | undefined
}

// `Date.parse` also accepts other texts, such as "-1".
const date = /^[A-Z][a-z]+,? .*\d\d:\d\d:\d\d/

const parseDate = (text: string): Option.Option<number> =>
  Option.filter(Option.some(date.test(text) ? Date.parse(text) : NaN), (time) => !Number.isNaN(time))

const seconds = /^\d+(\.\d+)?$/

/**
 * Reads seconds or an HTTP date. A date is compared with the server's own, or with `now` without one: the clocks of the two
 * may differ.
 *
 * @param now wall time in milliseconds
 */
export const parse = (headers: Headers, now: number): Option.Option<Duration.Duration> => {
  const value = headers["retry-after"]?.trim() ?? ""
  if (seconds.test(value)) {
    return Option.some(Duration.seconds(Number(value)))
  }
  return Option.map(parseDate(value), (until) => {
    const sent = Option.getOrElse(parseDate(headers.date ?? ""), () => now)
    return Duration.millis(Math.max(0, until - sent))
  })
}
