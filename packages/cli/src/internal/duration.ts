/** Durations as people write them. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"

const units: Readonly<Record<string, Duration.Unit>> = {
  ms: "millis",
  s: "seconds",
  m: "minutes",
  h: "hours",
  d: "days"
}

/** `500ms`, `10s`, `1.5m`, `2h`, or as Effect writes durations: `10 seconds`. */
export const parseDuration = (text: string): Either.Either<Duration.Duration, string> => {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? []
  return amount === undefined
    ? Either.left(`"${text}" is no duration: give a number and a unit, such as 10s, 500ms or 2m`)
    : Either.mapLeft(
      // What the pattern lets through is either a duration of Effect's, or its unit is wrong: decoding tells.
      Either.try(() => Duration.decode(`${Number(amount)} ${units[unit] ?? unit}` as Duration.DurationInput)),
      () => `"${unit}" is no unit of time: use ms, s, m, h or d`
    )
}
