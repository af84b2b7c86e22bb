/** What the subcommands have in common on the command line. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Terminal from "@effect/platform/Terminal"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as Watch from "../Watch.js"

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

/** Makes a reading that can fail part of an option. */
export const parsed = <A, B>(
  option: Options.Options<A>,
  read: (value: A) => Either.Either<B, string>
): Options.Options<B> =>
  Options.mapEffect(
    option,
    (value) => Either.mapLeft(read(value), (problem) => ValidationError.invalidValue(HelpDoc.p(problem)))
  )

export const duration: Options.Options<Option.Option<Duration.Duration>> = Options.text("duration").pipe(
  (option) => parsed(option, parseDuration),
  Options.withDescription("How long to run, such as 10s or 2m. Without it, until Ctrl-C."),
  Options.optional
)

export const json: Options.Options<boolean> = Options.boolean("json").pipe(
  Options.withDescription("One event a line, as JSON; notices and the summary go to the error output.")
)

/** A screen needs a terminal; anything else gets lines. */
export const modeOf = (isJson: boolean): Effect.Effect<Watch.Mode, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    return isJson ? "json" : (yield* terminal.isTTY) ? "live" : "plain"
  })
