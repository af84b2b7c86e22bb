/** Durations on the command line. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"

const units: Readonly<Record<string, Duration.Unit>> = {
  ms: "millis",
  s: "seconds",
  m: "minutes",
  h: "hours",
  d: "days"
}

/** Reads `500ms`, `10s`, `1.5m`, `2h`, and Effect's own form, such as `10 seconds`. */
export const parseDuration = (text: string): Either.Either<Duration.Duration, string> => {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? []
  return amount === undefined
    ? Either.left(`"${text}" is not a duration: give a number and a unit, such as 10s, 500ms or 2m`)
    : Either.mapLeft(
      // The pattern ensures a number and a word. Decoding fails if the word is not one of Effect's units.
      Either.try(() => Duration.decode(`${Number(amount)} ${units[unit] ?? unit}` as Duration.DurationInput)),
      () => `"${unit}" is not a unit of time: use ms, s, m, h or d`
    )
}
